"""The steps that a library hides: publish, enter, submit, wait, peek, reap; and `do`."""

from __future__ import annotations

import errno
import signal
import threading
import time
from typing import TYPE_CHECKING

from uringlab.core.abi import CqeFlags, EnterFlags, Opcode, SetupFlags, SqRingFlags
from uringlab.core.abi.named import flag_names
from uringlab.core.errors import errno_name, errno_text
from uringlab.core.wait import Wait
from uringlab.lab.brought import brought
from uringlab.lab.errnos import FROM_ENTER, IN_IO_URING, clause_of, meaning
from uringlab.lab.errors import GaveUp, LineError
from uringlab.lab.names import RequestThing
from uringlab.lab.reply import data, note, step
from uringlab.lab.spec import CommandSpec, Param
from uringlab.lab.values import Duration, Flags, Integer
from uringlab.lab.verbs.operations import stage
from uringlab.observe.request import State

if TYPE_CHECKING:
    from collections.abc import Iterator

    from uringlab.core.cq import Cqe
    from uringlab.lab.names import RingThing
    from uringlab.lab.reply import Reply
    from uringlab.lab.session import Session
    from uringlab.lab.spec import Command

ENTER_FLAGS = Flags(
    {str(flag.name): int(flag) for flag in EnterFlags},
    {str(flag.name): flag.doc for flag in EnterFlags},
    ("ioring_enter_",),
    width=32,
)
_MINE = (EnterFlags.EXT_ARG, EnterFlags.EXT_ARG_REG, EnterFlags.REGISTERED_RING)
_FLAG_BITS = 0xFFFF
"""Of a CQE's flags: above them is the number of the buffer that was picked."""
_WIDE = 98
"""Columns of a CQE's line, as far as what a failure means is concerned."""
NS = 1_000_000_000


def publish(session: Session) -> int:
    """Local tail to shared tail."""
    thing = session.ring()
    thing.observer.look()
    count = thing.ring.sq().publish()
    thing.observer.look()
    return count


def enter(
    session: Session,
    thing: RingThing,
    to_submit: int,
    min_complete: int = 0,
    flags: EnterFlags = EnterFlags(0),
    timeout_ns: int | None = None,
    place: int | None = None,
) -> int:
    """io_uring_enter, logged. The kernel's -errno is an answer.

    With a place, how to wait is written there, into the ring's registered region.

    While it waits, every signal is blocked but the one that gives up; it is unblocked by the
    kernel in the same step as the wait begins, so it cannot come too early and be lost.

    Raises:
        GaveUp: whoever types gave up the wait.
    """
    ring = thing.ring
    thing.observer.look()
    waits = bool(min_complete and flags & EnterFlags.GETEVENTS)
    wait = None if timeout_ns is None else Wait(timeout=timeout_ns / NS)
    if waits and threading.current_thread() is not threading.main_thread():
        blocked = set(signal.valid_signals()) - {signal.SIGURG, signal.SIGKILL, signal.SIGSTOP}
        timeout = None if timeout_ns is None else timeout_ns / NS
        wait = Wait(timeout=timeout, blocked=blocked)
        session.waiting_for = f"io_uring_enter waits for {min_complete} CQE"
    if place is not None and (region := thing.registered.region) is not None:
        said = wait or Wait()
        wait = region.set(place, timeout=said.timeout, blocked=said.blocked)
    try:
        answer = ring.try_enter(
            to_submit,
            min_complete,
            flags,
            wait=wait,
        )
    finally:
        session.waiting_for = ""
        _note_enter(thing)
    # A wait that is given up ends with EINTR; or with what was submitted, when anything was.
    missing = waits and thing.observer.snapshot.ready < min_complete
    if missing and (answer >= 0 or answer == -errno.EINTR) and session.giving_up.is_set():
        raise GaveUp(_still_waiting(session, thing))
    return answer


def _note_enter(thing: RingThing) -> None:
    """Log the call from the ring's own record: it is there even if an exception is on its way."""
    last = thing.ring.last_enter
    if last is None:  # pragma: no cover - one has just been made
        return
    args = (
        ("fd", thing.ring.fd.number),
        ("to_submit", last.to_submit),
        ("min_complete", last.min_complete),
        ("flags", str(last.flags.name or "0") if last.flags else 0),
    )
    thing.observer.note_call("io_uring_enter", args, last.result, last.ended_ns)


def _still_waiting(session: Session, thing: RingThing) -> str:
    waiting = [
        one.name or str(one.user_data)
        for one in session.requests
        if one.ring == thing.name and one.state is State.IN_FLIGHT
    ]
    rest = f"; still in flight: {', '.join(waiting)}" if waiting else ""
    return f"gave up waiting{rest}"


