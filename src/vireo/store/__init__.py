"""Database of live events, videos, users and keys: SQLite by default, PostgreSQL by URL."""

from vireo.store.base import LiveEvent, Store, StoreSection

__all__ = ["LiveEvent", "Store", "StoreSection"]
