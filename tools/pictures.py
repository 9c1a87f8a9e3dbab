"""Make the pictures of the README from the running program: `make pictures`."""

import asyncio
import os
import re
import sys
import tempfile
from pathlib import Path

from uringlab.tui.app import LabApp

OUT = Path(__file__).parent.parent / "docs" / "pictures"
SCENES: dict[str, tuple[tuple[int, int], list[str]]] = {
    "lab": (
        (132, 36),
        [
            'file f notes.txt text="hello"',
            "buf b 64",
            "do read f 64 buf=b -> r1",
            "do read 999 4 -> r2",
            "pipe rd wr",
            "read rd 5 -> r3",
            "submit",
            "nop -> r4",
            "publish",
            'write f "HELLO" -> r5',
        ],
    ),
    "lesson": ((132, 40), ["learn 4", "repeat 8 nop", "enter 8"]),
}


def tidy(svg: str) -> str:
    """Use the reader's own monospace font: a picture should fetch nothing."""
    svg = re.sub(r"@font-face \{.*?\}", "", svg, flags=re.DOTALL)
    svg = re.sub(r"font-family: [^;]*Fira[^;]*;", "font-family: monospace;", svg)
    return re.sub(r"[ \t]+$", "", svg, flags=re.MULTILINE)


async def take(name: str, size: tuple[int, int], lines: list[str]) -> None:
    """Drive the program through a scene and save what it shows."""
    app = LabApp()
    async with app.run_test(size=size) as pilot:
        for line in lines:
            app.run_line(line)
            while app.line_is_running:
                await pilot.pause(0.02)
        await pilot.pause(1.2)
        OUT.mkdir(parents=True, exist_ok=True)
        (OUT / f"{name}.svg").write_text(tidy(app.export_screenshot(title="uringlab")))
        print(f"docs/pictures/{name}.svg")


def main() -> int:
    """Every scene, or those named."""
    with tempfile.TemporaryDirectory() as state:
        os.environ["XDG_STATE_HOME"] = state  # nobody's progress shows
        for name in sys.argv[1:] or SCENES:
            size, lines = SCENES[name]
            asyncio.run(take(name, size, lines))
    return 0


if __name__ == "__main__":
    sys.exit(main())
