"""The colours of the REPL: Okabe and Ito's, which the colour-blind can tell apart.

No meaning by colour alone: what is unknown is underlined as well, a verb is bold, and who acted
is written out.
"""

from __future__ import annotations

from prompt_toolkit.styles import Style

STYLE = Style.from_dict(
    {
        "verb": "bold",
        "key": "italic",
        "name": "#56b4e9",
        "number": "#cc79a7",
        "string": "#009e73",
        "sign": "",
        "unknown": "#d55e00 underline",
        "comment": "#888888 italic",
        "prompt": "",
        "prompt.busy": "#888888",
        "status": "#56b4e9 bold",
        "abandoned": "#888888",
        "you": "#e69f00",
        "kernel": "#56b4e9",
        "note": "#888888",
        "lesson": "",
        "code": "bold",
        "strong": "bold",
        "stress": "italic",
        "error": "#d55e00",
        "figures": "bold",
        "hint": "",
        "hint.operand": "bold underline",
        "bottom-toolbar": "noreverse",
    }
)
