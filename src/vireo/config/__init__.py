"""Config: all settings of a workspace, presets, and the server's section."""

from vireo.config.config import Config, as_toml

__all__ = ["Config", "as_toml"]
