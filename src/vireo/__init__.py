"""Vireo: from video files and behaviour to explained, personal lists of videos."""
