"""Ways to leave, all of them in order: 0, no directory, no ring."""

import signal
from pathlib import Path

import pexpect
import pytest


def test_ctrl_d_in_mid_line_deletes_forward_as_in_shells(terminal):
    terminal.type("nnop -> kept\x01", enter="")  # Ctrl-A
    terminal.until(lambda: terminal.screen.cursor.x == len("r0> "), "the cursor is at the start")
    terminal.child.sendeof()
    terminal.see_prompt("r0> nop -> kept")
    terminal.type("\x05", enter="")  # Ctrl-E
    terminal.child.sendeof()  # nothing to delete, and nothing to leave
    terminal.type("")
    terminal.see("kept: NOP staged in slot 0")
    assert terminal.end() == 0


def test_with_requests_in_flight_nothing_is_left(terminal):
    terminal.type("pipe rd wr; read rd 5; submit; openat x open_flags=rdwr|creat -> o; submit")
    terminal.see("kernel  CQE slot 0: o")
    assert terminal.end() == 0


@pytest.mark.parametrize("waits", [False, True])
def test_a_terminal_that_goes_away_in_mid_line_leaves_in_order(terminal, waits):
    terminal.type("pipe rd wr; read rd 5; submit")
    terminal.see("the kernel took 1")
    if waits:
        terminal.type("wait 1")
        terminal.see_it_wait()
    terminal.type("nop -> never", enter="")
    terminal.see_prompt("r0> nop -> never")
    pid = terminal.child.pid
    # The end of input, and SIGHUP, as when a window is closed.
    terminal.child.ptyproc.fileobj.close()
    terminal.child.ptyproc.closed = True
    assert terminal.child.ptyproc.wait() == 0
    terminal.child.closed = True
    assert not Path(f"/proc/{pid}").exists()
    assert list((terminal.home / "tmp").iterdir()) == []


def test_a_hang_up_is_an_end_of_input_and_the_terminal_is_given_back_as_it_was(terminal):
    terminal.type("nop -> never", enter="")
    terminal.see_prompt("r0> nop -> never")
    terminal.child.kill(signal.SIGHUP)
    assert terminal.ended() == 0
    assert "never: NOP" not in terminal.raw
    # Bracketed paste: off again.
    assert terminal.raw.rindex("\x1b[?2004l") > terminal.raw.rindex("\x1b[?2004h")


def test_sigterm_ends_it_in_order(terminal):
    terminal.type("pipe rd wr; read rd 5; submit; wait 1")
    terminal.see_it_wait()
    terminal.child.kill(signal.SIGTERM)
    terminal.child.expect(pexpect.EOF)
    terminal.child.close()
    assert terminal.child.exitstatus == 128 + signal.SIGTERM
    assert list((terminal.home / "tmp").iterdir()) == []
