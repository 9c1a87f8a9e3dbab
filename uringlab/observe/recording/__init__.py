"""What happened, kept: recordings that can be walked back, and the live session's own past.

A `Recorder` writes, a `Recording` reads; between them lies a `Store` (a file, or memory that
nobody else sees). The format is told in docs/recording-format.md.
"""
