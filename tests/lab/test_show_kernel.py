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
    def busy(source, local):
        return truths_of(source, local, lambda _pid, _fd: parse("pos:\t0\n"))

    monkeypatch.setattr(kernel, "truths_of", busy)
    shown = session("show kernel")
    tail = next(line for line in shown.splitlines() if line.strip().startswith("SQ tail"))
    assert tail.split()[-1] == "unknown"
    assert f"what the kernel says is unknown: {BUSY}" in shown


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
