"""Colours. Okabe and Ito's palette: told apart by people who are colour-blind, too.

You are orange, the kernel is blue; good is green, bad is vermilion. Each has a glyph besides.
"""

from __future__ import annotations

from textual.theme import Theme

DARK = Theme(
    name="uringlab-dark",
    primary="#56B4E9",
    secondary="#CC79A7",
    accent="#56B4E9",
    warning="#E69F00",
    error="#FF7043",
    success="#2FBF8F",
    foreground="#E4E6EB",
    background="#10141A",
    surface="#161B22",
    panel="#1E2630",
    dark=True,
)
LIGHT = Theme(
    name="uringlab-light",
    primary="#0072B2",
    secondary="#A3477F",
    accent="#0072B2",
    warning="#9A5B00",
    error="#B83A00",
    success="#00704F",
    foreground="#1B1F24",
    background="#FBFBF8",
    surface="#F3F3EE",
    panel="#E6E6DF",
    dark=False,
)
THEMES = (DARK, LIGHT)
