"""One file a widget. A widget draws a `View` and posts what the learner wants; no more."""
