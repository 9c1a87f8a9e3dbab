"""While a line waits: the toolbar lives, what is typed is kept, Ctrl-C gives up."""

import signal

import pytest


@pytest.fixture
def waiting(terminal):
    """A REPL whose ring waits for a pipe that nobody has written to."""
    terminal.type("pipe rd wr; read rd 5 -> p; submit")
    terminal.see("the kernel took 1")
    terminal.type("wait 1")
    terminal.see("⧗ io_uring_enter waits for 1 CQE … (Ctrl-C gives up)")
    return terminal


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
    terminal.type(line)
    terminal.see_it_wait()
    terminal.child.sendintr()
    terminal.child.sendintr()
    terminal.child.kill(signal.SIGINT)  # by kill(1): the same
    terminal.see(told)
    terminal.type("do nop -> n")
    terminal.see("n  res=0")
    assert terminal.end() == 0


def test_the_toolbar_is_live_while_a_line_waits(terminal):
    terminal.type("ring new r0 entries=4; timeout 300ms -> t; pipe rd wr; read rd 5; submit")
    terminal.see("the kernel took 2")
    terminal.type("wait 2")
    terminal.see_it_wait()
    assert "sq 0/4  cq 0/8  in flight 2" in terminal.toolbar()
    terminal.see("t res=-62 ETIME")
    terminal.until(lambda: "in flight 1" in terminal.toolbar(), "one is in flight")


def test_what_is_typed_while_a_line_waits_is_kept_and_can_go_on(waiting):
    waiting.type("nop -> ahe", enter="")
    waiting.see_prompt("r0> nop -> ahe")
    waiting.child.sendintr()
    waiting.see("gave up waiting; still in flight: p")
    waiting.see_prompt("r0> nop -> ahe")
    waiting.type("ad")
    waiting.see("ahead: NOP staged")


def test_lines_that_are_entered_while_one_waits_run_after_it_in_order(terminal):
    terminal.type("timeout 300ms -> t; submit")
    terminal.see("the kernel took 1")
    terminal.type("wait 1; nop -> first")
    terminal.see_it_wait()
    terminal.type("nop -> second")
    terminal.type("nop -> third")
    terminal.see("third: NOP staged")
    text = terminal.text()
    places = [text.index(f"{name}: NOP staged") for name in ("first", "second", "third")]
    assert places == sorted(places)


def test_ctrl_c_forgets_what_was_to_run_after_the_wait(waiting):
    waiting.type("nop -> never")
    waiting.type("nop -> nevermore")
    waiting.see("and 2 more to run")
    waiting.child.sendintr()
    waiting.see("2 lines were not run")
    waiting.see("gave up waiting")
    waiting.type("do nop -> n")
    waiting.see("n  res=0")
    assert "never: NOP" not in waiting.text()


def test_ctrl_d_while_a_line_waits_leaves_after_it(waiting):
    waiting.child.sendeof()
    waiting.see("then it leaves")
    waiting.child.sendintr()
    waiting.see("gave up waiting")
    waiting.type("do nop -> still_here")
    waiting.see("still_here  res=0")
    assert waiting.end() == 0


def test_a_completion_is_told_above_a_half_typed_line_which_stays(terminal):
    terminal.type("ring new other; pipe rd wr; read rd 5 -> p; submit; ring new r0")
    terminal.see_prompt("r0>")
    terminal.type("timeout 400ms -> t; submit")
    terminal.see("the kernel took 1")
    terminal.type("nop -> half", enter="")
    terminal.type("\x1b[D\x1b[D\x1b[D\x1b[D", enter="")  # the cursor, too
    terminal.see("t res=-62 ETIME")
    terminal.see_prompt("r0> nop -> half")
    assert terminal.screen.cursor.x == len("r0> nop -> ")
    terminal.type("be", enter="")
    terminal.see_prompt("r0> nop -> behalf")
    text = terminal.text()
    assert text.index("t res=-62 ETIME") < text.index("r0> nop -> behalf")


def test_a_line_that_says_much_can_be_given_up_and_is_told_in_order(terminal):
    terminal.type("repeat 100000 do nop")
    terminal.see("  res=0")  # which of them is on the screen then, nobody knows
    terminal.child.sendintr()
    terminal.see("given up after")
    terminal.type("do nop -> n")
    terminal.see("n  res=0")
    assert terminal.end() == 0
