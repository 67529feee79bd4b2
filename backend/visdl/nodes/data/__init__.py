"""Nodes that bring data."""
