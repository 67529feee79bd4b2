"""VisDL: build a neural network as a graph, train it, and learn what each part is worth."""

__version__ = "0.2.0.dev0"
