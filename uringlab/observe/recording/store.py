"""Where a recording lies: an SQLite file, written by appending.

| table    | a row is                                                                          |
|----------|-----------------------------------------------------------------------------------|
| about    | a fact about the whole: which kernel, when it began, whether it was closed        |
| chunk    | a stretch of events that can be read by itself: it begins with a keyframe         |
| block    | some entries of a chunk, as they were written together                            |
| request  | where a request was staged: for finding it                                        |

Rows are only added (and, where the room is bounded, the oldest taken away); each block is a
transaction. So whatever ends the program, what was written is whole: SQLite forgets the
transaction that was not.
"""

from __future__ import annotations

import sqlite3
import threading
from contextlib import contextmanager, suppress
from typing import TYPE_CHECKING, Any, NamedTuple, Self

import msgpack
import zstandard

from uringlab.observe.recording.error import RecordingError

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator
    from pathlib import Path

VERSION = 2
"""Of the format, and of `diff`: what an entry tells is worked out when it is read."""
APPLICATION = 0x7572_6C62
"""`urlb`: where `file` looks for whose SQLite file it is."""
_LEVEL = 1
_SIGN = 1 << 63
_TABLES = """
CREATE TABLE about (name TEXT PRIMARY KEY, value) WITHOUT ROWID;
CREATE TABLE chunk (number INTEGER PRIMARY KEY, first_event INTEGER NOT NULL,
    keyframe BLOB NOT NULL);
CREATE UNIQUE INDEX chunk_by_event ON chunk (first_event);
CREATE TABLE block (number INTEGER PRIMARY KEY, chunk INTEGER NOT NULL,
    first_event INTEGER NOT NULL, events INTEGER NOT NULL, errors INTEGER NOT NULL,
    first_ns INTEGER NOT NULL, last_ns INTEGER NOT NULL, entries BLOB NOT NULL);
CREATE INDEX block_by_chunk ON block (chunk);
CREATE UNIQUE INDEX block_by_event ON block (first_event, number);
CREATE INDEX block_by_time ON block (last_ns);
CREATE INDEX block_by_error ON block (number) WHERE errors > 0;
CREATE TABLE request (user_data INTEGER, event INTEGER, name TEXT, PRIMARY KEY (user_data, event))
    WITHOUT ROWID;
CREATE INDEX request_by_name ON request (name, event) WHERE name IS NOT NULL;
"""


class Block(NamedTuple):
    """Entries that were written together, and what is known without reading them."""

    chunk: int
    first_event: int
    events: int
    errors: int
    first_ns: int
    last_ns: int
    entries: bytes


def pack(plain: object) -> bytes:
    """Plain values to compressed bytes. Bytes that were no text keep what they are.

    Raises:
        UnicodeEncodeError: a text has half a character in it, which no bytes stand for.
    """
    packer = zstandard.ZstdCompressor(level=_LEVEL, write_checksum=True)
    return packer.compress(msgpack.packb(plain, unicode_errors="surrogateescape"))


def unpack(data: bytes) -> Any:
    """And back.

    Raises:
        RecordingError: these are not the bytes that were written: the checksum says so.
    """
    try:
        raw = zstandard.ZstdDecompressor().decompress(data)
    except zstandard.ZstdError as error:
        raise RecordingError(f"a part of the recording is damaged: {error}") from error
    return msgpack.unpackb(raw, strict_map_key=False, unicode_errors="surrogateescape")


