"""The history: a file in the state folder, shared by all REPLs; memory where there is none."""

import asyncio
import stat

import pytest

from uringlab.repl.history import MOST_BYTES, MOST_LINES, LineHistory, state_dir


def lines_of(history):
    return list(reversed(list(history.load_history_strings())))


@pytest.fixture
def path(tmp_path):
    return tmp_path / "state" / "history"


def test_what_was_appended_is_loaded_again_in_order(path):
    first = LineHistory(path)
    for line in ("do nop", "raed f 5", 'feed wr "ä"'):
        first.append_string(line)
    assert lines_of(LineHistory(path)) == ["do nop", "raed f 5", 'feed wr "ä"']


def test_it_is_for_its_owner_alone(path):
    LineHistory(path).append_string("do nop")
    assert stat.S_IMODE(path.parent.stat().st_mode) == 0o700
    assert stat.S_IMODE(path.stat().st_mode) == 0o600


def test_pasted_lines_are_kept_each_by_itself(path):
    LineHistory(path).append_string("do nop\n\n# why\nreap")
    assert lines_of(LineHistory(path)) == ["do nop", "# why", "reap"]


def test_two_at_once_lose_nothing(path):
    one, other = LineHistory(path), LineHistory(path)
    for number in range(50):
        (one if number % 2 else other).append_string(f"nop -> n{number}")
    assert lines_of(LineHistory(path)) == [f"nop -> n{number}" for number in range(50)]


def test_of_a_huge_file_the_newest_lines_are_loaded(path):
    path.parent.mkdir()
    path.write_text("".join(f"nop -> n{number}\n" for number in range(200_000)))
    assert path.stat().st_size > MOST_BYTES
    found = lines_of(LineHistory(path))
    assert len(found) == MOST_LINES
    assert found[-1] == "nop -> n199999"
    path.write_text("x" * (2 * MOST_BYTES) + "\nlast\n")
    assert lines_of(LineHistory(path)) == ["last"]


def test_what_is_no_text_is_loaded_all_the_same(path):
    path.parent.mkdir()
    path.write_bytes(b"\xff\x00nop\n\ndo nop\n")
    assert lines_of(LineHistory(path)) == ["\N{REPLACEMENT CHARACTER}\0nop", "do nop"]


def test_where_nothing_can_be_written_it_says_why_and_goes_on(tmp_path):
    (tmp_path / "state").write_text("a file where the folder should be")
    history = LineHistory(tmp_path / "state" / "history")
    assert "memory only" in history.problem
    history.append_string("do nop")
    assert history.get_strings() == ["do nop"]


def test_a_file_that_cannot_be_written_any_more_is_said_and_not_fatal(path):
    history = LineHistory(path)
    path.unlink()
    path.mkdir()
    history.append_string("do nop")
    assert "directory" in history.problem
    assert history.get_strings() == ["do nop"]


def test_lines_of_this_session_are_there_at_once(path):
    history = LineHistory(path)
    history.append_string("do nop")

    async def newest():
        return [line async for line in history.load()]

    assert asyncio.run(newest())[0] == "do nop"


@pytest.mark.parametrize("value", ["", "relative/path"])
def test_a_state_folder_that_is_no_absolute_path_is_ignored(monkeypatch, tmp_path, value):
    monkeypatch.setenv("HOME", str(tmp_path))
    monkeypatch.setenv("XDG_STATE_HOME", value)
    assert state_dir() == tmp_path / ".local/state/uringlab"


def test_the_lines_of_one_session_are_there_in_the_next_and_found_backwards(begin):
    first = begin("--no-color")
    first.type("do nop -> once")
    first.see("once  res=0")
    first.type("raed that was wrong")
    first.see("no command")
    assert first.end() == 0
    second = begin("--no-color")
    second.type("\x12once", enter="")  # Ctrl-R
    second.see_prompt("I-search backward: once")
    second.see("r0> do nop -> once")
    second.type("")
    second.see_prompt("r0> do nop -> once")
    second.type("")
    second.see("once  res=0")
    second.type("\x1b[A\x1b[A", enter="")
    second.see_prompt("r0> raed that was wrong")  # to be mended
    second.type("\x03", enter="")
    second.see_prompt("r0>")
    second.type("do nop -> o", enter="")
    second.see_prompt("r0> do nop -> once")  # suggested
    second.type("\x1b[C")
    second.until(lambda: second.text().count("once  res=0") == 2, "it ran again")
    assert second.end() == 0


def test_without_a_place_for_it_that_is_said_once(begin, tmp_path):
    (tmp_path / "uringlab").write_text("a file where the directory should be")
    terminal = begin("--no-color")
    terminal.type("do nop -> n")
    terminal.see("n  res=0")
    terminal.type("\x1b[A\x15do nop -> m")
    terminal.see("m  res=0")
    assert terminal.text().count("history is kept in memory only") == 1
    assert terminal.end() == 0
    assert (tmp_path / "uringlab").is_file()
