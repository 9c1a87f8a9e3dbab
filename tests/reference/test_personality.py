"""The behaviours of liburing's test `personality`: a request runs with rights that were kept."""

from __future__ import annotations

import errno
import os

import pytest
from ring_kinds import one, run

from uringlab import SqeFlags, ops

SOMEBODY = 1000
NOBODYS = 2
"""An id that no personality has here."""


@pytest.fixture(autouse=True)
def _root():
    if os.geteuid() != 0:
        pytest.skip("needs root")


@pytest.fixture
def path(tmp_path):
    """A file that only its owner can open, and that is root."""
    path = tmp_path / "file"
    path.touch(0o600)
    return path


@pytest.fixture
def as_somebody():
    """`with as_somebody():` the process has given its rights away, for a while."""

    class Somebody:
        def __enter__(self):
            os.seteuid(SOMEBODY)

        def __exit__(self, *_):
            os.seteuid(0)

    yield Somebody
    os.seteuid(0)


def opened(ring, path, **how):
    """What comes of opening it; closed at once."""
    res = one(ring, ops.Openat(path, user_data=1, **how)).res
    if res < 0:
        return res
    os.close(res)
    return 0


def test_with_its_own_rights_the_file_opens(ring, path):
    assert opened(ring, path) == 0


@pytest.mark.not_on(SQPOLL="the poll thread has the rights with which the ring was made")
def test_with_the_rights_of_the_moment_it_does_not(ring, path, as_somebody):
    with as_somebody():
        assert opened(ring, path) == -errno.EACCES


@pytest.mark.only_on("SQPOLL", why="on others whoever submits gives its rights")
def test_a_poll_thread_goes_on_with_the_rights_with_which_the_ring_was_made(
    ring, path, as_somebody
):
    with as_somebody():
        assert opened(ring, path) == 0


def test_with_the_rights_that_were_kept_it_opens_again(ring, path, as_somebody):
    kept = ring.personalities.register()
    with as_somebody():
        assert opened(ring, path, personality=kept) == 0
        assert opened(ring, path, personality=kept, flags=SqeFlags.ASYNC) == 0
    ring.personalities.unregister(kept)
    assert opened(ring, path, personality=kept) == -errno.EINVAL


def test_they_hold_in_the_middle_of_a_chain(ring, path, as_somebody):
    kept = ring.personalities.register()
    with as_somebody():
        nop, opening = run(
            ring,
            ops.Nop(user_data=1, flags=SqeFlags.IO_LINK),
            ops.Openat(path, user_data=2, personality=kept),
        )
    assert nop.res == 0
    assert opening.res >= 0
    os.close(opening.res)
    ring.personalities.unregister(kept)


def test_lesser_rights_can_be_kept_as_well(ring, path, as_somebody):
    with as_somebody():
        kept = ring.personalities.register()
    assert opened(ring, path, personality=kept) == -errno.EACCES
    assert opened(ring, path) == 0


def test_rights_that_were_not_kept_are_refused(ring, path):
    assert opened(ring, path, personality=NOBODYS) == -errno.EINVAL


def test_what_was_not_kept_cannot_be_forgotten(ring):
    with pytest.raises(OSError, match="EINVAL: the ring has no personality with that id"):
        ring.personalities.unregister(NOBODYS)
