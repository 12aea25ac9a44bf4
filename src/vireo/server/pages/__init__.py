"""Pages for viewers and the owner: rendered here, without external files."""
