"""Validated tables of videos, media files, events and comments, with rejects and reasons."""

from vireo.data.base import DataSection, Split, Tables
from vireo.registry import Registry

READERS = Registry(
    "readers",
    {
        "table": "vireo.data.readers.table:read",
        "movielens": "vireo.data.readers.movielens:read",
        "kuairand": "vireo.data.readers.kuairand:read",
        "gorse": "vireo.data.readers.gorse:read",
        "ted": "vireo.data.readers.ted:read",
    },
)

__all__ = ["READERS", "DataSection", "Split", "Tables"]
