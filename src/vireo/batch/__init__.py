"""Batch: lists for all users at once, in resumable shards."""
