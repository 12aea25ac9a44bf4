"""Pages for viewers and the owner: rendered here, no build step, nothing from other hosts."""
