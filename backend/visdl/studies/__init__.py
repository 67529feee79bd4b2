"""Ablation studies: variants of one graph, trained with the same seeds and compared."""
