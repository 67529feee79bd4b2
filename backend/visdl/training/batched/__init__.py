"""Several seeds of one network, trained as a batch."""
