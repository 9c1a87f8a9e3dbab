"""What an explanation says of the running kernel and of the ring in use is true."""

from __future__ import annotations

import pytest

from uringlab import IoUring
from uringlab.core import probe
from uringlab.core.abi import Features, Opcode, RegisterOp, SetupFlags, SqeFlags
from uringlab.core.errors import NotSupported
from uringlab.core.register.query import query
from uringlab.lab import Session
from uringlab.lab.explain import here


@pytest.fixture
def session():
    with Session() as made:
        yield made


def has(said: str) -> bool:
    assert ("This kernel has it." in said) != ("does not have it" in said)
    return "This kernel has it." in said


def test_an_opcode_is_there_as_the_probe_says(session):
    with IoUring(1) as ring:
        known = probe.supported_opcodes(ring)
    for opcode in Opcode:
        assert has(session(f"explain {opcode.kernel_name}")) == (int(opcode) in known)


def test_a_register_call_is_there_as_the_kernel_answers(session):
    known = probe.register_ops()
    for call in RegisterOp:
        assert has(session(f"explain {call.kernel_name}")) == (int(call) in known)


def test_a_setup_flag_is_there_if_a_ring_can_be_made_with_it(session):
    known = probe.setup_flags()
    for flag in SetupFlags:
        assert has(session(f"explain {flag.kernel_name}")) == bool(flag & known)


def test_a_feature_is_there_if_a_ring_has_it(session):
    with IoUring(1) as ring:
        for feature in Features:
            said = has(session(f"explain {feature.kernel_name}"))
            assert said == bool(feature & ring.params.features)


def test_a_question_is_answered_as_the_kernel_answers_it(session):
    try:
        known = query()
    except NotSupported:
        assert not has(session("explain IO_URING_QUERY_OPCODES"))
        return
    assert has(session("explain IO_URING_QUERY_OPCODES"))
    assert has(session("explain IO_URING_QUERY_ZCRX")) == (known.zcrx is not None)
    assert has(session("explain IO_URING_QUERY_SCQ")) == (known.scq is not None)


def test_a_flag_that_is_in_the_headers_and_refused_is_tried(session):
    refused = "EINVAL" in session(
        "pipe rd wr; do poll_add wr poll_events=out level=on multishot=on"
    )
    assert has(session("explain IORING_POLL_ADD_LEVEL")) != refused


def test_a_setup_flag_says_how_the_ring_in_use_was_made(session):
    assert "r0" not in session("explain IORING_SETUP_CLAMP")
    session.run("ring new r0; ring new r1 flags=clamp")
    assert "r1 was made with it." in session("explain IORING_SETUP_CLAMP")
    assert "r1 was made without it." in session("explain IORING_SETUP_SUBMIT_ALL")
    session.run("ring use r0")
    assert "r0 was made without it." in session("explain IORING_SETUP_CLAMP")
    assert "r0 has it." in session("explain IORING_FEAT_SINGLE_MMAP")


def test_a_word_of_the_ring_says_whether_it_is_set_now(session):
    session.run("ring new r0 entries=1 cq=1; nop; submit")
    assert "In r0 it is not set now." in session("explain IORING_SQ_CQ_OVERFLOW")
    session.run("nop; submit")
    assert "In r0 it is set now." in session("explain IORING_SQ_CQ_OVERFLOW")
    session.run("reap; enter flags=getevents; reap")
    assert "In r0 it is not set now." in session("explain IORING_SQ_CQ_OVERFLOW")


def test_what_cannot_be_asked_is_judged_by_the_number_and_that_is_said(session, monkeypatch):
    assert "cannot be asked; by its number" in session("explain IORING_POLL_ADD_MULTI")
    monkeypatch.setattr("platform.release", lambda: "5.10.0-9-amd64")
    assert "(5.10.0) it is too old for it" in session("explain IORING_POLL_ADD_MULTI")
    assert "(5.10.0) it has it" in session("explain IORING_TIMEOUT_ABS")


def test_an_older_kernel_cannot_be_asked_for_sqe_flags(monkeypatch):
    monkeypatch.setattr(here, "_query", lambda: None)
    assert here.kernel_has(SqeFlags.ASYNC) is None
    assert here.kernel_has(SetupFlags.CLAMP) is True


def test_where_no_ring_can_be_had_that_is_said(session, monkeypatch):
    def refused() -> Features:
        raise OSError(1, "it is forbidden here")

    monkeypatch.setattr(probe, "features", refused)
    assert "cannot be asked for it now: it is forbidden here" in session("explain nodrop")
