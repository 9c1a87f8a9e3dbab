"""`show kernel`, at the prompt."""

import json

import pytest

from uringlab.lab.session import Session
from uringlab.lab.verbs import kernel
from uringlab.observe.fdinfo import parse
from uringlab.observe.truths import BUSY, truths_of


@pytest.fixture
def session():
    with Session() as session:
        yield session


def test_it_shows_three_columns_and_says_what_differs(session):
    session.run("nop")
    shown = session("show kernel")
    lines = shown.splitlines()
    assert lines[1].split() == ["library", "shared", "kernel"]
    tail = next(line for line in lines if line.strip().startswith("SQ tail"))
    assert tail.split()[-3:] == ["1", "0", "0"]
    assert "≠ local SQ tail 1, shared 0: 1 staged" in shown


def test_it_says_so_when_the_three_agree(session):
    session.run("do nop")
    assert session("show kernel").endswith("the three agree")


def test_what_is_unknown_is_said_to_be(session, monkeypatch):
    def busy(source, local, before):
        return truths_of(source, local, lambda _pid, _fd: parse("pos:\t0\n"), before)

    monkeypatch.setattr(kernel, "truths_of", busy)
    shown = session("show kernel")
    tail = next(line for line in shown.splitlines() if line.strip().startswith("SQ tail"))
    assert tail.split()[-1] == "unknown"
    assert f"what the kernel says is unknown: {BUSY}" in shown
    assert shown.endswith("the library and the shared memory agree")
    assert "the three agree" not in shown


def test_a_program_gets_plain_values(session):
    session.run("nop")
    [reply] = session.run("show kernel")
    told = json.loads(json.dumps(reply.json))["truths"]
    assert told["ring"] == "r0"
    assert told["rows"][0] == {
        "what": "SQ tail",
        "library": 1,
        "shared": 0,
        "kernel": 0,
        "note": "",
    }
    assert told["polls"] == []
    assert told["unknown"] == ""


def test_the_kernels_lists_are_told_by_name(session):
    session.run("ring new r0 entries=4; pipe rd wr; poll_add rd; submit")
    session.current.ring.files.sparse(3)
    session.current.ring.files.update(1, [session.file("rd").fd.number])
    lines = session("show kernel").splitlines()
    assert "  PollList: POLL_ADD" in lines
    [files] = [line for line in lines if line.startswith("  UserFiles")]
    assert "1: pipe:" in files


def test_overflown_cqes_have_their_requests_names_and_long_lists_are_cut(session):
    session.run("ring new r0 entries=8 cq=8")
    for _ in range(3):
        session.run("repeat 8 nop; submit")
    [reply] = session.run("show kernel")
    [line] = [one for one in reply.text.splitlines() if one.startswith("  CqOverflowList")]
    assert line.startswith("  CqOverflowList: r9 res=0, r10 res=0")
    assert line.endswith("… 8 more")
    assert len(reply.json["truths"]["overflow"]) == 16


def test_what_a_file_is_called_is_not_obeyed_by_the_terminal(session, tmp_path):
    with (tmp_path / "\x1b[2Jgone\x85").open("w") as file:
        session.ring().ring.files.register([file.fileno()])
        shown = session("show kernel")
    assert "\\x1b[2Jgone\\x85" in shown
    assert all(one.isprintable() or one == "\n" for one in shown)


def test_the_text_and_the_values_are_of_one_look(session, monkeypatch):
    asked = []

    def counted(*args, **more):
        asked.append(args)
        return truths_of(*args, **more)

    monkeypatch.setattr(kernel, "truths_of", counted)
    session.run("show kernel")
    assert len(asked) == 1
