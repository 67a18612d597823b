"""One file for each specification, in wire lines; docs/specifications.md has them all."""
