"""What goes wrong with a recording."""

from __future__ import annotations


class RecordingError(Exception):
    """A recording cannot be read or written. The message says why, and what to do."""
