"""What all fronts show: a timeline for each conversation."""
