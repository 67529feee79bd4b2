"""Diagnostics of a graph, and advice on its training."""
