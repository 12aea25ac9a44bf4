"""Text of a video: subtitles, speech recognition (ASR) and screen text (OCR)."""
