"""What a node type is: base classes, ports and parameters, the registry."""
