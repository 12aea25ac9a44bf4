"""The service: REST under /v1, pages for viewers and the owner, over one workspace."""
