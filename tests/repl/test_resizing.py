"""The terminal changes its size: what is drawn fits again."""


def fits(terminal, text):
    """The prompt's line, then the toolbar, and nothing after it."""
    rows = [line.rstrip() for line in terminal.screen.display]
    at = terminal.screen.cursor.y
    return rows[at] == text and "sq 1/8" in rows[at + 1] and not any(rows[at + 2 :])


def test_while_typing(terminal):
    terminal.type("nop")
    terminal.see("staged in slot 0")
    terminal.type("nop -> half", enter="")
    terminal.see_prompt("r0> nop -> half")
    for rows, columns in ((20, 40), (12, 30), (50, 110)):
        terminal.resize(rows, columns)
        terminal.until(lambda: fits(terminal, "r0> nop -> half"), f"{columns} columns are used")
    terminal.type("way")
    terminal.see("halfway: NOP staged in slot 1")
    assert terminal.end() == 0


def test_while_a_line_waits(terminal):
    terminal.type("pipe rd wr; read rd 5; submit; nop; wait 1")
    terminal.see_it_wait()
    for rows, columns in ((20, 40), (40, 100)):
        terminal.resize(rows, columns)
        terminal.until(
            lambda: fits(terminal, "r0>") and "⧗ io_uring_enter waits" in terminal.text(),
            f"{columns} columns are used",
        )
    terminal.child.sendintr()
    terminal.see("gave up waiting")
    assert terminal.end() == 0
