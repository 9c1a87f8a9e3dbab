"""The line REPL: the same language, one line at a time."""
