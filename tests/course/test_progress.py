from __future__ import annotations

import json
import os
import stat
from pathlib import Path

import pytest

from uringlab.course.progress import LessonProgress, Progress, default_path


def test_it_lies_in_the_xdg_state_folder(home):
    assert default_path() == home / "uringlab" / "progress.json"


@pytest.mark.parametrize("value", ["", "relative/path"])
def test_without_a_proper_xdg_folder_it_lies_below_the_home(monkeypatch, value):
    monkeypatch.setenv("XDG_STATE_HOME", value)
    monkeypatch.setenv("HOME", "/home/learner")
    assert default_path() == Path("/home/learner/.local/state/uringlab/progress.json")


def test_nothing_is_written_before_something_was_done(progress):
    assert progress.of("01-x") == LessonProgress()
    assert not progress.path.exists()


def test_steps_and_hints_are_kept_from_one_run_to_the_next(progress):
    progress.step_done("01-x", 1, of=2)
    progress.hint_used("01-x")
    progress.hint_used("01-x")
    again = Progress(progress.path).of("01-x")
    assert again == LessonProgress(frozenset({1}), completed=False, hints=2)


def test_a_lesson_is_complete_when_every_step_was_done_in_any_order(progress):
    progress.step_done("01-x", 1, of=2)
    assert not progress.of("01-x").completed
    progress.step_done("01-x", 0, of=2)
    assert progress.of("01-x").completed
    # It grows a step later: what was completed stays so.
    progress.step_done("01-x", 0, of=3)
    assert Progress(progress.path).of("01-x").completed


def test_what_it_does_not_understand_is_kept(progress):
    stranger = {"steps": [0], "completed": True, "stars": 5}
    progress.path.write_text(
        json.dumps(
            {"version": 1, "lessons": {"99-future": stranger, "01-x": {"mood": "good"}}, "theme": 1}
        )
    )
    again = Progress(progress.path)
    again.step_done("01-x", 0, of=1)
    data = json.loads(progress.path.read_text())
    assert data["lessons"]["99-future"] == stranger
    assert data["lessons"]["01-x"] == {"mood": "good", "steps": [0], "completed": True}
    assert data["theme"] == 1
    assert data["version"] == 1


@pytest.mark.parametrize(
    "text",
    [
        "",
        "{",
        "[]",
        '{"lessons": []}',
        '{"version": "x"}',
        "\x00",
        '{"version": -1}',
        "[" * 100_000,
    ],
)
def test_a_damaged_file_is_set_aside_and_not_fatal(progress, text):
    progress.path.write_text(text)
    again = Progress(progress.path)
    broken = progress.path.with_name("progress.json.broken")
    assert broken.read_text() == text
    assert "was damaged" in again.problem
    assert again.of("01-x") == LessonProgress()
    again.step_done("01-x", 0, of=1)
    assert Progress(progress.path).problem == ""
    assert Progress(progress.path).of("01-x").completed


def test_bytes_that_are_no_text_are_damage_too(progress):
    progress.path.write_bytes(b"\xff\xfe{}")
    assert "was damaged" in Progress(progress.path).problem


def test_a_damaged_entry_counts_as_nothing_done(progress):
    entries = {
        "01-a": [],
        "01-b": {"steps": "all", "hints": "many", "completed": 1},
        "01-c": {"steps": [0, -1, "x", True]},
    }
    progress.path.write_text(json.dumps({"version": 1, "lessons": entries}))
    again = Progress(progress.path)
    assert again.of("01-a") == again.of("01-b") == LessonProgress()
    assert again.of("01-c").steps == {0}
    again.hint_used("01-a")
    assert again.of("01-a").hints == 1


def test_the_file_of_a_newer_version_is_read_and_not_written(progress):
    text = json.dumps({"version": 2, "lessons": {"01-x": {"completed": True}}})
    progress.path.write_text(text)
    again = Progress(progress.path)
    assert again.of("01-x").completed
    assert "newer" in again.problem
    again.step_done("02-y", 0, of=1)
    assert again.of("02-y").completed
    assert progress.path.read_text() == text


def test_two_programs_do_not_undo_each_other(progress):
    other = Progress(progress.path)
    progress.step_done("01-x", 0, of=1)
    other.step_done("02-y", 0, of=1)
    progress.step_done("03-z", 0, of=1)
    again = Progress(progress.path)
    assert all(again.of(one).completed for one in ("01-x", "02-y", "03-z"))


def test_a_write_that_is_cut_short_leaves_the_old_file_whole(progress, monkeypatch):
    progress.step_done("01-x", 0, of=1)
    before = progress.path.read_text()

    def cut(fd):
        raise KeyboardInterrupt

    monkeypatch.setattr(os, "fsync", cut)
    with pytest.raises(KeyboardInterrupt):
        progress.step_done("02-y", 0, of=1)
    assert progress.path.read_text() == before
    assert [one.name for one in progress.path.parent.iterdir()] == ["progress.json"]


def test_the_new_file_is_on_the_disk_before_it_takes_the_old_ones_name(progress, monkeypatch):
    calls = []
    fsync, replace = os.fsync, Path.replace
    monkeypatch.setattr(os, "fsync", lambda fd: (calls.append("fsync"), fsync(fd))[1])
    monkeypatch.setattr(
        Path,
        "replace",
        lambda self, to: (calls.append(f"rename to {to.name}"), replace(self, to))[1],
    )
    progress.step_done("01-x", 0, of=1)
    assert calls == ["fsync", "rename to progress.json"]


def test_only_the_learner_can_read_it(progress):
    progress.step_done("01-x", 0, of=1)
    assert stat.S_IMODE(progress.path.stat().st_mode) == 0o600


def test_a_folder_that_cannot_be_written_is_told_and_not_fatal(tmp_path):
    (tmp_path / "file").write_text("in the way")
    progress = Progress(tmp_path / "file" / "progress.json")
    progress.step_done("01-x", 0, of=1)
    assert progress.of("01-x").completed
    assert "not kept" in progress.problem


def test_a_lesson_can_be_forgotten(progress):
    progress.step_done("01-x", 0, of=1)
    progress.step_done("02-y", 0, of=1)
    progress.forget("01-x")
    progress.forget("77-never")
    again = Progress(progress.path)
    assert again.of("01-x") == LessonProgress()
    assert again.of("02-y").completed


def test_it_can_be_carried_to_another_machine(progress, tmp_path):
    progress.step_done("01-x", 0, of=1)
    other = Progress(tmp_path / "other.json")
    other.step_done("02-y", 0, of=1)
    other.take(progress.dump())
    again = Progress(other.path)
    assert again.of("01-x").completed
    assert again.of("02-y").completed


@pytest.mark.parametrize("text", ["", "[]", '{"lessons": 1}', "nonsense"])
def test_nonsense_is_not_taken_and_changes_nothing(progress, text):
    progress.step_done("01-x", 0, of=1)
    before = progress.path.read_text()
    with pytest.raises(ValueError, match="it is not"):
        progress.take(text)
    assert progress.path.read_text() == before
