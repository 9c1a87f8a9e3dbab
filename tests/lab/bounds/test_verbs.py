"""Every other verb that takes a path, an fd or a ring: the same bounds."""

import pytest
from hostile import PATHS

from uringlab import IoUring
from uringlab.lab import LineError
from uringlab.lab.examples import SETUP
from uringlab.lab.values import AddressOf, FileOf, ListOf, Path, RingOf
from uringlab.lab.verbs import standard_table

LINES = {
    ("file", "path"): "file g {path}",
    ("source", "path"): "source {path}",
    ("save", "path"): "save {path}",
    ("record", "path"): "record {path}",
    ("c", "path"): "c {path}",
    ("sqe", "fd"): "sqe write fd={fd} addr=b0 len=5",
    ("register files", "fds"): "register files f,{fd}",
    ("register files_update", "fds"): "register files_update 0 {fd}",
    ("register eventfd", "fd"): "register eventfd {fd}",
    ("register eventfd_async", "fd"): "register eventfd_async {fd}",
    ("register sync_cancel", "fd"): "register sync_cancel fd={fd}",
    ("register send_msg_ring", "ring"): "register send_msg_ring {ring}",
}

REFUSED = "leads out of|belongs to this program|where the program was started"


def reaching():
    for spec in standard_table():
        for one in spec.params:
            value = one.value.each if isinstance(one.value, ListOf) else one.value
            if spec.op is None and isinstance(value, (AddressOf, FileOf, Path, RingOf)):
                yield spec.name, one.name


def test_every_verb_that_can_reach_something_has_a_hostile_line():
    assert set(reaching()) == set(LINES)


@pytest.mark.parametrize("verb", LINES, ids="-".join)
def test_what_is_not_the_scripts_is_refused(session, outside, canary_fd, attack, verb):
    for line in SETUP:
        session.run(line)
    with IoUring(2) as other:
        paths = [one.format(canary=outside.canary) for one in PATHS] if verb[1] == "path" else [""]
        for path in paths:
            text = LINES[verb].format(path=path, fd=canary_fd, ring=other.fd.number)
            names = set(session.names)
            with pytest.raises(LineError, match=REFUSED):
                session.run(text)
            assert set(session.names) == names
        other.sq()
        assert other.cq().peek(1) == []
    attack("submit", "reap")


@pytest.mark.parametrize("verb", ["record", "save", "c"])
def test_a_name_alone_is_for_whoever_types(session, outside, attack, verb):
    session.unattended = True
    session("do nop")
    [said] = attack(f"{verb} new")
    assert "start with --allow-path . to allow it" in said
    session.unattended = False
    (session.scratch.path / "inner").write_text(f"{verb} new\n")
    [said] = attack("source inner")
    assert "start with --allow-path . to allow it" in said
    session(f"{verb} new")
    assert (outside.folder / "new").exists()
