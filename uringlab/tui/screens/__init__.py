"""Screens that lie over the lab."""
