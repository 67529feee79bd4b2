"""Nodes that load and arrange data."""
