"""Assembling and exporting a model."""
