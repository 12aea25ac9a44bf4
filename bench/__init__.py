"""The bench: recommenders side by side on the same split files, `python -m bench --help`."""
