"""What is read and written, in statements that every engine understands."""
