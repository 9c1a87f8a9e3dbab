"""What the REPL does at its prompt, through a real pseudo-terminal."""

import re
import signal
import sys
import time
from pathlib import Path

import pexpect
import pyte
import pytest

PROGRAM = str(Path(sys.executable).parent / "uringlab")
PATIENCE = 20.0
COLOUR = re.compile(r"\x1b\[(?:\d+;)*(?:[349][0-8])(?:;\d+)*m")


class Terminal:
    """A REPL in a pseudo-terminal, its screen, and every character it was sent."""

    def __init__(self, home, *arguments, **env):
        size = (120, 100)
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
            dimensions=size,
        )
        self.screen = pyte.Screen(size[1], size[0])
        self.screen.write_process_input = self.child.send
        self.stream = pyte.Stream(self.screen)
        self.raw = ""

    def type(self, text, enter="\r"):
        self.child.send(text + enter)

    def text(self):
        return "\n".join(line.rstrip() for line in self.screen.display if line.strip())

    def prompt(self):
        """The line the cursor is in."""
        return self.screen.display[self.screen.cursor.y].rstrip()

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

    def waits(self):
        """Whether its bench has called for something that takes a while."""
        threads = Path(f"/proc/{self.child.pid}/task").iterdir()
        # io_uring_enter, or the clocked wait of a lock
        calls = [(one / "syscall").read_text().split()[0] for one in threads]
        return "426" in calls or calls.count("202") > 1

    def see(self, text):
        self.until(lambda: text in self.text(), f"{text!r} is seen")

    def end(self):
        # One that comes between two prompts is nobody's: it is said again.
        for _ in range(10):
            self.child.sendeof()
            if self.child.expect([pexpect.EOF, pexpect.TIMEOUT], timeout=PATIENCE / 4) == 0:
                self.raw += self.child.before
                break
        return self.ended()

    def ended(self):
        self.child.expect(pexpect.EOF)
        self.raw += self.child.before
        self.child.close()
        assert "Traceback" not in self.raw
        assert list((self.home / "tmp").iterdir()) == []
        return self.child.exitstatus


@pytest.fixture
def terminal(tmp_path):
    made = Terminal(tmp_path, "--no-color")
    made.see("Try:  do nop")
    made.until(lambda: made.prompt() == "r0>", "the prompt")
    yield made
    made.child.close(force=True)


def test_the_toolbar_counts_slots_completions_and_what_is_in_flight(terminal):
    terminal.see("no ring yet")
    terminal.type("nop; nop; pipe rd wr; read rd 5")
    terminal.see("r0  sq 3/8  cq 0/16  in flight 0")
    terminal.type("submit")
    terminal.see("r0  sq 0/8  cq 2/16  in flight 1")
    terminal.type("reap")
    terminal.see("r0  sq 0/8  cq 0/16  in flight 1")
    assert terminal.end() == 0


def test_the_toolbar_shows_the_signature_of_what_is_typed(terminal):
    terminal.type("read f 5 off=", enter="")
    terminal.see("off=N  where in the file")
    terminal.type("\x15do write ", enter="")
    terminal.see("write FD DATA")
    terminal.type("\x15", enter="")
    terminal.see("Tab completes")
    assert terminal.end() == 0


def test_the_prompt_names_the_ring_in_use(terminal):
    terminal.type("ring new other")
    terminal.until(lambda: terminal.prompt() == "other>", "the prompt of the other ring")
    assert terminal.end() == 0


def test_tab_offers_what_fits_with_what_it_means(terminal):
    terminal.type("pipe rd wr; buf b0 8")
    terminal.see("b0: 8 bytes")
    terminal.type("read ", enter="\t")
    terminal.see("the end to read")
    terminal.type("\x15show me", enter="\t")
    terminal.until(lambda: terminal.prompt().startswith("r0> show memory"), "the completed word")
    terminal.type("\x15", enter="")
    assert terminal.end() == 0


def test_ctrl_c_at_the_prompt_empties_the_line_and_goes_on(terminal):
    terminal.type("nonsense that is never run", enter="")
    terminal.until(lambda: "never run" in terminal.prompt(), "the typed line")
    terminal.child.sendintr()
    terminal.until(lambda: terminal.prompt() == "r0>", "an empty prompt")
    terminal.type("do nop -> n")
    terminal.see("n  res=0")
    assert "no command" not in terminal.text()
    assert terminal.end() == 0


