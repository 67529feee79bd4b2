"""Faults that are real: processes killed at any moment, files that cannot be written, bytes that change."""
