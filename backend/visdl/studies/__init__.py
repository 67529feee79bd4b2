"""Ablation studies: variants of one graph, trained with the same seeds, and what is concluded from them."""
