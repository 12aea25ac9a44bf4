"""A reader, an expert and a rule for Vireo."""