def _check_enter(answer: int, what: str) -> int:
    """Turn a -errno into the sentence that belongs to io_uring_enter."""
    if answer >= 0:
        return answer
    why = meaning(answer, FROM_ENTER)
    hint = "register enable_rings" if answer == -errno.EBADFD else ""
    text = f"{what}: {errno_text(answer)}" + (f" ({why})" if why else "")
    raise LineError(text, None, hint)


def _publish(session: Session, command: Command) -> Iterator[Reply]:
    count = publish(session)
    shot = session.ring().observer.snapshot
    if count == 0:
        yield note("nothing is staged: the tail stays where it is")
    elif session.ring().ring.params.flags & SetupFlags.SQPOLL:
        asleep = shot.sq_flags & SqRingFlags.NEED_WAKEUP
        yield note(
            f"{count} published: the poll thread sleeps (NEED_WAKEUP) until submit wakes it"
            if asleep
            else f"{count} published: the poll thread may take them at any moment"
        )
    else:
        yield note(
            f"{count} published: the kernel can see {shot.pending}, and looks when you enter"
        )


def _enter(session: Session, command: Command) -> Iterator[Reply]:
    thing = session.ring()
    shot = thing.observer.look()
    to_submit = command.get("to_submit", shot.pending)
    min_complete = command.get("min_complete", 0)
    flags = EnterFlags(command.get("flags", 0))
    for bit in _MINE:
        if flags & bit:
            raise LineError(
                f"{bit.name} needs an argument that only the library can make",
                command.span_of("flags"),
            )
    if min_complete and "flags" not in command.values:
        flags |= EnterFlags.GETEVENTS
    answer = _check_enter(enter(session, thing, to_submit, min_complete, flags), "io_uring_enter")
    if answer == 0 and shot.staged and not shot.pending:
        yield note(f"the kernel took 0: {shot.staged} are staged, and none is published")
    else:
        yield note(f"the kernel took {answer}")


def submit(session: Session, thing: RingThing, min_complete: int = 0) -> Iterator[Reply]:
    """Publish and enter, by the rules; a step between the two."""
    if thing.observer.look().staged:
        publish(session)
        yield step("enter")
    shot = thing.observer.look()
    flags = EnterFlags.GETEVENTS if min_complete else EnterFlags(0)
    to_submit = shot.pending
    if thing.ring.params.flags & SetupFlags.SQPOLL:
        if shot.sq_flags & SqRingFlags.NEED_WAKEUP:
            flags |= EnterFlags.SQ_WAKEUP
        elif not min_complete:
            yield note("the poll thread is awake: no system call is needed")
            return
        to_submit = 0 if not flags & EnterFlags.SQ_WAKEUP else to_submit
    if shot.sq_flags & (SqRingFlags.CQ_OVERFLOW | SqRingFlags.TASKRUN):
        flags |= EnterFlags.GETEVENTS
    if not to_submit and not flags:
        yield note("nothing to submit")
        return
    answer = _check_enter(enter(session, thing, to_submit, min_complete, flags), "submit")
    left = thing.observer.snapshot.pending
    rest = f", {left} left in the queue" if left else ""
    yield note(f"the kernel took {answer}{rest}")


def _submit(session: Session, command: Command) -> Iterator[Reply]:
    yield from submit(session, session.ring())


def _wait(session: Session, command: Command) -> Iterator[Reply]:
    thing = session.ring()
    count = command.get("count", 1)
    timeout: int | None = command.get("timeout")
    place = _place(thing, command)
    shot = thing.observer.look()
    # The kernel waits for no more than the queue has room for.
    missing = min(count, thing.ring.params.cq_entries) - shot.ready
    if missing > 0:
        if shot.staged or shot.pending:
            yield note(
                f"wait submits nothing: {shot.staged} staged and {shot.pending} published stay "
                "where they are"
            )
        if session.requests.in_flight(thing.name) == 0 and timeout is None:
            yield note("nothing is in flight: only giving up can end this wait")
    deadline = None if timeout is None else time.monotonic_ns() + timeout
    answer = enter(session, thing, 0, count, EnterFlags.GETEVENTS, timeout, place)
    while answer == -errno.EINTR:  # by a signal that is nobody's wish to give up
        left = None if deadline is None else max(0, deadline - time.monotonic_ns())
        answer = enter(session, thing, 0, count, EnterFlags.GETEVENTS, left, place)
    session.taken.waited(thing.observer.snapshot.ready)
    if answer == -errno.ETIME:
        session.taken.number(1)
        ready = thing.observer.snapshot.ready
        yield note(f"the time is over: {ready} of {count} are ready")
        return
    _check_enter(answer, "wait")
    yield note(_how_many(thing, count))


