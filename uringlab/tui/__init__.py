"""The lab on the screen. Widgets draw what `observe/` and `lab/` know, and ask; nothing more."""
