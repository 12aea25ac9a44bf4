"""Sequence experts: next-item prediction by a causal transformer over positive interactions."""
