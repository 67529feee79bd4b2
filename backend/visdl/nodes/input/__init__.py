"""Entries of a network."""
