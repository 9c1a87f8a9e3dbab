"""Whatever keys come, in whatever order, at whatever size: it goes on, and leaves in order."""

import random

TEXTS = [
    *("nop", "do nop", "read ", "rd ", "wait 1", "pipe rd wr", "submit", "reap", "expect ", "res="),
    *("flags=async|", "->", " x", ";", '"', "#", "explain ", "show sq", "ring new q", "close "),
    *("timeout 1ms", "sleep 10ms", "repeat 5 do nop", "help ", 'feed wr "hi"', "reset", "drop "),
    *("learn 1", "next", "hint", "\x1b[200~do nop\nraed\n# x\n\nwait 1\x1b[201~", "ä", "\u2028"),
]
KEYS = [
    *("\t", "\r", "\r", "\r", "\x03", "\x12", "\x15", "\x01", "\x05", "\x1b", "\x7f", "\x17"),
    *(
        "\x1b[A",
        "\x1b[B",
        "\x1b[C",
        "\x1b[D",
        "\x0c",
        "\x1bb",
        "\x1bf",
        "\x19",
        "\x07",
        "\0",
        "\x1bd",
    ),
    *("\x1b<", "\x1b>", "\x1b.", "\x0b", "\x14", "\x18\x05", "\x1b#", "\x11", "\x1bx"),
]
SIZES = [(24, 80), (10, 40), (5, 20), (2, 10), (40, 200), (1, 1)]


def test_any_keys(terminal):
    chance = random.Random(2)
    for at in range(250):
        terminal.type(chance.choice(chance.choice([TEXTS, KEYS])), enter="")
        if at % 20 == 0:
            terminal.resize(*chance.choice(SIZES))
    terminal.resize(60, 100)
    terminal.until(
        # Out of the search, what waits, the line: until there is nothing left to be ended.
        lambda: "leaves, or: quit" in terminal.text() or terminal.type("\x07\x03", enter=""),
        "nothing is left to be ended",
    )
    terminal.type("\x15reset")
    terminal.type("do nop -> last_of_all")
    terminal.see("last_of_all  res=0")
    assert terminal.end() == 0