def _place(thing: RingThing, command: Command) -> int | None:
    """The place in the ring's region that was named, or None.

    Raises:
        LineError: there is no such place.
    """
    place: int | None = command.get("region")
    if place is None:
        return None
    region = thing.registered.region
    if region is None:
        raise LineError(
            f"{thing.name} has no region: it is registered before the ring starts",
            command.span_of("region"),
            "ring new r9 flags=r_disabled; register mem_region; register enable_rings",
        )
    if place >= len(region):
        raise LineError(f"there are places 0 to {len(region) - 1}", command.span_of("region"))
    return place


def _how_many(thing: RingThing, count: int) -> str:
    """What there is after a wait, and why it may be less than was asked for."""
    ready, room = thing.observer.snapshot.ready, thing.ring.params.cq_entries
    if ready >= count:
        return f"{ready} ready"
    if ready >= room:
        return f"{ready} of {count} ready: the queue holds no more"
    return f"{ready} of {count} ready: a TIMEOUT that is over ends a wait, whatever else is ready"


def cqe_reply(session: Session, ring: str, cqe: Cqe, *, taken: bool = False) -> Reply:
    """A CQE, as data: by the request's name, and with what res means.

    Args:
        session: whose.
        ring: which it came from.
        cqe: a copy.
        taken: whether the head was moved past it: what it brought is the learner's then.
    """
    known = session.owner_of_cqe(ring, cqe.user_data)
    name = session.cqe_name(ring, cqe.user_data)
    parts = [f"{name}  res={cqe.res}"]
    flags = cqe.flags & _FLAG_BITS
    shown = f"flags={flag_names(CqeFlags, flags)}" if flags else ""
    why: dict[str, object] = {}
    if cqe.res < 0:
        parts[0] += f" ({errno_text(cqe.res)})"
        own = known.op.errnos if known is not None else {}
        clause = clause_of(cqe.res, own, _WIDE - len(parts[0]) - len(shown) - 4)
        parts[0] += f": {clause}" if clause else ""
        why["errno"] = errno_name(cqe.res)
        why["meaning"] = meaning(cqe.res, own) or meaning(cqe.res, IN_IO_URING)
    if shown:
        parts.append(shown)
    text = brought(session, ring, known, cqe, taken=taken)
    fd = known is not None and known.op.may_bring_fds and bool(known.op.new_fds(cqe.res))
    if text:
        parts.append(text)
    return data(
        "  ".join(parts),
        type="cqe",
        request=name,
        user_data=cqe.user_data,
        res=cqe.res,
        flags=cqe.flags,
        fd=fd,
        **why,
    )


def _peek(session: Session, command: Command) -> Iterator[Reply]:
    thing = session.ring()
    thing.observer.look()
    found = thing.ring.cq().peek(command.get("count", thing.ring.params.cq_entries))
    session.taken.took(len(found))
    for cqe in found:
        yield cqe_reply(session, thing.name, cqe)
    yield note(f"{len(found)} ready; the head has not moved" if found else "nothing is ready")


def reap(session: Session, thing: RingThing, count: int | None = None) -> Iterator[Reply]:
    """Take CQEs: copy them, move the head."""
    thing.observer.look()
    wanted = thing.ring.params.cq_entries if count is None else count
    # Whose they are is asked before the head moves: once it has, their requests are over.
    found = thing.ring.cq().peek(wanted)
    replies = [cqe_reply(session, thing.name, cqe, taken=True) for cqe in found]
    thing.ring.cq().drain(len(found))
    session.taken.took(len(found))
    thing.observer.look()
    yield from replies


def _reap(session: Session, command: Command) -> Iterator[Reply]:
    thing = session.ring()
    replies = list(reap(session, thing, command.get("count")))
    yield from replies
    if not replies:
        shot = thing.observer.snapshot
        if shot.sq_flags & SqRingFlags.CQ_OVERFLOW:
            yield note("nothing in the queue; more wait in the kernel: enter flags=getevents")
        elif shot.staged:
            yield note(f"nothing is ready: {shot.staged} staged, and the kernel cannot see them")
        elif shot.pending:
            yield note(f"nothing is ready: {shot.pending} published, and nobody has entered")
        else:
            yield note("nothing is ready")


def _stage(session: Session, inner: Command) -> RequestThing:
    if not inner.spec.stages_raw:
        return stage(session, inner)
    from uringlab.lab.verbs.sqe import stage_raw  # noqa: PLC0415 - few lines are raw

    return stage_raw(session, inner)


def _posted(thing: RequestThing) -> bool:
    """Whether there is nothing more to wait for: a multishot request may go on for ever."""
    one = thing.request
    sends = one.sqe[0] in (Opcode.SEND_ZC, Opcode.SENDMSG_ZC)  # the NOTIF is to come
    return one.final is not None or (one.count > 0 and not sends)


