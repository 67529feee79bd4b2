"""Starter networks as graph files, and the gallery that opens them."""
