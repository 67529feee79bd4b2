"""What stands for a block."""
