"""FUTEX_WAIT, FUTEX_WAKE, FUTEX_WAITV."""

from __future__ import annotations

import errno
import threading

import pytest

from uringlab import Buffer, IoUring, OperandError, ops
from uringlab.core.abi import FUTEX_WAITV_MAX, Futex2Flags, Opcode
from uringlab.core.buffers import BadPage, memory_stats

U32 = Futex2Flags.SIZE_U32


def examples():
    return [
        (ops.FutexWait(Buffer(4), 7, mask=3), "FUTEX_WAIT futex=0x"),
        (
            ops.FutexWake(Buffer(4), val=2),
            "FUTEX_WAKE futex=0x",
        ),
        (ops.FutexWaitv([Buffer(4), Buffer(8)]), "FUTEX_WAITV futexes=2 at 0x"),
    ]


@pytest.fixture(autouse=True)
def _known(requires):
    requires(opcode=Opcode.FUTEX_WAITV)


def word(value=0):
    return Buffer.of(value.to_bytes(4, "little"))


def results(ring, count):
    return sorted(cqe[:2] for cqe in ring.cq(count, timeout=5))


def test_a_wait_ends_when_somebody_wakes(ring):
    futex = word()
    ring.sq().push(ops.FutexWait(futex, 0, user_data=1))
    ring.submit()
    assert not ring.cq()
    ring.sq().push(ops.FutexWake(futex, user_data=2))
    ring.submit()
    assert results(ring, 2) == [(1, 0), (2, 1)]


def test_it_is_woken_from_another_ring_in_another_thread(ring):
    futex = word(5)
    ring.sq().push(ops.FutexWait(futex, 5, user_data=1))
    ring.submit()
    woken = []

    def wake():
        with IoUring(2) as other:
            other.sq().push(ops.FutexWake(futex))
            other.submit_and_wait(1, timeout=5)
            woken.extend(cqe.res for cqe in other.cq())

    thread = threading.Thread(target=wake)
    thread.start()
    assert results(ring, 1) == [(1, 0)]
    thread.join()
    assert woken == [1]


def test_a_wait_for_another_value_than_there_is_does_not_wait(run):
    assert run(ops.FutexWait(word(1), 0)) == -errno.EAGAIN
    assert run(ops.FutexWake(word(1))) == 0


def test_so_many_are_woken_as_were_asked_for(ring, run):
    futex = word()
    for number in range(3):
        ring.sq().push(ops.FutexWait(futex, 0, user_data=number))
    ring.submit()
    ring.sq().push(ops.FutexWake(futex, val=2, user_data=9))
    ring.submit()
    assert results(ring, 3) == [(0, 0), (1, 0), (9, 2)]
    assert run(ops.FutexWake(futex, val=0, user_data=9)) == 0


def test_masks_say_who_is_meant(ring, run):
    futex = word()
    ring.sq().push(ops.FutexWait(futex, 0, mask=0b01, user_data=1))
    ring.submit()
    assert run(ops.FutexWake(futex, mask=0b10)) == 0
    ring.sq().push(ops.FutexWake(futex, mask=0b11, user_data=2))
    ring.submit()
    assert results(ring, 2) == [(1, 0), (2, 1)]
    assert run(ops.FutexWait(futex, 0, mask=0)) == -errno.EINVAL


def test_private_and_shared_futexes_are_not_the_same(ring, run):
    futex = word()
    ring.sq().push(ops.FutexWait(futex, 0, futex_flags=U32, user_data=1))
    ring.submit()
    assert run(ops.FutexWake(futex)) == 0
    ring.sq().push(ops.FutexWake(futex, futex_flags=U32, user_data=2))
    ring.submit()
    assert results(ring, 2) == [(1, 0), (2, 1)]


def test_the_word_of_a_wait_is_held_until_it_ends(ring, collect):
    before = memory_stats()[0]
    ring.sq().push(ops.FutexWait(word(), 0, user_data=1))
    ring.submit()
    collect()
    assert memory_stats()[0] == before + 1
    ring.sq().push(ops.AsyncCancel(1, user_data=2))
    ring.submit()
    waited, cancel = results(ring, 2)
    assert waited == (1, -errno.ECANCELED)
    assert cancel in {(2, 0), (2, 1)}  # here some kernels count
    assert memory_stats()[0] == before


def test_a_wake_holds_its_word(run_forgotten):
    assert run_forgotten(lambda: ops.FutexWake(word()), held=1) == 0


@pytest.mark.parametrize("which", [0, 1, 2])
def test_a_wait_on_several_tells_which_was_woken(ring, which):
    whole = Buffer(12)
    futexes = [whole.part(at, 4) for at in (0, 4, 8)]
    ring.sq().push(ops.FutexWaitv(futexes, user_data=1))
    ring.submit()
    assert not ring.cq()
    ring.sq().push(ops.FutexWake(futexes[which], user_data=2))
    ring.submit()
    assert results(ring, 2) == [(1, which), (2, 1)]


