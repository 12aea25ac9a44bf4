"""Indexes: the nearest of many vectors, by inner product; exact, or measured where approximate."""
