"""Rules: eligibility and reranking, one file each, applied in the config's order."""
