"""The node that stands for a block."""
