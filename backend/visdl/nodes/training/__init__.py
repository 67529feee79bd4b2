"""Training and what is read from it."""
