"""Layers computed in fewer passes over memory than a model's own, with the same results: Liger's
kernels on a card, ours on a CPU."""