def test_a_wait_on_several_holds_the_words_and_copies_the_list(ring, collect):
    before = memory_stats()[0]
    ring.sq().push(ops.FutexWaitv([word(), word(), word()], user_data=1))
    ring.submit()
    collect()
    assert memory_stats()[0] == before + 3
    ring.sq().push(ops.AsyncCancel(1, user_data=2))
    ring.submit()
    waited, cancel = results(ring, 2)
    assert waited == (1, -errno.ECANCELED)
    assert cancel in {(2, 0), (2, 1)}  # here some kernels count
    assert memory_stats()[0] == before


def test_each_of_several_has_a_value_of_its_own(ring, run):
    futexes = [word(1), word(2)]
    assert run(ops.FutexWaitv(futexes, val=[1, 1])) == -errno.EAGAIN
    ring.sq().push(ops.FutexWaitv(futexes, val=[1, 2], user_data=1))
    ring.submit()
    ring.sq().push(ops.FutexWake(futexes[1], user_data=2))
    ring.submit()
    assert results(ring, 2) == [(1, 1), (2, 1)]


def test_so_many_as_the_kernel_takes(ring):
    futexes = [Buffer(4 * FUTEX_WAITV_MAX).part(4 * at, 4) for at in range(FUTEX_WAITV_MAX)]
    ring.sq().push(ops.FutexWaitv(futexes, user_data=1))
    ring.submit()
    ring.sq().push(ops.FutexWake(futexes[-1], user_data=2))
    ring.submit()
    assert results(ring, 2) == [(1, FUTEX_WAITV_MAX - 1), (2, 1)]


def test_a_word_that_cannot_be_one_is_refused_by_the_kernel(run):
    assert run(ops.FutexWait(Buffer(8).part(1, 4), 0)) == -errno.EINVAL
    assert run(ops.FutexWait(word(), 0, futex_flags=Futex2Flags.PRIVATE)) == -errno.EINVAL
    assert run(ops.FutexWait(BadPage(), 0)) == -errno.EFAULT


@pytest.mark.parametrize(
    "make",
    [
        lambda: ops.FutexWait(Buffer(3), 0),
        lambda: ops.FutexWait(b"\0\0\0\0", 0),
        lambda: ops.FutexWait(Buffer(4), 2**32),
        lambda: ops.FutexWait(Buffer(4), 0, mask=-1),
        lambda: ops.FutexWait(Buffer(4), 0, futex_flags=U32 | Futex2Flags.NUMA),
        lambda: ops.FutexWake(Buffer(4), futex_flags=U32 | Futex2Flags.NUMA),
        lambda: ops.FutexWake(0x1000),
        lambda: ops.FutexWaitv([]),
        lambda: ops.FutexWaitv(Buffer(4)),
        lambda: ops.FutexWaitv([b"1234"]),
        lambda: ops.FutexWaitv([Buffer(3)]),
        lambda: ops.FutexWaitv([Buffer(4)], val=[1, 2]),
        lambda: ops.FutexWaitv([Buffer(4)], val=-1),
        lambda: ops.FutexWaitv([Buffer(4)], val="x"),
        lambda: ops.FutexWaitv([Buffer(4)], futex_flags=U32 | Futex2Flags.NUMA),
        lambda: ops.FutexWaitv([Buffer(4)] * 129),
    ],
)
def test_what_does_not_fit_is_refused(make):
    with pytest.raises(OperandError):
        make()


@pytest.mark.parametrize(
    ("first", "flags"), [("start()", "PRIVATE | U32"), ("None", "U32")], ids=["thread", "shared"]
)
def test_a_wait_is_found_after_a_thread_was_started_in_the_two_ways_of_the_docs(
    requires, run_python, first, flags
):
    # A process of its own: the one of the tests has had threads long since.
    requires(opcode=Opcode.FUTEX_WAIT)
    done = run_python(
        f"""
import threading
from uringlab import Buffer, IoUring, ops
from uringlab.core.abi import Futex2Flags
U32, PRIVATE = Futex2Flags.SIZE_U32, Futex2Flags.PRIVATE

def start():
    thread = threading.Thread(target=int)
    thread.start()
    thread.join()

{first}
word = Buffer(4)
with IoUring(8) as ring:
    ring.sq().push(ops.FutexWait(word, 0, futex_flags={flags}, user_data=1))
    ring.submit()
    start()
    ring.sq().push(ops.FutexWake(word, futex_flags={flags}, user_data=2))
    ring.submit_and_wait(2, timeout=20)
    assert {{cqe[:2] for cqe in ring.cq()}} == {{(1, 0), (2, 1)}}
"""
    )
    assert done.returncode == 0, done.stderr
