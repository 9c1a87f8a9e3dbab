"""The file that a recording lies in: what can be wrong with it is said."""

import os
import sqlite3
import tempfile
from pathlib import Path

import pytest

from uringlab.observe.recording.error import RecordingError
from uringlab.observe.recording.recording import Recording
from uringlab.observe.recording.store import Block, Store, pack, unpack

NOBODY = 65_534


@pytest.fixture
def path(tmp_path):
    return tmp_path / "a.uringrec"


def block(chunk, first, events=1, errors=0, ns=1):
    return Block(chunk, first, events, errors, ns, ns + events, pack([]))


def test_what_is_there_already_is_not_written_over(path):
    path.write_text("mine")
    with pytest.raises(RecordingError, match="exists already: choose another name"):
        Store.create(path)
    assert path.read_text() == "mine"


def test_a_folder_that_is_not_there_is_told(tmp_path):
    with pytest.raises(RecordingError, match="No such file or directory"):
        Store.create(tmp_path / "none" / "a.uringrec")


@pytest.mark.parametrize(
    ("make", "says"),
    [
        (lambda _path: None, "does not exist"),
        (lambda path: path.mkdir(), "is a folder"),
        (lambda path: path.write_text("no recording, but long enough" * 99), "cannot be read as"),
        (lambda path: path.write_bytes(b""), "is not a recording of uringlab"),
        (lambda path: sqlite3.connect(path).close(), "is not a recording of uringlab"),
    ],
)
def test_what_is_no_recording_is_told_apart(path, make, says):
    make(path)
    with pytest.raises(RecordingError, match=says):
        Recording.open(path)


def test_a_recording_of_another_version_says_which(path):
    Store.create(path).close()
    with sqlite3.connect(path) as database:
        database.execute("PRAGMA user_version = 99")
    database.close()
    with pytest.raises(RecordingError, match="version 99, and this program reads version 2"):
        Recording.open(path)


def test_an_empty_recording_has_nothing_and_says_so(path):
    store = Store.create(path)
    store.close()
    with Recording.open(path) as recording:
        assert (recording.first, recording.count, recording.first_ns) == (0, 0, 0)
        assert list(recording.events(0, 9)) == []
        with pytest.raises(RecordingError, match="there is nothing in"):
            recording.moment(0)


def test_writing_is_all_or_nothing(path):
    store = Store.create(path)

    def half():
        with store.writing():
            store.add_chunk(0, 0, b"")
            raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        half()
    assert store.chunk_of(0) is None
    with store.writing():
        store.add_chunk(0, 0, b"")
    assert store.chunk_of(0) == (0, 0, b"")
    store.close()


def test_the_nearest_block_with_an_error_is_found_both_ways(path):
    store = Store.create(path)
    with store.writing():
        store.add_chunk(0, 0, b"")
        for number in range(20):
            store.add_block(block(0, number * 10, 10, errors=number in (3, 4, 15), ns=number * 10))
    assert store.with_errors(0, backwards=False) == (30, 40)
    assert store.with_errors(35, backwards=False) == (30, 40)
    assert store.with_errors(40, backwards=False) == (40, 50)
    assert store.with_errors(50, backwards=False) == (150, 160)
    assert store.with_errors(160, backwards=False) is None
    assert store.with_errors(199, backwards=True) == (150, 160)
    assert store.with_errors(150, backwards=True) == (40, 50)
    assert store.with_errors(30, backwards=True) is None
    store.close()


def test_a_request_is_found_by_number_and_by_name_from_a_place_on(path):
    store = Store.create(path)
    with store.writing():
        store.add_requests([(5, 10), (5, 20), (2**64 - 1, 30)])
        store.name_request(5, "late")
    assert store.staged(0, user_data=5) == 10
    assert store.staged(11, user_data=5) == 20
    assert store.staged(21, user_data=5) is None
    assert store.staged(0, user_data=2**64 - 1) == 30
    assert store.staged(0, name="late") == 20
    assert store.staged(0, name="nobody") is None
    store.close()


def test_damage_is_noticed(path):
    whole = pack(["something", b"that is long enough to be", 3])
    assert unpack(whole) == ["something", b"that is long enough to be", 3]
    harmless = []
    for at in range(len(whole)):
        broken = bytearray(whole)
        broken[at] ^= 0x10
        try:
            found = unpack(bytes(broken))
        except RecordingError as error:
            assert "damaged" in str(error)
        else:  # a bit of the frame's head that means nothing
            assert found == unpack(whole)
            harmless.append(at)
    assert len(harmless) <= 1


@pytest.mark.skipif(os.geteuid() != 0, reason="must be root to become nobody")
def test_a_recording_is_read_where_nobody_may_write(path, in_child):
    store = Store.create(path)
    with store.writing():
        store.add_chunk(0, 0, pack([[], [[0, 0, 0], [], [], [], []], ""]))
        store.add_block(block(0, 0, 0))
    store.finish()
    store.close()
    for folder in path.parents:  # how deep it lies depends on how the tests are run
        if folder == Path(tempfile.gettempdir()):
            break
        folder.chmod(0o755)
    path.chmod(0o444)

    def read():
        os.setuid(NOBODY)
        with Recording.open(path) as recording:
            return recording.moment(0).number

    assert in_child(read) == "0"
