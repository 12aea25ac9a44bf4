"""The viewer in words: what they like, with the videos that show it, and what they ask for."""