@pytest.mark.parametrize(
    ("line", "told"),
    [
        ("wait 1", "gave up waiting"),
        ("sleep 1m", "gave up sleeping"),
        ("do read rd 5 -> r", "gave up waiting; still in flight: r"),
        ("expect within 1m cq.ready=1", "gave up waiting: expected cq.ready=1"),
    ],
)
def test_ctrl_c_ends_every_line_that_lasts_and_thrice_is_once(terminal, line, told):
    terminal.type("pipe rd wr; ring new r0")
    terminal.see("16 CQ slots")
    terminal.type(f"file f begun; {line}")
    terminal.see("f: fd")  # said in the thread that goes on with the rest
    terminal.until(terminal.waits, "it waits")
    for _ in range(3):
        terminal.child.sendintr()
    terminal.see(told)
    terminal.type("do nop -> n")
    terminal.see("n  res=0")
    assert terminal.end() == 0


def test_ctrl_d_leaves_only_from_an_empty_line(terminal):
    terminal.type("nop -> kept", enter="")
    terminal.until(lambda: "kept" in terminal.prompt(), "the typed line")
    terminal.child.sendeof()
    terminal.type("")
    terminal.see("kept: NOP staged in slot 0")
    assert terminal.end() == 0


def test_ctrl_d_ends_with_requests_in_flight_and_leaves_nothing(terminal):
    terminal.type("pipe rd wr; read rd 5; submit; openat x open_flags=rdwr|creat -> o; submit")
    terminal.see("kernel  CQE slot 0: o")
    assert terminal.end() == 0


@pytest.mark.parametrize("text", ["", "nop -> never"])
def test_a_terminal_that_goes_away_in_mid_line_leaves_nothing_behind(terminal, text):
    terminal.type("pipe rd wr; read rd 5; submit")
    terminal.see("the kernel took 1")
    terminal.type(text, enter="")
    pid = terminal.child.pid
    terminal.child.kill(signal.SIGHUP)
    terminal.child.expect(pexpect.EOF)
    terminal.child.close()
    assert not Path(f"/proc/{pid}").exists()
    assert list((terminal.home / "tmp").iterdir()) == []


def test_pasted_lines_stop_at_quit(terminal):
    terminal.type("\x1b[200~do nop -> a\n# a comment\n\nquit\ndo nop -> b\n\x1b[201~")
    assert terminal.ended() == 0
    assert "a  res=0" in terminal.raw
    assert "b  res=0" not in terminal.raw


def test_a_bad_line_among_pasted_ones_does_not_stop_the_rest(terminal):
    terminal.type("\x1b[200~do nop -> a\nraed\ndo nop -> b\x1b[201~")
    terminal.see('Did you mean "read"')
    terminal.see("b  res=0")
    assert terminal.end() == 0


def test_events_are_told_once_each_in_order(terminal):
    terminal.type("repeat 50 do nop")
    terminal.see("r50  res=0")
    heads = re.findall(r"SQ head  (\d+) → ", terminal.raw)
    assert [int(head) for head in heads] == list(range(50))
    assert terminal.end() == 0


@pytest.mark.parametrize(
    ("arguments", "env", "coloured"),
    [((), {}, True), (("--no-color",), {}, False), ((), {"NO_COLOR": "1"}, False)],
)
def test_colours_are_there_unless_they_are_not_wanted(tmp_path, arguments, env, coloured):
    terminal = Terminal(tmp_path, *arguments, **env)
    terminal.see("Try:  do nop")
    terminal.type('do nop; file f x text="hello"; raed')
    terminal.see("no command")
    assert terminal.end() == 0
    assert bool(COLOUR.search(terminal.raw)) is coloured


def test_the_history_of_one_session_is_there_in_the_next(tmp_path):
    first = Terminal(tmp_path, "--no-color")
    first.see("Try:  do nop")
    first.type("do nop -> once")
    first.see("once  res=0")
    assert first.end() == 0
    second = Terminal(tmp_path, "--no-color")
    second.see("Try:  do nop")
    second.type("\x1b[A")
    second.see("once  res=0")
    assert second.end() == 0


def test_without_a_place_for_history_there_is_a_session_all_the_same(tmp_path):
    (tmp_path / "uringlab").write_text("a file where the directory should be")
    terminal = Terminal(tmp_path, "--no-color")
    terminal.see("Try:  do nop")
    terminal.type("do nop -> n")
    terminal.see("n  res=0")
    assert terminal.end() == 0
    assert (tmp_path / "uringlab").is_file()


def test_history_lists_the_lines_of_this_session(terminal):
    terminal.type("do nop -> a")
    terminal.see("a  res=0")
    terminal.type("history")
    terminal.see("   1  do nop -> a")
    terminal.see("   2  history")
    assert terminal.end() == 0


def test_a_dumb_terminal_will_do(tmp_path):
    terminal = Terminal(tmp_path, TERM="dumb")
    terminal.see("Try:  do nop")
    terminal.type("do nop -> n")
    terminal.see("n  res=0")
    assert terminal.end() == 0
