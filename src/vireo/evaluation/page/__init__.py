"""How a report looks: one self-contained HTML page with drawn figures, and Markdown."""
