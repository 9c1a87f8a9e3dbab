"""Measures uringlab beside C and beside the PyPI package: `make bench`."""
