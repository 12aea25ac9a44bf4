"""What may be kept of a viewer, and how a viewer is forgotten."""
