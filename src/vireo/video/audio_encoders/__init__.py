"""Audio encoders: audio track -> vector."""
