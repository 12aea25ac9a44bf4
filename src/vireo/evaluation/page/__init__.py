"""The look of a report: a self-contained HTML page with figures, and Markdown."""
