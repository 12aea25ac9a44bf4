"""Serving: answers list requests from the published build plus live events."""
