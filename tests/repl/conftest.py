"""A REPL in a real pseudo-terminal."""

import sys
import time
from pathlib import Path

import pexpect
import pyte
import pytest

PROGRAM = str(Path(sys.executable).parent / "uringlab")
PATIENCE = 20.0


class Terminal:
    """A REPL in a pseudo-terminal, its screen, and every character it was sent."""

    def __init__(self, home, *arguments, size=(60, 100), **env):
        self.home = home
        (home / "tmp").mkdir(exist_ok=True)
        self.child = pexpect.spawn(
            PROGRAM,
            ["repl", *arguments],
            env={
                "PATH": "/usr/bin:/bin",
                "TERM": "xterm-256color",
                "HOME": str(home),
                "XDG_STATE_HOME": str(home),
                "TMPDIR": str(home / "tmp"),
                **env,
            },
            encoding="utf-8",
            codec_errors="replace",
            dimensions=size,
        )
        self.child.delaybeforesend = None
        self.screen = pyte.Screen(size[1], size[0])
        self.screen.write_process_input = self.child.send
        self.stream = pyte.Stream(self.screen)
        self.raw = ""

    def type(self, text, enter="\r"):
        self.child.send(text + enter)

    def paste(self, *lines):
        """As a terminal pastes: the lines between two marks. Nothing of it runs before Enter."""
        self.child.send("\x1b[200~" + "\n".join(lines) + "\x1b[201~")

    def resize(self, rows, columns):
        """First the one that draws, then the one that is told."""
        self.screen.resize(rows, columns)
        self.child.setwinsize(rows, columns)

    def text(self):
        return "\n".join(line.rstrip() for line in self.screen.display if line.strip())

    def prompt(self):
        """The line the cursor is in."""
        return self.screen.display[self.screen.cursor.y].rstrip()

    def toolbar(self):
        """The last line that has anything in it."""
        return self.text().rpartition("\n")[2]

    def until(self, holds, what):
        deadline = time.monotonic() + PATIENCE
        while not holds():
            if time.monotonic() > deadline:
                pytest.fail(f"never came true: {what} on\n{self.text()}")
            try:
                new = self.child.read_nonblocking(65536, timeout=0.1)
            except pexpect.TIMEOUT:
                continue
            except pexpect.EOF:
                pytest.fail(f"ended before {what} on\n{self.text()}")
            self.raw += new
            self.stream.feed(new)

    def see(self, text):
        self.until(lambda: text in self.text(), f"{text!r} is seen")

    def see_prompt(self, text):
        self.until(lambda: self.prompt() == text, f"{text!r} is the line of the cursor")

    def see_it_wait(self):
        """Until it says that it waits."""
        self.see("⧗")

    def end(self):
        """Ctrl-D, once; all that was written until the end is in `raw`."""
        self.child.sendeof()
        return self.ended()

    def ended(self):
        self.child.expect(pexpect.EOF, timeout=PATIENCE)
        self.raw += self.child.before
        self.child.close()
        assert "Traceback" not in self.raw
        assert list((self.home / "tmp").iterdir()) == []
        return self.child.exitstatus


@pytest.fixture
def begin(tmp_path):
    """Start REPLs; whatever is left of them is ended with the test."""
    begun = []

    def start(*arguments, **more):
        made = Terminal(tmp_path, *arguments, **more)
        begun.append(made)
        made.see("Try:  do nop")
        made.see("r0>")
        return made

    yield start
    for one in begun:
        one.child.close(force=True)


@pytest.fixture
def terminal(begin):
    """A REPL without colours, at its first prompt."""
    return begin("--no-color")
