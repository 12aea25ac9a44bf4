"""Sounds -> vectors: the statistics that were taken in reading, or a small network."""
