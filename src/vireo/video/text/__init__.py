"""Words of a video: subtitles beside the file or inside it."""
