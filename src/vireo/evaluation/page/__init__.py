"""Pages of reports: a self-contained HTML page with figures, and Markdown."""
