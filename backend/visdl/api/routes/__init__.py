"""The REST calls, one file for each resource."""
