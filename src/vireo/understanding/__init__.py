"""Video content understanding: a vector, a topic and a record in words per video."""

from vireo.understanding.base import Understanding, UnderstandingSection, VideoRecord

__all__ = ["Understanding", "UnderstandingSection", "VideoRecord"]
