"""From a graph to a module: flattened, walked, its shapes inferred, built."""
