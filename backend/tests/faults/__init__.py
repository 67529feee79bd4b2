"""Real faults: processes killed at any moment, files that cannot be written, changed bytes."""
