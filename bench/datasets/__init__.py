"""The data sets of the bench: each file reads one from the folder of the data."""
