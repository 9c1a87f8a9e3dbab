"""What a session is written into: a file that was asked for, and its own past."""

from __future__ import annotations

from typing import TYPE_CHECKING

from uringlab.lab.errors import LineError
from uringlab.lab.lexer import without_strings
from uringlab.observe.recording.error import RecordingError

if TYPE_CHECKING:
    from pathlib import Path

    from uringlab.observe.log import EventLog
    from uringlab.observe.recording.recorder import Recorder
    from uringlab.observe.recording.recording import Recording
    from uringlab.observe.requests import Requests

KEPT = 256 << 20
"""Bytes of its own past that a session keeps; the oldest goes."""


class Recorders:
    """The recorders of a session, told together.

    Attributes:
        file: the recording that was asked for; None: nothing is being recorded.
        path: where it lies.
        past: the session's own past, once `keep_past` was called.
    """

    def __init__(self) -> None:
        """Nothing is recorded."""
        self.file: Recorder | None = None
        self.path: Path | None = None
        self.past: Recording | None = None
        self._past: Recorder | None = None
        self.current = ""

    def _all(self) -> list[Recorder]:
        return [one for one in (self.file, self._past) if one is not None]

    # -- what is told -------------------------------------------------------------------

    def name(self, ring: str, index: int, user_data: int, name: str) -> None:
        """A request has its name."""
        for one in self._all():
            one.name(ring, index, user_data, name)

    def use(self, ring: str) -> None:
        """Another ring is in use."""
        self.current = ring
        for one in self._all():
            one.use(ring)

    def line(self, text: str) -> None:
        """A line was typed. What stands in its strings is payload."""
        for one in self._all():
            one.note("line", text if one.payload else without_strings(text))

    def answer(self, text: str) -> None:
        """A line was answered: payload."""
        for one in self._all():
            if one.payload and text:
                one.note("data", text)

    # -- beginning and ending --------------------------------------------------------------

    def record(self, path: Path, log: EventLog, requests: Requests, *, payload: bool) -> None:
        """Begin a file. It has everything from now on, and how everything is now.

        Raises:
            LineError: one is being written already, or it cannot be made.
        """
        from uringlab.observe.recording.recorder import Recorder  # noqa: PLC0415 - see below
        from uringlab.observe.recording.store import Store  # noqa: PLC0415

        # SQLite, msgpack and zstd are loaded when something is recorded: most scripts do not.
        if self.file is not None:
            raise LineError(f"{self.path} is being recorded already", None, "record stop")
        try:
            store = Store.create(path)
        except RecordingError as error:
            raise LineError(str(error)) from error
        self.path = path
        self.file = Recorder(store, log, requests, payload=payload, current=self.current)

    def stop(self) -> int:
        """The file is complete. Returns how many events it has.

        Raises:
            LineError: not all of it could be written.
        """
        recorder, self.file = self.file, None
        if recorder is None:
            return 0
        try:
            recorder.close()
            return recorder.store.ends()[1]
        except RecordingError as error:
            raise LineError(f"the recording is not complete: {error}") from error
        finally:
            recorder.store.close()

    def keep_past(self, log: EventLog, requests: Requests) -> Recording:
        """From now on keep the session's own past, in a file that nobody sees."""
        from uringlab.observe.recording.recorder import Recorder  # noqa: PLC0415 - see above
        from uringlab.observe.recording.recording import Recording  # noqa: PLC0415
        from uringlab.observe.recording.store import Store  # noqa: PLC0415

        if self.past is None:
            store = Store.unseen()
            self._past = Recorder(
                store, log, requests, keep=KEPT, current=self.current, payload=True
            )
            self.past = Recording(store)
        return self.past

    @property
    def past_error(self) -> str:
        """Why the past could not be kept; "" while it could."""
        error = self._past.error if self._past is not None else None
        return "" if error is None else f"the past could not be kept: {error}"

    def catch_up(self) -> None:
        """Have all that has happened so far in the past."""
        if self._past is not None:
            self._past.flush()

    def follow(self, log: EventLog, requests: Requests) -> None:
        """The session begins anew, with another log: go on with that."""
        for one in self._all():
            one.follow(log, requests)

    def close(self) -> None:
        """The session is over.

        Raises:
            LineError: the file is not complete.
        """
        past, self._past = self._past, None
        if past is not None and self.past is not None:
            past.close()
            self.past.close()
        if self.file is not None:
            self.stop()
