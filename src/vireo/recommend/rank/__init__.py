"""Rankers: columns of scores -> one total, and the order that it gives."""
