"""Inputs of a network."""
