"""How far a learner has come: one small file, written so that it is whole or the old one."""

from __future__ import annotations

import contextlib
import json
import os
import tempfile
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Callable

VERSION = 1


def default_path() -> Path:
    """`$XDG_STATE_HOME/uringlab/progress.json`, or the same below `~/.local/state`."""
    state = os.environ.get("XDG_STATE_HOME", "")
    # The XDG specification: a path that is not absolute counts as not set.
    root = Path(state) if state.startswith("/") else Path.home() / ".local" / "state"
    return root / "uringlab" / "progress.json"


@dataclass(frozen=True)
class LessonProgress:
    """What was done of one lesson.

    Attributes:
        steps: the indices of the steps that were solved, from 0.
        completed: whether all were, at some time.
        hints: how many hints were opened.
    """

    steps: frozenset[int] = frozenset()
    completed: bool = False
    hints: int = 0


class Progress:
    """The file of progress, by lesson id. What it does not understand it keeps as it is.

    Every change reads the file again, changes one lesson and writes: two programs at once do
    not undo each other's lessons.

    Attributes:
        problem: what is wrong with the file, for the learner; "" while nothing is.
    """

    def __init__(self, path: Path | None = None) -> None:
        """Read it. A file that is damaged is set aside, and `problem` says so."""
        self.path = path or default_path()
        self.problem = ""
        self._frozen = False
        self._data: dict[str, Any] = {}
        self._read()

    # -- asking -----------------------------------------------------------------------

    def of(self, lesson_id: str) -> LessonProgress:
        """What was done of a lesson."""
        one = self._lessons().get(lesson_id)
        if not isinstance(one, dict):
            return LessonProgress()
        steps, hints = one.get("steps"), one.get("hints")
        return LessonProgress(
            frozenset(at for at in steps if _is_count(at))
            if isinstance(steps, list)
            else frozenset(),
            one.get("completed") is True,
            hints if isinstance(hints, int) and _is_count(hints) else 0,
        )

    # -- changing ---------------------------------------------------------------------

    def step_done(self, lesson_id: str, step: int, of: int) -> None:
        """A step was solved; the lesson has `of` of them."""

        def change(one: dict[str, Any]) -> None:
            steps = self.of(lesson_id).steps | {step}
            one["steps"] = sorted(steps)
            one["completed"] = one.get("completed") is True or steps >= set(range(of))

        self._change(lesson_id, change)

    def hint_used(self, lesson_id: str) -> None:
        """A hint was opened."""

        def change(one: dict[str, Any]) -> None:
            one["hints"] = self.of(lesson_id).hints + 1

        self._change(lesson_id, change)

    def forget(self, lesson_id: str) -> None:
        """Nothing was done of that lesson."""
        self._read()
        if self._lessons().pop(lesson_id, None) is not None:
            self._write()

    def dump(self) -> str:
        """All of it as text, for another machine."""
        return json.dumps(self._whole(), indent=2, sort_keys=True) + "\n"

    def take(self, text: str) -> None:
        """Add what `dump` gave: lessons of the text replace those of the same id here.

        Raises:
            ValueError: it is not such a text. Nothing changed.
        """
        new = _checked(text)
        self._read()
        self._lessons().update(new.get("lessons", {}))
        self._write()

    # -- the file -------------------------------------------------------------------------

    def _lessons(self) -> dict[str, Any]:
        lessons: dict[str, Any] = self._data.setdefault("lessons", {})
        return lessons

    def _whole(self) -> dict[str, Any]:
        return {"version": VERSION, **self._data, "lessons": self._lessons()}

    def _change(self, lesson_id: str, change: Callable[[dict[str, Any]], None]) -> None:
        self._read()
        one = self._lessons().get(lesson_id)
        if not isinstance(one, dict):
            one = self._lessons()[lesson_id] = {}
        change(one)
        self._write()

    def _read(self) -> None:
        if self._frozen:
            return
        try:
            text = self.path.read_text(encoding="utf-8")
            data = _checked(text)
        except FileNotFoundError:
            return
        except OSError as error:
            self._freeze(f"{self.path} cannot be read: {error.strerror}")
        except ValueError as error:
            self._set_aside(error)
        else:
            self._data = data
            if data.get("version", VERSION) > VERSION:
                self._freeze(f"{self.path} was written by a newer uringlab")

    def _freeze(self, why: str) -> None:
        """From now on nothing is written: progress is kept in memory only."""
        self._frozen = True
        self.problem = f"{why}; what you do now is not kept"

    def _set_aside(self, why: ValueError) -> None:
        broken = self.path.with_name(self.path.name + ".broken")
        try:
            self.path.replace(broken)
        except OSError as error:
            self._freeze(f"{self.path} is damaged and cannot be set aside: {error.strerror}")
        else:
            self.problem = f"{self.path} was damaged ({why}); it is now {broken.name}"

    def _write(self) -> None:
        """A new file beside the old one, on the disk, then renamed over it."""
        if self._frozen:
            return
        try:
            self.path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
            fd, name = tempfile.mkstemp(dir=self.path.parent, prefix=".progress-")
            try:
                with open(fd, "w", encoding="utf-8") as file:  # noqa: PTH123 - it is an fd
                    file.write(self.dump())
                    file.flush()
                    os.fsync(file.fileno())
                Path(name).replace(self.path)
            except BaseException:
                with contextlib.suppress(FileNotFoundError):
                    Path(name).unlink()
                raise
        except OSError as error:
            self._freeze(f"{self.path} cannot be written: {error.strerror}")


def _is_count(value: object) -> bool:
    return isinstance(value, int) and not isinstance(value, bool) and value >= 0


def _checked(text: str) -> dict[str, Any]:
    """Read JSON that must have the file's outer form.

    Raises:
        ValueError: it has not.
    """
    try:
        data = json.loads(text)
    except (json.JSONDecodeError, RecursionError) as error:
        raise ValueError(f"it is not JSON: {error}") from error
    if not isinstance(data, dict) or not isinstance(data.get("lessons", {}), dict):
        raise ValueError("it is not a record of progress")  # noqa: TRY004 - the file is wrong
    version = data.get("version", VERSION)
    if not _is_count(version):
        raise ValueError(f"its version is {version!r}")
    return data
