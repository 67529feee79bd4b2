"""Schedulers of the learning rate."""
