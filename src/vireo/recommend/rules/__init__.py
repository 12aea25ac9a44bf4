"""Rules: what the owner wants of every list, one file each, applied in the config's order."""
