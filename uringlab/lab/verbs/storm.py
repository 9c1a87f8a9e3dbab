"""`storm`: one operation at full speed, so that there is something to watch."""

from __future__ import annotations

import signal
import threading
import time
from functools import partial
from typing import TYPE_CHECKING

from uringlab.core.abi import Opcode
from uringlab.core.errors import RingError, errno_name, errno_text
from uringlab.core.storm import FIRST, SLICE, Ending, Storm, why_not
from uringlab.lab.bounds.guard import needs
from uringlab.lab.errors import GaveUp, LineError
from uringlab.lab.reply import data, note
from uringlab.lab.session import DEFAULT_ENTRIES, GIVE_UP_SIGNAL
from uringlab.lab.spec import CommandSpec, Param
from uringlab.lab.values import Duration, Integer
from uringlab.lab.verbs.operations import build

if TYPE_CHECKING:
    from collections.abc import Iterator

    from uringlab.core.ops.declare import Op
    from uringlab.core.storm import Progress
    from uringlab.lab.names import RingThing
    from uringlab.lab.reply import Reply
    from uringlab.lab.session import Session
    from uringlab.lab.spec import Command

NS = 1_000_000_000
BATCH = 32
MOST = 32_768
"""Slots of the largest submission queue."""
_EVERY = 1.0
"""Seconds between two looks of the storm's own: who watches it looks as often as they like."""
_REST = 20
"""A look at a large ring takes long: so many times as long the storm goes on before the next."""
_UNITS = ((1e9, " G"), (1e6, " M"), (1e3, " k"))


def _storm(session: Session, command: Command) -> Iterator[Reply]:
    if command.inner is None:  # pragma: no cover - the parser has checked
        raise LineError("storm needs an operation")
    op, used = build(session, command.inner)
    refusal = why_not(op) or _out_of_bounds(op)
    if refusal:
        raise LineError(f"{command.inner.spec.name} makes no storm: {refusal}", command.inner.span)
    thing = _ring(session, command)
    first = command.inner.get("user_data", FIRST)
    storm = Storm(
        thing.ring,
        op,
        batch=_batch(command, thing),
        count=command.get("count") or None,
        seconds=command.get("time", 0) / NS or None,
        rate=command.get("rate"),
        first=first,
    )
    session.guard.check_told(range(first, first + storm.names))
    if used.made is not None:
        session.names[used.made.name] = used.made
        session.taken.made(used.made.name, len(used.made.buffer))
        yield note(f"all of them into {used.made.name}")
    slots = thing.ring.params.sq_entries
    if command.get("batch", 0) > slots:
        yield note(
            f"{thing.name} has {slots} SQ slots: {storm.batch} a turn. For more: "
            f"ring new big entries={command.get('batch')}"
        )
    verb = command.inner.spec.name
    failed = _blow(session, thing, storm)
    session.taken.number(storm.progress.done)
    session.taken.waited(storm.batch)
    yield _answer(verb, thing, storm)
    left = _left(thing, storm)
    if failed is not None:
        raise failed
    if storm.ending is Ending.STOPPED:
        raise GaveUp(f"gave up the storm{left and f'; {left}'}")
    if storm.ending is Ending.STRANGER:
        yield note("it ended because a CQE came that is not its own: it is the next to be reaped")
    if left:
        yield note(left)


def _out_of_bounds(op: Op) -> str:
    """The guard follows requests one by one, and not those of a storm."""
    if op.opcode is Opcode.LISTEN or any(True for _ in needs(op)):
        return "what it begins at has to stay open for every single one"
    return ""


def _batch(command: Command, thing: RingThing) -> int:
    """How many in a turn: what was asked for, or what the queue and the count have room for."""
    slots = thing.ring.params.sq_entries
    usual = 1 if command.get("rate") else BATCH
    batch: int = min(command.get("batch", usual), slots)
    return min(batch, command.get("count") or batch)


def _ring(session: Session, command: Command) -> RingThing:
    """The ring in use, with nothing going on in it; the first one is opened as large as need be.

    Raises:
        LineError: something is staged, published, in flight or ready.
    """
    if session.current is None and not session.rings():
        return session.open_ring("r0", max(DEFAULT_ENTRIES, command.get("batch", 0)))
    thing = session.ring()
    shot = thing.observer.look()
    in_flight = session.requests.in_flight(thing.name)
    for count, what, hint in (
        (shot.staged, "staged", "submit"),
        (shot.pending, "published", "enter"),
        (in_flight, "in flight", "async_cancel cancel_flags=ANY|ALL; submit"),
        (shot.ready, "ready to be reaped", "reap"),
    ):
        if count:
            raise LineError(
                f"a storm has its ring to itself, and in {thing.name} {count} "
                f"{'is' if count == 1 else 'are'} {what}",
                command.span,
                hint,
            )
    return thing


