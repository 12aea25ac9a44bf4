"""Retrievers: each adds candidates and its own column of weighted, standardized scores."""
