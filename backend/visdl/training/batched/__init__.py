"""Several seeds of one network trained as one batch."""
