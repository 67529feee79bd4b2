"""From a graph to a module: expand blocks, walk, infer shapes, build."""
