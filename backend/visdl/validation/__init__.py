"""What is wrong with a graph, and advice."""
