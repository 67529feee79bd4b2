"""Architectures with known parameter counts, drawn as graphs."""
