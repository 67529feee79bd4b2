"""From a graph to a trained model. Knows nodes.base and nodes.registry, never a concrete node type."""
