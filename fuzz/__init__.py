"""Fuzzing: nonsense, and lines that nearly make sense, in bulk. See CONTRIBUTING.md.

Everything is made from the table of commands and from the lessons: a new verb is fuzzed from the
day it is there.
"""
