"""The REPL as a learner meets it: through a real pseudo-terminal, on the real ring."""

import sys
import time
from pathlib import Path

import pexpect
import pyte
import pytest

PROGRAM = str(Path(sys.executable).parent / "uringlab")
PATIENCE = 20.0
IO_URING_ENTER = "426"


class Terminal:
    """A REPL in a pseudo-terminal, and its screen: so tall that nothing scrolls away."""

    def __init__(self, home, *arguments):
        size = (400, 120)
        self.child = pexpect.spawn(
            PROGRAM,
            ["repl", *arguments],
            env={
                "PATH": "/usr/bin:/bin",
                "TERM": "xterm-256color",
                "HOME": str(home),
                "XDG_STATE_HOME": str(home),
            },
            encoding="utf-8",
            dimensions=size,
        )
        self.screen = pyte.Screen(size[1], size[0])
        # A terminal answers when it is asked where the cursor is; the prompt asks.
        self.screen.write_process_input = self.child.send
        self.stream = pyte.Stream(self.screen)

    def type(self, text, enter="\r"):
        self.child.send(text + enter)

    def text(self):
        return "\n".join(line.rstrip() for line in self.screen.display if line.strip())

    def see(self, text):
        """Wait until something is on the screen."""
        deadline = time.monotonic() + PATIENCE
        while text not in self.text():
            if time.monotonic() > deadline:
                pytest.fail(f"never seen: {text!r} on\n{self.text()}")
            try:
                self.stream.feed(self.child.read_nonblocking(65536, timeout=0.1))
            except pexpect.TIMEOUT:
                continue
            except pexpect.EOF:
                pytest.fail(f"ended before {text!r} was seen on\n{self.text()}")

    def until_it_waits(self):
        """Wait until one of its threads is inside io_uring_enter."""
        deadline = time.monotonic() + PATIENCE
        tasks = Path(f"/proc/{self.child.pid}/task")
        while not any(
            (task / "syscall").read_text().startswith(IO_URING_ENTER) for task in tasks.iterdir()
        ):
            assert time.monotonic() < deadline, "it never waited"

    def end(self):
        self.child.sendeof()
        self.child.expect(pexpect.EOF)
        self.child.close()
        return self.child.exitstatus


@pytest.fixture
def terminal(tmp_path):
    made = Terminal(tmp_path, "--no-color")
    made.see("Try:  do nop")
    yield made
    made.child.close(force=True)


def test_a_read_goes_every_step_of_the_way(terminal):
    terminal.type('file f notes.txt text="hello"')
    terminal.see("f: fd")
    terminal.type("buf b 64")
    terminal.see("b: 64 bytes")
    terminal.type("read f 64 buf=b -> r1")
    terminal.see("you     SQE slot 0: r1 READ   local tail → 1")
    terminal.type("publish")
    terminal.see("you     SQ tail  0 → 1   store-release")
    terminal.type("enter")
    terminal.see("kernel  SQ head  0 → 1   consumed")
    terminal.see("kernel  CQE slot 0: r1 res=5")
    terminal.type("reap")
    terminal.see("you     CQ head  0 → 1")
    terminal.see("r1  res=5  b='hello'")
    assert terminal.end() == 0


def test_ctrl_c_gives_up_a_wait_and_the_ring_stays_sound(terminal):
    terminal.type("pipe rd wr; read rd 5 -> p; submit")
    terminal.see("the kernel took 1")
    terminal.type("wait 1")
    terminal.until_it_waits()
    terminal.child.sendintr()
    terminal.see("gave up waiting; still in flight: p")
    terminal.type('feed wr "hello"; do nop -> n')
    terminal.see("n  res=0")
    assert terminal.end() == 0


def test_a_completion_that_comes_by_itself_is_printed_above_the_prompt(terminal):
    terminal.type("timeout 300ms -> t; submit")
    terminal.see("the kernel took 1")
    terminal.see("kernel  CQE slot 0: t res=-62 ETIME")
    terminal.see("cq 1/16")
    assert terminal.end() == 0


def test_tab_completes_and_up_brings_the_line_before_back(terminal):
    terminal.type("pu", enter="\t")
    terminal.see("r0> publish")
    terminal.type("")
    terminal.see("nothing is staged")
    terminal.type("nop -> first")
    terminal.see("first: NOP staged in slot 0")
    terminal.type("publish")
    terminal.see("1 published")
    terminal.type("\x1b[A\x1b[A")
    terminal.see('"first" is taken')
    assert terminal.end() == 0


def test_a_bad_line_is_told_with_a_caret_and_the_session_goes_on(terminal):
    terminal.type("raed f 100")
    terminal.see("^^^^")
    terminal.see('no command "raed". Did you mean "read"?   try: help read')
    terminal.type("do nop -> n")
    terminal.see("n  res=0")
    assert terminal.end() == 0


def test_fifty_pasted_lines_run_one_after_another(terminal):
    pasted = "\n".join(f"do nop -> p{number}" for number in range(50))
    terminal.type(f"\x1b[200~{pasted}\x1b[201~")
    for number in range(50):
        terminal.see(f"p{number}  res=0")
    assert terminal.end() == 0


def test_a_lesson_can_be_played_to_its_end(tmp_path):
    terminal = Terminal(tmp_path, "--no-color", "--lesson", "1")
    terminal.see("Lesson 1: What a ring is")
    terminal.type("ring new three entries=3")
    terminal.see("✔ there is a ring three")
    terminal.type("ring new five entries=5")
    terminal.see("Solved in 2 lines")
    terminal.see("next")
    terminal.type("next")
    terminal.see("Step 2 of 3")
    assert terminal.end() == 0


def test_quit_leaves_with_0(terminal):
    terminal.type("quit")
    terminal.child.expect(pexpect.EOF)
    terminal.child.close()
    assert terminal.child.exitstatus == 0


def test_the_history_is_kept_in_the_xdg_state_folder(terminal, tmp_path):
    terminal.type("do nop -> kept")
    terminal.see("kept  res=0")
    assert terminal.end() == 0
    assert "do nop -> kept" in (tmp_path / "uringlab/history").read_text()
