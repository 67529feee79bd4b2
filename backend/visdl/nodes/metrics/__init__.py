"""Metrics over an epoch."""
