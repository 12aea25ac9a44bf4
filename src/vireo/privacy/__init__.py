"""Privacy: consent, pseudonyms, export and erasure."""
