"""What the REPL does at its prompt, through a real pseudo-terminal."""

import os
import re

import pytest

COLOUR = re.compile(r"\x1b\[(?:\d+;)*(?:[349][0-8])(?:;\d+)*m")


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
    terminal.type("do write ", enter="")
    terminal.see("write FD DATA")
    terminal.type("\x15read f 5 off=", enter="")
    terminal.see("[off=0]")
    terminal.see("where in the file")
    terminal.type("\x15", enter="")
    terminal.see("Tab completes")
    assert terminal.end() == 0


def test_the_prompt_names_the_ring_in_use(terminal):
    terminal.type("ring new other")
    terminal.see_prompt("other>")
    assert terminal.end() == 0


def test_tab_offers_what_fits_with_what_it_means(terminal):
    terminal.type("pipe rd wr; buf b0 8")
    terminal.see("b0: 8 bytes")
    terminal.type("read ", enter="\t")
    terminal.see("the end to read")
    terminal.type("\x1b", enter="")  # closed: its rows are given back
    terminal.until(
        lambda: "no ring yet" in terminal.screen.display[terminal.screen.cursor.y + 1],
        "the toolbar stands below the line",
    )
    terminal.type("\x15show me", enter="\t")
    terminal.see_prompt("r0> show memory")
    terminal.type("\x15", enter="")
    terminal.see_prompt("r0>")
    assert terminal.end() == 0


def test_the_word_that_completes_is_not_followed_by_a_blank_where_it_goes_on(terminal):
    terminal.type("read f 5 bu", enter="\t")
    terminal.see_prompt("r0> read f 5 buf=")
    terminal.type("bad", enter="")
    terminal.see_prompt("r0> read f 5 buf=bad")


def test_ctrl_c_in_mid_line_empties_it_and_an_empty_line_says_how_to_leave(terminal):
    terminal.type("nonsense that is never run", enter="")
    terminal.see_prompt("r0> nonsense that is never run")
    terminal.child.sendintr()
    terminal.see("never run^C")
    terminal.see_prompt("r0>")
    assert "Ctrl-D leaves, or: quit" not in terminal.text()
    terminal.child.sendintr()
    terminal.see("Ctrl-D leaves, or: quit")
    terminal.type("do nop -> n")
    terminal.see("n  res=0")
    assert "no command" not in terminal.text()
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
def test_colours_are_there_unless_they_are_not_wanted(begin, arguments, env, coloured):
    terminal = begin(*arguments, **env)
    terminal.type('do nop; file f x text="hello"')
    terminal.see("f: fd")
    os.write(terminal.child.fileno(), b"raed \xff 5\r")  # no text at all
    terminal.see("no command")
    assert terminal.end() == 0
    assert bool(COLOUR.search(terminal.raw)) is coloured


def test_history_lists_the_lines_of_this_session(terminal):
    terminal.type("do nop -> a")
    terminal.see("a  res=0")
    terminal.type("history")
    terminal.see("   1  do nop -> a")
    terminal.see("   2  history")
    assert terminal.end() == 0


def test_a_dumb_terminal_is_sent_no_escape_sequences(begin):
    terminal = begin(TERM="dumb")
    terminal.type("do nop -> n")
    terminal.see("n  res=0")
    os.write(terminal.child.fileno(), b"raed \xff\r")  # no text at all
    terminal.see("no command")
    terminal.type("pipe rd wr; do read rd 5 -> r")
    terminal.see("rd: fd")  # said by the line as it goes on
    terminal.child.sendintr()
    terminal.see("gave up waiting; still in flight: r")
    assert terminal.end() == 0
    assert "\x1b" not in terminal.raw


def test_a_lesson_is_read_without_its_marks(begin):
    terminal = begin("--no-color", "--lesson", "1")
    terminal.see("there is a ring three")
    assert "`" not in terminal.text()
    assert "*" not in terminal.text()
    assert terminal.end() == 0


def test_a_c_program_is_indented(terminal):
    terminal.type("do nop; c")
    terminal.see("        io_uring_queue_exit(&r0);")
    assert "?" not in re.sub(r"\(Ctrl.*", "", terminal.text().split("int main")[-1])
    assert terminal.end() == 0
