"""A sentence about taste -> what viewers of such a taste watch."""
