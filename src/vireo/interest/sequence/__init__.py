"""A transformer over what a viewer watched, in order: which video comes next."""
