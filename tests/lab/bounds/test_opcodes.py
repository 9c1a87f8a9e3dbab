"""Opcode by opcode: no path, no address and no fd in an operation leads out."""

import re

import pytest
from hostile import OPS, hostile, kind_of, line, operands, reaches

from uringlab.core.ops.kinds import LinkTarget, PathName, RegisteredFile
from uringlab.lab import LineError
from uringlab.lab.examples import SETUP

ALL = list(hostile())
REFUSED = re.compile(
    "leads out of the session's directory|could lead out|belongs to this program|stays at home|"
    "is where everything lies|expected fds by name"
)


@pytest.fixture
def prepared(session):
    for line_ in SETUP:
        session.run(line_)
    return session


@pytest.mark.parametrize("verb", sorted({verb for verb, _, _ in ALL}))
def test_what_is_not_the_scripts_is_refused(prepared, outside, canary_fd, attack, verb):
    values = {"out": outside.folder, "canary": outside.canary, "fd": canary_fd}
    for _, _, text in [one for one in ALL if one[0] == verb]:
        before = (prepared.ring().observer.look().staged, set(prepared.names))
        with pytest.raises(LineError) as why:
            prepared.run(text.format(**values))
        assert REFUSED.search(why.value.message), f"{text}: {why.value.message}"
        assert why.value.span is not None
        assert (prepared.ring().observer.look().staged, set(prepared.names)) == before
    assert not any("refused" in said for said in attack("submit", "reap"))


def test_every_opcode_that_can_reach_something_has_a_hostile_line():
    reaching = {
        (verb, one.name)
        for verb, one in operands(reaches)
        if not isinstance(kind_of(one), RegisteredFile)
    }
    assert {(verb, name) for verb, name, _ in ALL} == reaching
    assert len({verb for verb, _ in reaching}) > 45


def test_an_opcode_without_any_of_these_has_no_way_out():
    """Whoever adds an opcode says here that it cannot reach anything, or gives it a kind."""
    quiet = set(OPS) - {verb for verb, _ in operands(reaches)}
    assert quiet == {
        "futex_wait",
        "futex_waitv",
        "futex_wake",
        "link_timeout",
        "madvise",
        "poll_remove",
        "provide_buffers",
        "remove_buffers",
        "socket",
        "timeout",
        "timeout_remove",
        "waitid",
    }


@pytest.mark.parametrize(
    ("verb", "one"),
    [
        (verb, one)
        for verb, one in operands(lambda kind: isinstance(kind, PathName))
        if not isinstance(kind_of(one), LinkTarget)
    ],
    ids=lambda found: getattr(found, "name", found),
)
def test_a_link_that_somebody_else_has_put_there_is_not_followed_out(
    prepared, outside, attack, verb, one
):
    (prepared.scratch.path / "out").symlink_to(outside.folder)
    (prepared.scratch.path / "direct").symlink_to(outside.canary)
    for path in ("out/canary", "direct", "out/new"):
        with pytest.raises(LineError, match="leads out of the session's directory"):
            prepared.run(line(verb, one, path))
    attack("submit")
