"""`sqe`: raw words go to the kernel as they were typed, and can do no harm."""

import pytest

from uringlab.core import ops
from uringlab.core.abi import Opcode
from uringlab.lab import LineError, Session
from uringlab.lab.rawsqe import AT_HOME


@pytest.fixture
def session():
    with Session() as made:
        made.run('file f x text="hello"; buf b0 64; buf b1 8; pipe rd wr')
        yield made


@pytest.mark.parametrize(
    ("words", "outcome"),
    [
        ("200", "res=-EINVAL"),
        ("255 fd=f", "res=-EINVAL"),
        ("nop", "res=0"),
        ("nop flags=0x80", "res=-EINVAL"),
        ("nop ioprio=1", "res=-EINVAL"),
        ("NOP op_flags=0x80000000", "res=-EINVAL"),
        ("read fd=f addr=b0 len=64", "res=5"),
        ("read fd=f addr=b0 len=2 off=3", "res=2"),
        ("read fd=f len=5", "res=-EFAULT"),
        ("read fd=f addr=bad len=5", "res=-EFAULT"),
        ("read fd=999 addr=b0 len=5", "res=-EBADF"),
        ("read addr=b0 len=5", "res=-EBADF"),
        ("read fd=fixed:3 addr=b0 len=5", "res=-EBADF"),
        ("read_fixed fd=f addr=b0 len=5", "res=-EFAULT"),
        ("write fd=rd addr=b0 len=5", "res=-EBADF"),
        ("fsync fd=f op_flags=0xff", "res=-EINVAL"),
        ("timeout addr=bad len=1", "res=-EFAULT"),
        ("async_cancel off=5 op_flags=0xffff", "res=-EINVAL"),
        ("send fd=f addr=b0 len=5", "res=-ENOTSOCK"),
        ("0x16 fd=f addr=b0 len=5", "res=5"),
    ],
)
def test_the_kernel_says_what_it_makes_of_it(session, words, outcome):
    session.run(f"do sqe {words} -> r; expect r {outcome}")


def test_the_words_are_in_the_slot_as_they_were_typed(session):
    session.run("sqe 77 fd=-5 len=1 op_flags=2 ioprio=3 buf_index=4 personality=5 -> r")
    session.run('expect r op="OP 77" state=staged')
    words = session.names["r"].request.decoded().words
    assert (words["opcode"], words["fd"], words["len"]) == (77, -5, 1)
    assert (words["op_flags"], words["ioprio"]) == (2, 3)
    assert (words["buf_index"], words["personality"]) == (4, 5)


def test_it_reads_into_the_buffer_and_the_buffer_is_held(session):
    session.run("sqe read fd=rd addr=b0 len=5 -> r; submit; drop b0; buf b0 64")
    session.run('feed wr "there"; wait 1; reap; expect r res=5')
    assert bytes(session.names["b0"].buffer)[:5] == bytes(5)


@pytest.mark.parametrize(
    ("words", "why"),
    [
        ("read fd=f addr=b1 len=9", "no memory object holds 9 bytes there"),
        ("read fd=f addr=bad len=5000", "no memory object holds 5000 bytes there"),
        ("timeout_remove off=4096", "is an address for TIMEOUT_REMOVE"),
        ("200 addr=b0", "may be an address for OP 200"),
        ("200 off=1", "may be an address for OP 200"),
        ("send fd=rd addr=b0 len=1 off=4096", "off is the address of an address"),
        ("readv fd=f addr=b0 len=1", "READV cannot be raw: the memory it points to holds more"),
        ("madvise addr=b0 len=64", "MADVISE cannot be raw"),
        ("provide_buffers addr=b0 len=8", "PROVIDE_BUFFERS cannot be raw: the kernel keeps"),
        ("openat addr=b0", "its words could lead out of the session"),
        ("socket off=3", "its words could lead out of the session"),
        ("files_update addr=b0 len=1", "its words could lead out of the session"),
        ("close fd=f", "its words could lead out of the session"),
        ("nop fd=1", "belongs to this program"),
        ("256", "out of range: 0 to 255"),
        ("-1", "out of range: 0 to 255"),
        ("raed", 'Did you mean "read"?'),
        ("nop flags=256", "does not fit"),
        ("nop addr=f", "is a file, not a buffer"),
    ],
)
def test_what_could_do_harm_is_refused_and_nothing_changes(session, words, why):
    session.run("do nop")
    before = session.current.observer.look().sq_local
    with pytest.raises(LineError) as caught:
        session.run(f"sqe {words} -> r")
    assert why in caught.value.message
    assert session.current.observer.look().sq_local == before
    assert "r" not in session.names


def test_no_other_opcode_can_be_raw(session):
    for opcode in set(Opcode) - AT_HOME:
        with pytest.raises(LineError, match="cannot be raw"):
            session.run(f"sqe {opcode.name}")


def test_what_is_at_home_has_no_operand_that_names_what_is_outside():
    """A new opcode is not at home before somebody has looked at its words."""
    outside = {"PathName", "SocketAddress", "AddressInMessage", "RingFile", "Child", "Room", "Slot"}
    outside |= {"AddressRoom", "Iovecs", "Name"}
    for opcode in AT_HOME - {Opcode.SEND}:  # its address is looked at
        kinds = {type(one.kind).__name__ for one in ops.BY_OPCODE[opcode].operands}
        assert not kinds & outside, opcode.name


def test_minus_one_is_the_files_own_position(session):
    session.run("do sqe read fd=f addr=b0 len=2 off=-1; do sqe read fd=f addr=b0 len=9 off=-1 -> r")
    session.run("expect r res=3")


def test_a_full_queue_is_said(session):
    session.run("ring new r entries=1; nop")
    with pytest.raises(LineError, match="the submission queue is full"):
        session.run("sqe 200")


@pytest.mark.parametrize("line", ["show sq", "show requests", "show r", "explain r", "show sqe 0"])
def test_what_looks_can_look_at_it(session, line):
    session.run("do sqe 200 -> r")
    assert "OP 200" in session(line)
