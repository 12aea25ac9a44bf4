"""Explainers: facts of the model -> one sentence under each video."""