def _blow(session: Session, thing: RingThing, storm: Storm) -> Exception | None:
    """Run it to its end. An error is handed back: how far it came is to be told first."""
    blocked = None
    if threading.current_thread() is not threading.main_thread():
        blocked = signal.valid_signals() - {GIVE_UP_SIGNAL, signal.SIGKILL, signal.SIGSTOP}
    session.storm = storm
    session.waiting_for = partial(progress_text, storm)
    look_at = 0.0
    try:
        if session.giving_up.is_set():  # it came before the storm was there to be told
            storm.stop()
        while storm.run(SLICE, blocked):
            began = time.monotonic()
            if began >= look_at:
                thing.observer.look()
                ended = time.monotonic()
                look_at = ended + max(_EVERY, _REST * (ended - began))
    except (OSError, RingError) as error:
        return error
    finally:
        session.storm = None
        session.waiting_for = ""
        thing.observer.look()
    return None


def progress_text(storm: Storm) -> str:
    """`storm: 412,032 of 1,048,576, 1.9 M/s`."""
    now = storm.progress
    of = f" of {storm.count:,}" if storm.count is not None else ""
    failed = f", {now.failed:,} failed" if now.failed else ""
    return f"storm: {now.done:,}{of}, {amount(now.rate)}/s{failed}"


def _answer(verb: str, thing: RingThing, storm: Storm) -> Reply:
    now = storm.progress
    parts = [
        f"{verb}: {now.done:,} done in {_seconds(now.seconds)}, {amount(now.rate)}/s, "
        f"{storm.batch} a turn",
        _results(now),
        *(f"{count:,} × {errno_text(res)}" for res, count in now.errors),
    ]
    if storm.ending not in (None, Ending.ALL):
        parts.append(str(storm.ending))
    return data(
        "  ".join(part for part in parts if part),
        type="storm",
        ring=thing.name,
        op=verb,
        done=now.done,
        seconds=round(now.seconds, 6),
        rate=round(now.rate, 1),
        batch=storm.batch,
        succeeded=now.succeeded,
        failed=now.failed,
        errors={errno_name(res): count for res, count in now.errors},
        smallest=now.smallest,
        largest=now.largest,
        sum=now.sum,
        under_way=now.under_way,
        ending=str(storm.ending or "error"),
    )


def _results(now: Progress) -> str:
    """What the results were, where they say more than that it went well."""
    if not now.largest:
        return ""
    one = now.smallest == now.largest
    return f"res={now.largest if one else f'{now.smallest}…{now.largest}'} (sum {now.sum:,})"


def _left(thing: RingThing, storm: Storm) -> str:
    """What a storm that did not come to its end has left in the ring."""
    count = storm.progress.under_way
    if not count:
        return ""
    shot = thing.observer.snapshot
    still = f"{count} of its requests {'has' if count == 1 else 'have'} no result yet"
    if shot.pending:
        still += f" ({shot.pending} of them published, and not consumed)"
    return f"{still}; wait {count}, or end them: async_cancel cancel_flags=ANY|ALL"


def amount(number: float) -> str:
    """`1.98 M`, `412 k`, `31`."""
    for unit, name in _UNITS:
        if number >= unit:
            scaled = number / unit
            return f"{scaled:.{2 if scaled < 10 else 1 if scaled < 100 else 0}f}{name}"  # noqa: PLR2004
    return f"{number:.0f}" if number >= 10 else f"{number:.2g}"  # noqa: PLR2004


def _seconds(seconds: float) -> str:
    return f"{seconds:.2f} s" if seconds >= 1 else f"{seconds * 1000:.3g} ms"


SPECS = (
    CommandSpec(
        "storm",
        "an operation, again and again at full speed, until it is given up",
        _storm,
        "storm nop count=10k",
        "the steps",
        (
            Param("count", Integer(0, 2**63 - 1), "how many in all; 0: no end", default="0"),
            Param("time", Duration(), "end after that long"),
            Param("batch", Integer(1, MOST), "how many in a turn: submitted, and waited for"),
            Param("rate", Integer(1, NS), "how many a second at most, to watch it slowly"),
        ),
        wraps="OPERATION",
        c="while (!stop) { for (i = 0; i < batch; i++) io_uring_prep_nop(io_uring_get_sqe(&ring)); "
        "io_uring_submit_and_wait(&ring, batch); io_uring_cq_advance(&ring, batch); }",
        more="Its operands may stand before the operation or behind it: storm nop count=1M. Where "
        "the operation has an operand of that name, it is the operation's (storm count=100 timeout "
        "1ms count=3). Each request is a copy with a user_data of its own, from 1000000 on (or "
        "from user_data=…), which is used again after 65536; all share one buffer. The loop is "
        "in C, so whoever looks sees a few of each lap, and how many were missed. Esc in the lab, "
        "or Ctrl-C, ends it at once. Not for what opens or closes files, for multishot requests, "
        "nor for what is about another request.",
    ),
)
