"""The loops that are compared. Each file is a program of its own, run by path."""
