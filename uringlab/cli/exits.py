"""Exit codes. Documented in the README; tested."""

OK = 0
EXPECTATION = 1
USAGE = 2
UNAVAILABLE = 3
TIMED_OUT = 4
INTERRUPTED = 130
