"""The contract of node types: base classes, ports and parameters, the registry."""
