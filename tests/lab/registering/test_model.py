"""What the session remembers of the tables is what the kernel says of them, whatever was done."""

import os
from collections import deque
from contextlib import suppress

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from uringlab.lab import LineError, Session
from uringlab.observe.fdinfo import read

EXAMPLES = int(os.environ.get("FUZZ_EXAMPLES", "400")) // 16
FEW = settings(max_examples=EXAMPLES, deadline=None, suppress_health_check=list(HealthCheck))
PLACE = st.integers(0, 5)
FILES = st.lists(st.sampled_from(["f", "rd", "none", "skip", "999"]), min_size=1, max_size=3)
BUFFERS = st.lists(st.sampled_from(["b0", "b1", "none", "bad"]), min_size=1, max_size=3)
FILE_LINES = st.one_of(
    st.builds(lambda at, fds: f"register files_update {at} {','.join(fds)}", PLACE, FILES),
    st.builds("do openat notes.txt slot={}".format, PLACE),
    st.builds("do close slot={}".format, PLACE),
    st.builds("do close fixed:{}".format, PLACE),
    st.builds("do files_update f,rd slot={}".format, PLACE),
    st.builds("do op_pipe slot={}".format, PLACE),
    st.sampled_from(
        [
            *("do openat notes.txt slot=alloc", "do files_update f,rd slot=alloc"),
            *("do op_pipe slot=alloc", "do socket inet stream slot=alloc", "do openat no slot=1"),
            *("register file_alloc_range 1 3", "unregister files", "register files f,none,rd"),
            *("register files sparse=5", "openat notes.txt slot=2; drop f; submit; reap"),
        ]
    ),
)
BUFFER_LINES = st.one_of(
    st.builds(lambda at, names: f"register buffers_update {at} {','.join(names)}", PLACE, BUFFERS),
    st.builds(lambda names: f"register buffers {','.join(names)}", BUFFERS),
    st.builds("register clone_buffers o place={} count=1 to={} replace=on".format, PLACE, PLACE),
    st.sampled_from(
        [
            "unregister buffers",
            "register buffers sparse=4",
            "drop b1; buf b1 32",
            "register buffers",
        ]
    ),
)


def told(session):
    info = read(os.getpid(), session.ring().ring.fd.number)
    assert not info.busy
    return info


@FEW
@given(st.lists(FILE_LINES, max_size=20))
def test_the_table_of_files_is_remembered_as_it_is(lines):
    with Session() as session:
        session.run('file f notes.txt text="hello"; pipe rd wr; register files sparse=5')
        for line in lines:
            with suppress(LineError):
                session.run(line)
            if "pipe" in line:  # of two places, one may have been filled and emptied again
                session.run("show registered")
            known = session.ring().registered.files
            info = told(session)
            assert len(known) == info.words["UserFiles"]
            assert {at for at, name in enumerate(known) if name} == set(info.files or {}), line


@FEW
@given(st.lists(BUFFER_LINES, max_size=20))
def test_the_table_of_buffers_is_remembered_as_it_is(lines):
    with Session() as session:
        session.run("ring new o; buf b0 64; buf b1 32; register buffers b0,none,b1; ring new r0")
        for line in lines:
            with suppress(LineError):
                session.run(line)
            known = session.ring().registered.buffers
            info = told(session)
            assert len(known) == info.words["UserBufs"]
            mine = {at: (one.address, one.size) for at, one in enumerate(known) if one}
            assert mine == {at: one for at, one in (info.buffers or {}).items() if one[1]}, line


@FEW
@given(st.lists(st.sampled_from(["recv", "recycle", "back 0", "back 1", "add", "advance"])))
def test_buffers_are_picked_in_the_order_in_which_they_were_given_back(steps):
    inside, added, out = deque(range(4)), deque(), []
    with Session() as session:
        session.run("sockets a c; register buf_ring 7 entries=4 size=16")
        for step in steps:
            word, _, at = step.partition(" ")
            if word == "recv":
                session.run('do send a "hello" -> s; drop s')
                said = session("do recv c 5 group=7 -> r")
                if inside:
                    bid = inside.popleft()
                    out.append(bid)
                    assert f"buffer {bid}='hello'" in said
                else:
                    assert "ENOBUFS" in said
            elif word == "back" and int(at) < len(out):
                bid = out.pop(int(at))
                session.run(f"recycle 7 {bid}")
                inside += [*added, bid]
                added.clear()
            elif word == "recycle":
                session.run("recycle 7")
                if out:
                    inside += [*added, *sorted(out)]
                    added.clear()
                    out.clear()
            elif word == "add":
                session.run("buf_ring add 7")
                added += sorted(out)
                out.clear()
            elif word == "advance":
                assert f"moved by {len(added)}" in session("buf_ring advance 7")
                inside += added
                added.clear()
            group = session.ring().registered.groups[7]
            assert group.given_out == tuple(sorted(out))
