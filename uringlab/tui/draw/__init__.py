"""Pictures as rows of text, made from a `View`. No widget, no terminal: plain functions."""
