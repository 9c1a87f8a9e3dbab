"""Drives a real ring past the 32-bit wrap of its indices: more than 2³² NOPs. Some ten minutes.

In bulk up to shortly before the wrap, each completion compared; then step by step across it,
each word compared; then in bulk again. A read that holds a buffer is in flight all the time.
"""

from __future__ import annotations

import argparse
import os
import sys
import time

from uringlab import Buffer, CqeBatch, IoUring, Params, Prepared, SqeFlags, StaleSlot, ops
from uringlab.core.abi import Opcode
from uringlab.core.buffers import memory_stats
from uringlab.observe.source import OwnSource

WRAP = 2**32
ENTRIES = 1024  # its SQEs and CQEs fit the processor's caches
BEFORE = 300  # NOPs short of the wrap, where the single steps begin
ODD = 7  # so that the batches do not end at the wrap
STEPS = 2 * BEFORE
PER_STEP = 3
U32 = WRAP - 1
READ = 2**64 - 1


class WrongError(Exception):
    """What the ring's memory says is not what it must say."""


def must(condition: object, what: str) -> None:
    """Stop at the first thing that is not as it must be.

    Raises:
        WrongError: this is one.
    """
    if not condition:
        raise WrongError(what)


class Wrap:
    """One ring, and how many NOPs have gone through it."""

    def __init__(self, entries: int) -> None:
        """Open the ring, and leave a read in flight."""
        self.ring = IoUring(entries, Params(cq_entries=2 * entries))
        self.source = OwnSource("wrap", self.ring)
        self.entries = entries
        self.done = 0  # SQEs; CQEs are one fewer: the read's is still to come
        self.blocks = memory_stats()[0]
        self.reader, self.writer = os.pipe()
        self.ring.sq().push(ops.Read(self.reader, Buffer(8), user_data=READ))
        self.ring.submit()
        self.done += 1

    def bulk(self, count: int) -> None:
        """`count` NOPs in batches of the ring's size; each CQE is compared."""
        full = Prepared(ops.Nop(user_data=number) for number in range(self.entries))
        batch = CqeBatch(self.entries)
        expected = None
        started = said = time.monotonic()
        aim = self.done + count
        while aim - self.done >= self.entries:
            first = self.ring.sq().push_all(full)
            must(first == self.done & U32, f"pushed at {first}, not at {self.done & U32}")
            came = self.ring.submit_and_drain(batch, self.entries)
            must(came == self.entries, f"{came} completions of {self.entries}")
            if expected is None:
                must([cqe[:3] for cqe in batch] == [(n, 0, 0) for n in range(came)], "CQEs")
                expected = bytes(batch)
            must(memoryview(batch) == expected, f"CQEs of the batch before {self.done}")
            self.done += self.entries
            if time.monotonic() - said > 15:  # noqa: PLR2004 (seconds)
                said = time.monotonic()
                rate = (self.done - aim + count) / (said - started)
                left = (aim - self.done) / rate
                print(
                    f"  {self.done:>13,} NOPs, {self.done / WRAP:6.1%} of 2^32, "
                    f"{1e9 / rate:.0f} ns each, {left:.0f} s to go",
                    flush=True,
                )
        for _ in range(aim - self.done):
            self.ring.sq().push(ops.Nop(user_data=5))
            self.ring.submit_and_wait(1)
            must([cqe[:3] for cqe in self.ring.cq()] == [(5, 0, 0)], "a single NOP")
            self.done += 1
        self.words()

    def words(self, staged: int = 0, published: int = 0, posted: int = 0) -> None:
        """Compare every head and tail, given how far each step has come."""
        shot = self.source.sample()
        must(shot is not None, "the ring can be looked at")
        seen = (shot.sq_head, shot.sq_tail, shot.sq_local, shot.cq_head, shot.cq_tail)
        sq, cq = self.done, self.done - 1  # the read has no CQE yet
        wanted = tuple(
            number & U32
            for number in (sq, sq + published, sq + published + staged, cq, cq + posted)
        )
        must(seen == wanted, f"heads and tails are {seen}, and must be {wanted}")

    def step(self, number: int) -> None:
        """Three SQEs, one of them raw, one step at a time, each word looked at."""
        sq, cq = self.ring.sq(), self.ring.cq()
        slot = sq.slot()
        must(slot.index == self.done & U32, "the raw slot's index")
        slot.write(opcode=Opcode.NOP, flags=SqeFlags(0), user_data=number)
        sq.push_all([ops.Nop(user_data=number + 1), ops.Write(self.writer, b"", user_data=9)])
        self.words(staged=PER_STEP)
        must(len(sq) == self.entries - PER_STEP, "free slots")
        must(memory_stats()[0] == self.blocks + 2, "the read's block and the write's are held")
        must(sq.publish() == PER_STEP, "publish")
        try:
            slot.write(user_data=1)
        except StaleSlot:
            pass
        else:
            must(condition=False, what="a published slot could be written")
        self.words(published=PER_STEP)
        must(self.ring.enter(PER_STEP) == PER_STEP, "enter")
        self.done += PER_STEP
        wanted = [(number, 0, 0), (number + 1, 0, 0), (9, 0, 0)]
        must([cqe[:3] for cqe in cq.peek()] == wanted, "peek")
        must(cq.ready() == PER_STEP, "ready")
        cq.advance(1)
        must([cqe[:3] for cqe in cq.drain()] == wanted[1:], "drain")
        must(memory_stats()[0] == self.blocks + 1, "the write's block is free")
        self.words()

    def finish(self) -> None:
        """The read that was in flight all the time gets its data; the ring is closed."""
        os.write(self.writer, b"at last")
        must([cqe[:2] for cqe in self.ring.cq(1)] == [(READ, 7)], "the read")
        must(memory_stats()[0] == self.blocks, "its block is free")
        self.ring.close()
        os.close(self.reader)
        os.close(self.writer)


def main() -> int:
    """Drive it, and say what was seen."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--entries", type=int, default=ENTRIES)
    parser.add_argument("--to", type=int, default=WRAP, help="where the wrap is; less: a rehearsal")
    args = parser.parse_args()
    started = time.monotonic()
    wrap = Wrap(args.entries)
    wrap.bulk(args.to - BEFORE - ODD)
    print(f"step by step from {wrap.done:#x}", flush=True)
    for number in range(STEPS // PER_STEP):
        wrap.step(number)
    print(f"step by step to   {wrap.done:#x}", flush=True)
    wrap.bulk(4 * args.entries + ODD)
    wrap.finish()
    print(
        f"{wrap.done:,} SQEs, {wrap.done - args.to:,} past {args.to:#x}: every CQE and every head "
        f"and tail as it must be, in {time.monotonic() - started:.0f} s"
    )
    return 0


if __name__ == "__main__":
    sys.exit(main())