class Store:
    """An open recording, to write or to read. Any thread may use it; each use is short.

    Whoever opened it closes it.
    """

    def __init__(self, connection: sqlite3.Connection, where: str) -> None:
        """See `create`, `unseen` and `open`."""
        self._db = connection
        self._lock = threading.RLock()
        self.where = where

    # -- opening ---------------------------------------------------------------------

    @classmethod
    def create(cls, path: Path) -> Self:
        """A new file.

        Raises:
            RecordingError: there is one already, or it cannot be made.
        """
        try:
            path.touch(exist_ok=False)
        except FileExistsError as error:
            raise RecordingError(f"{path} exists already: choose another name") from error
        except OSError as error:
            raise RecordingError(f"cannot make {path}: {error.strerror}") from error
        store = cls(_connect(str(path)), str(path))
        # Readers never stop the writer, and what was committed outlives a kill of the program.
        # (Not a loss of power: that would cost an fsync for each block.)
        store._db.execute("PRAGMA journal_mode = WAL")
        store._db.execute("PRAGMA synchronous = OFF")
        store._make_tables()
        return store

    @classmethod
    def unseen(cls) -> Self:
        """A file without a name, which goes with the program however that ends."""
        store = cls(_connect(""), "")
        store._db.execute("PRAGMA journal_mode = OFF")
        store._make_tables()
        return store

    @classmethod
    def open(cls, path: Path) -> Self:
        """A file that is there, to read. It may still be being written.

        Raises:
            RecordingError: it cannot be read, or it is no recording, or one of another version.
        """
        if not path.is_file():
            what = "is a folder, not a file" if path.is_dir() else "does not exist"
            raise RecordingError(f"{path} {what}")
        try:
            with path.open("rb"):
                pass
            # A program that was killed left its last blocks in the journal beside the file. To
            # take them in SQLite has to write; where it may not, reading alone has to do.
            store = cls(_connect(str(path)), str(path))
            store._check()
        except OSError as error:
            raise RecordingError(f"cannot read {path}: {error.strerror}") from error
        except sqlite3.Error as error:
            raise RecordingError(f"{path} cannot be read as a recording: {error}") from error
        return store

    def _make_tables(self) -> None:
        self._db.executescript(
            f"BEGIN; PRAGMA application_id = {APPLICATION}; PRAGMA user_version = {VERSION};"
            f"{_TABLES} COMMIT;"
        )

    def _check(self) -> None:
        [application] = self._db.execute("PRAGMA application_id").fetchone()
        [version] = self._db.execute("PRAGMA user_version").fetchone()
        if application != APPLICATION:
            self.close()
            raise RecordingError(f"{self.where} is not a recording of uringlab")
        if version != VERSION:
            self.close()
            raise RecordingError(
                f"{self.where} is a recording of version {version}, and this program reads "
                f"version {VERSION}: use the uringlab that made it"
            )

    def finish(self) -> None:
        """All is written: one file from now on, which may be read where nobody may write.

        While somebody else reads it that has to wait: the last reader's `close` does it then.
        """
        with self._lock, suppress(sqlite3.OperationalError):
            self._db.execute("PRAGMA journal_mode = DELETE")

    def close(self) -> None:
        """Close it. Twice is once."""
        with self._lock:
            self._db.close()

    # -- writing ----------------------------------------------------------------------

    @contextmanager
    def writing(self) -> Iterator[Self]:
        """All or nothing of what is written meanwhile.

        Raises:
            RecordingError: the disk is full, or the like; nothing of it was written.
        """
        with self._lock:
            try:
                self._db.execute("BEGIN")
                yield self
                self._db.execute("COMMIT")
            except sqlite3.Error as error:
                raise RecordingError(f"cannot write {self.where}: {error}") from error
            finally:
                if self._db.in_transaction:
                    self._db.execute("ROLLBACK")

    def say(self, **facts: object) -> None:
        """Facts about the whole recording; a later one replaces an earlier one."""
        self._db.executemany("INSERT OR REPLACE INTO about VALUES (?, ?)", facts.items())

    def add_chunk(self, number: int, first_event: int, keyframe: bytes) -> None:
        """Begin a chunk. One in which nothing has happened gives way."""
        self._db.execute(
            "INSERT OR REPLACE INTO chunk VALUES (?, ?, ?)", (number, first_event, keyframe)
        )

    def add_block(self, block: Block) -> None:
        """Add to the newest chunk."""
        self._db.execute("INSERT INTO block VALUES (NULL, ?, ?, ?, ?, ?, ?, ?)", block)

    def add_requests(self, rows: Iterable[tuple[int, int]]) -> None:
        """(user_data, number of the event) of requests that were staged."""
        self._db.executemany(
            "INSERT OR IGNORE INTO request VALUES (?, ?, NULL)",
            ((_signed(user_data), event) for user_data, event in rows),
        )

    def name_request(self, user_data: int, name: str) -> None:
        """What the newest request of that user_data is called."""
        self._db.execute(
            "UPDATE request SET name = ?2 WHERE user_data = ?1 AND event = "
            "(SELECT max(event) FROM request WHERE user_data = ?1)",
            (_signed(user_data), name),
        )

    def drop_before(self, chunk: int, first_event: int) -> None:
        """Take away what is older."""
        self._db.execute("DELETE FROM chunk WHERE number < ?", (chunk,))
        self._db.execute("DELETE FROM block WHERE chunk < ?", (chunk,))
        self._db.execute("DELETE FROM request WHERE event < ?", (first_event,))

    # -- reading ------------------------------------------------------------------------

    def about(self) -> dict[str, Any]:
        """Every fact about the whole."""
        return dict(self._all("SELECT name, value FROM about"))

    def ends(self) -> tuple[int, int, int, int]:
        """(first event, events, first_ns, last_ns) of all there is; zeros if it is empty."""
        first = self._one("SELECT first_event FROM chunk ORDER BY number LIMIT 1")
        start = self._one("SELECT first_ns FROM block WHERE events > 0 ORDER BY number LIMIT 1")
        last = self._one(
            "SELECT first_event + events, last_ns FROM block ORDER BY number DESC LIMIT 1"
        )
        if first is None or start is None or last is None:
            at = first[0] if first else 0
            return at, at, 0, 0
        return first[0], last[0], start[0], last[1]

    def chunk_of(self, event: int) -> tuple[int, int, bytes] | None:
        """(number, first event, keyframe) of the chunk with that event, or of the nearest."""
        found = self._one(
            "SELECT * FROM chunk WHERE first_event <= ? ORDER BY first_event DESC LIMIT 1", event
        )
        if found is None:
            found = self._one("SELECT * FROM chunk ORDER BY number LIMIT 1")
        return found and (found[0], found[1], found[2])

    def first_event_of(self, chunk: int) -> int | None:
        """The number of the event that a chunk begins with."""
        found = self._one("SELECT first_event FROM chunk WHERE number = ?", chunk)
        return found[0] if found else None

    def blocks_of(self, chunk: int, skip: int = 0) -> list[bytes]:
        """The entries of a chunk's blocks, in order, but for the first ones."""
        rows = self._all(
            "SELECT entries FROM block WHERE chunk = ? ORDER BY number LIMIT -1 OFFSET ?",
            chunk,
            skip,
        )
        return [row[0] for row in rows]

    def event_at(self, time_ns: int) -> int | None:
        """The first event of the first block that ends after a time; None: all ended before."""
        found = self._one(
            "SELECT first_event FROM block WHERE last_ns > ? ORDER BY last_ns, number LIMIT 1",
            time_ns,
        )
        return found[0] if found else None

    def with_errors(self, event: int, *, backwards: bool) -> tuple[int, int] | None:
        """(first event, end) of the nearest block with an error.

        The nearest that ends after an event, or, backwards, begins before it.
        """
        here = self._one(
            "SELECT number FROM block WHERE first_event <= ? "
            "ORDER BY first_event DESC, number DESC LIMIT 1",
            event,
        )
        # Numbers of blocks grow with those of events: the index on errors is walked from here.
        text = "number <= ? ORDER BY number DESC" if backwards else "number >= ? ORDER BY number"
        for first, end in self._all(
            f"SELECT first_event, first_event + events FROM block WHERE errors > 0 AND {text} LIMIT 2",  # noqa: S608, E501 - one of two texts of our own
            here[0] if here else 0,
        ):
            if (first < event) if backwards else (end > event):
                return first, end
        return None

    def staged(self, event: int, *, name: str = "", user_data: int = 0) -> int | None:
        """The number of the first event from there on that staged such a request."""
        where, what = ("name = ?", name) if name else ("user_data = ?", _signed(user_data))
        found = self._one(
            f"SELECT event FROM request WHERE {where} AND event >= ? ORDER BY event LIMIT 1",  # noqa: S608 - one of two texts of our own
            what,
            event,
        )
        return found[0] if found else None

    def bytes_used(self) -> int:
        """How big it is."""
        [pages] = self._one("PRAGMA page_count") or (0,)
        [free] = self._one("PRAGMA freelist_count") or (0,)
        [size] = self._one("PRAGMA page_size") or (0,)
        return int((pages - free) * size)

    def _all(self, text: str, *values: object) -> list[Any]:
        with self._lock:
            try:
                return self._db.execute(text, values).fetchall()
            except sqlite3.Error as error:
                raise RecordingError(f"cannot read {self.where}: {error}") from error

    def _one(self, text: str, *values: object) -> Any:
        found = self._all(text, *values)
        return found[0] if found else None


def _connect(name: str) -> sqlite3.Connection:
    # No transactions of its own, and our lock in place of its "same thread" rule.
    return sqlite3.connect(name, isolation_level=None, check_same_thread=False)


def _signed(user_data: int) -> int:
    """SQLite's integers are signed."""
    return user_data - 2 * _SIGN if user_data >= _SIGN else user_data
