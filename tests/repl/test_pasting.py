"""Pasting: many lines at once, which run one after another."""

import re


def test_fifty_lines_run_one_after_another_each_with_its_answer(terminal):
    terminal.paste(*(f"do nop -> p{number}" for number in range(50)))
    terminal.see("do nop -> p49")
    assert "res=0" not in terminal.raw  # nothing runs before Enter
    terminal.type("")
    terminal.see("p49  res=0")
    found = re.findall(r"r0> do nop -> (p\d+)|(p\d+)  res=0", plain(terminal.raw))
    told = [echo or answer for echo, answer in found]
    assert told[-100:] == [f"p{number}" for number in range(50) for _ in range(2)]
    assert terminal.end() == 0


def plain(raw):
    return re.sub(r"\x1b\[[0-9;?]*[a-zA-Z]", "", raw)


def test_a_comment_or_a_blank_line_is_no_end_with_paste_marks_or_without(terminal):
    lines = ("do nop -> {}1", "# a comment", "", "   ", "do nop -> {}2  # and one", "")
    terminal.paste(*(line.format("a") for line in lines))
    terminal.type("")
    terminal.see("a2  res=0")
    assert "r0> # a comment" in terminal.text()
    terminal.type("\r".join(line.format("b") for line in lines))
    terminal.see("b2  res=0")
    assert terminal.end() == 0


def test_quit_among_them_is_the_end(terminal):
    terminal.paste("do nop -> a", "quit", "do nop -> b")
    terminal.type("")
    assert terminal.ended() == 0
    assert "a  res=0" in terminal.raw
    assert "b  res=0" not in terminal.raw


def test_an_error_stops_the_rest_and_says_how_many_were_not_run(terminal):
    terminal.paste("do nop -> a", "raed", "# why", "do nop -> b", "do nop -> c")
    terminal.type("")
    terminal.see('Did you mean "read"')
    terminal.see("2 lines were not run")
    terminal.type("do nop -> d")
    terminal.see("d  res=0")
    assert "b  res=0" not in terminal.text()
    assert terminal.end() == 0


def test_ctrl_c_stops_the_rest(terminal):
    terminal.paste("pipe rd wr", "do read rd 5 -> r", "do nop -> b")
    terminal.type("")
    terminal.see_it_wait()
    terminal.child.sendintr()
    terminal.see("gave up waiting; still in flight: r\n1 line was not run")
    terminal.type("do nop -> d")
    terminal.see("d  res=0")
    assert "b  res=0" not in terminal.text()
    assert terminal.end() == 0


def test_what_a_terminal_would_obey_is_shown_and_not_sent_to_it(terminal):
    terminal.paste("\x1b]0;title\x07nop \x9b31m \t nop")
    terminal.type("")
    terminal.see("?]0;title?nop ?31m ? nop")
    terminal.see("no command")
    assert "\x1b]0;title" not in terminal.raw
    assert "\x9b" not in terminal.raw
    assert terminal.end() == 0