def _do(session: Session, command: Command) -> Iterator[Reply]:
    if command.inner is None:  # pragma: no cover - the parser has checked
        raise LineError("do needs an operation")
    thing = session.ring()
    request = _stage(session, command.inner)
    yield step("publish")
    publish(session)
    yield step("enter")
    first = True
    while not _posted(request):
        if request.request.silent and not first:
            yield note(f"{request.name} asked for no CQE on success: nothing to wait for")
            return
        shot = thing.observer.look()
        if _posted(request):
            break
        want = 0 if request.request.silent else shot.ready + 1
        flags = EnterFlags.GETEVENTS
        if shot.sq_flags & SqRingFlags.NEED_WAKEUP:
            flags |= EnterFlags.SQ_WAKEUP
        if want > shot.cq_entries:
            raise LineError("the completion queue is full", command.span, "reap")
        answer = enter(session, thing, shot.pending, want, flags)
        if answer != -errno.EINTR:  # a signal that is nobody's wish to give up
            _check_enter(answer, "do")
        first = False
    yield step("reap")
    yield from reap(session, thing)
    if request.request.open:
        yield note(
            f"{request.name} goes on: more CQEs of it may come (MORE). cancel {request.name}"
        )


def _repeat(session: Session, command: Command) -> Iterator[Reply]:
    if command.inner is None:  # pragma: no cover - the parser has checked
        raise LineError("repeat needs a command")
    count = command.get("times")
    for done in range(count):
        if session.giving_up.is_set():
            raise GaveUp(f"given up after {done} of {count}")
        try:
            yield from command.inner.spec.run(session, command.inner)
        except LineError as error:
            error.message = f"{error.message} (after {done} of {count})"
            raise


SPECS = (
    CommandSpec(
        "publish",
        "store the local tail into the shared one: the kernel can see the SQEs",
        _publish,
        "publish",
        "the steps",
        more="A library calls this flushing the queue. The store has release order: the SQEs are "
        "visible before the tail that covers them.",
        c="/* inside io_uring_submit(): io_uring_smp_store_release(sq->ktail, sqe_tail) */",
    ),
    CommandSpec(
        "enter",
        "io_uring_enter: the kernel consumes what is published",
        _enter,
        "enter",
        "the steps",
        (
            Param(
                "to_submit",
                Integer(0, 2**32 - 1),
                "how many SQEs to consume; all published",
                positional=True,
            ),
            Param(
                "min_complete", Integer(0, 2**32 - 1), "how many CQEs to wait for", positional=True
            ),
            Param("flags", ENTER_FLAGS, "IORING_ENTER_*"),
        ),
        c="io_uring_enter(ring.ring_fd, to_submit, min_complete, flags, NULL);",
    ),
    CommandSpec(
        "submit",
        "publish, then enter",
        _submit,
        "submit",
        "the steps",
        c="io_uring_submit(&ring);",
        more="With an SQPOLL ring the kernel is entered only to wake the poll thread.",
    ),
    CommandSpec(
        "wait",
        "wait until so many CQEs are ready; submits nothing",
        _wait,
        "wait 1 timeout=10ms",
        "the steps",
        (
            Param("count", Integer(0, 2**32 - 1), "how many", positional=True, default="1"),
            Param("timeout", Duration(), "give up after that long"),
            Param(
                "region",
                Integer(0, 2**32 - 1),
                "say so in that place of the ring's registered region (6.13)",
            ),
        ),
        c="struct io_uring_cqe *cqe; io_uring_wait_cqe_nr(&ring, &cqe, N);",
        more="Esc in the lab, or Ctrl-C in the REPL, gives up a wait. The ring stays as it is.",
    ),
    CommandSpec(
        "peek",
        "show the CQEs that are ready; the head stays",
        _peek,
        "peek",
        "the steps",
        (Param("count", Integer(1, 2**20), "how many at most", positional=True),),
        c="io_uring_peek_cqe(&ring, &cqe);",
    ),
    CommandSpec(
        "reap",
        "take the CQEs that are ready: copy them, move the head",
        _reap,
        "reap",
        "the steps",
        (Param("count", Integer(1, 2**20), "how many at most", positional=True),),
        c="io_uring_for_each_cqe(&ring, head, cqe) n++; io_uring_cq_advance(&ring, n);",
    ),
    CommandSpec(
        "do",
        "all steps of one operation: stage, publish, enter and wait, reap",
        _do,
        "do nop -> r1",
        "the steps",
        wraps="OPERATION",
    ),
    CommandSpec(
        "repeat",
        "a command, several times",
        _repeat,
        "repeat 4 nop",
        "the steps",
        (Param("times", Integer(1, 100_000), "how often", required=True, positional=True),),
        wraps="COMMAND",
    ),
)
