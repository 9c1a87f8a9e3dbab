"""`show …` and `diff`: the same picture as on the screen, in text."""

from __future__ import annotations

from typing import TYPE_CHECKING

from uringlab.core.abi import CqeFlags, SetupFlags, SqRingFlags
from uringlab.core.abi.named import flag_names
from uringlab.core.buffers import Buffer
from uringlab.core.errors import errno_text
from uringlab.lab.errors import LineError, did_you_mean
from uringlab.lab.names import BufferThing, ChildThing, FileThing, RequestThing, RingThing
from uringlab.lab.reply import data, note
from uringlab.lab.spec import CommandSpec, Param
from uringlab.lab.values import Integer, Ref, Value
from uringlab.lab.verbs.kernel import kernels_files, show_kernel
from uringlab.lab.verbs.lives import life_json, requests_json, show_request, show_requests
from uringlab.observe.request import State
from uringlab.observe.snapshot import U32

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from uringlab.core.params import Params
    from uringlab.lab.lexer import Token
    from uringlab.lab.reply import Reply
    from uringlab.lab.session import Session
    from uringlab.lab.spec import Command
    from uringlab.observe.snapshot import RingSnapshot

MOST_SLOTS = 64
_ASCII = 0x7F


class Subject(Value):
    """What to show: a word of the table below, or any name."""

    label = "WHAT"
    wants = "sq, cq, ring, memory, kernel, requests, registered, names, or a name"

    def read(self, token: Token) -> Ref:
        """Any word; it is looked up when the command runs."""
        return Ref(token.text)

    def options(self) -> dict[str, str]:
        """The words."""
        return {word: one[1] for word, one in SHOWN.items()}


def show_sq(session: Session, thing: RingThing) -> str:
    """Every slot of the SQ, and the three pointers."""
    shot = thing.observer.look()
    lines = [
        f"submission queue of {thing.name}: {shot.sq_entries} slots",
        f"  head  {shot.sq_head:>6} → slot {shot.sq_head & shot.sq_mask:<5} moved by the kernel",
        f"  tail  {shot.sq_tail:>6} → slot {shot.sq_tail & shot.sq_mask:<5} moved by you (publish)",
        f"  local {shot.sq_local:>6} → slot {shot.sq_local & shot.sq_mask:<5} "
        "yours alone: the kernel cannot see it",
        f"  staged {shot.staged}   pending {shot.pending}   free {shot.free}"
        f"   flags {flag_names(SqRingFlags, shot.sq_flags)}   dropped {shot.sq_dropped}",
    ]
    first = (shot.sq_local - shot.sq_entries) & U32 if shot.sq_local > shot.sq_entries else 0
    for slot in range(min(shot.sq_entries, MOST_SLOTS)):
        index = first + ((slot - first) & shot.sq_mask)
        state = sq_slot_state(shot, index)
        if state is not None:
            lines.append(f"  [{slot:>3}] {state:<10} {describe_sqe(session, shot, index)}")
        else:
            lines.append(f"  [{slot:>3}] ·")
    if shot.sq_entries > MOST_SLOTS:
        lines.append(f"  … {shot.sq_entries - MOST_SLOTS} more slots: show sqe N")
    return "\n".join(lines)


def sq_slot_state(shot: RingSnapshot, index: int) -> str | None:
    """What is in the slot of an index: staged, published, consumed; None if never used."""
    if ((shot.sq_local - 1 - index) & U32) < shot.staged:
        return "staged"
    if ((shot.sq_tail - 1 - index) & U32) < shot.pending:
        return "published"
    if ((shot.sq_head - 1 - index) & U32) < min(shot.sq_entries, shot.sq_head):
        return "consumed"
    return None


def describe_sqe(session: Session, shot: RingSnapshot, index: int) -> str:
    """`r1 READ fd=6 …`, with the session's names."""
    decoded = shot.sqe(index)
    ring = session.current.name if session.current else ""
    name = session.request_name(ring, decoded.user_data)
    return f"{name} {decoded}"


def show_cq(session: Session, thing: RingThing) -> str:
    """Every CQE that is ready, and the two pointers."""
    shot = thing.observer.look()
    lines = [
        f"completion queue of {thing.name}: {shot.cq_entries} slots",
        f"  head  {shot.cq_head:>6} → slot {shot.cq_head & shot.cq_mask:<5} moved by you (reap)",
        f"  tail  {shot.cq_tail:>6} → slot {shot.cq_tail & shot.cq_mask:<5} moved by the kernel",
        f"  ready {shot.ready}   overflow {shot.cq_overflow}",
    ]
    for index, cqe in shot.ready_cqes():
        name = session.cqe_name(thing.name, cqe.user_data)
        meaning = f" ({errno_text(cqe.res)})" if cqe.res < 0 else ""
        flags = flag_names(CqeFlags, cqe.flags & 0xFFFF)
        more = f"  flags={flags}" if cqe.flags else ""
        lines.append(f"  [{index & shot.cq_mask:>3}] {name}  res={cqe.res}{meaning}{more}")
        if len(lines) > MOST_SLOTS:
            lines.append("  …")
            break
    return "\n".join(lines)


def show_ring(session: Session, thing: RingThing) -> str:
    """What was asked of io_uring_setup and what it answered."""
    params = thing.ring.params
    shot = thing.observer.look()
    return "\n".join(
        [
            f"{thing.name}: {thing.ring.fd}",
            f"  SQ {params.sq_entries} slots of {shot.sqe_size} bytes, "
            f"CQ {params.cq_entries} slots of {shot.cqe_size} bytes",
            f"  setup flags  {flag_names(SetupFlags, params.flags)}",
            f"  features     {str(params.features.name).replace('|', ' ')}",
            f"  SQ head {shot.sq_head}  tail {shot.sq_tail}  local {shot.sq_local}"
            f"   staged {shot.staged}  pending {shot.pending}  free {shot.free}",
            f"  CQ head {shot.cq_head}  tail {shot.cq_tail}   ready {shot.ready}",
            f"  in flight {session.requests.in_flight(thing.name)}"
            f"   overflow {shot.cq_overflow}   dropped {shot.sq_dropped}"
            f"   SQ flags {flag_names(SqRingFlags, shot.sq_flags)}",
            *([f"  registered   {summary}"] if (summary := thing.registered.summary()) else []),
        ]
    )


_OWNERS = {
    ("sq", "head"): ("SQ head", "kernel"),
    ("sq", "tail"): ("SQ tail", "you"),
    ("cq", "head"): ("CQ head", "you"),
    ("cq", "tail"): ("CQ tail", "kernel"),
    ("sq", "ring_mask"): ("SQ mask", "kernel, once"),
    ("cq", "ring_mask"): ("CQ mask", "kernel, once"),
    ("sq", "ring_entries"): ("SQ entries", "kernel, once"),
    ("cq", "ring_entries"): ("CQ entries", "kernel, once"),
    ("sq", "dropped"): ("SQ dropped", "kernel"),
    ("sq", "flags"): ("SQ flags", "kernel"),
    ("cq", "flags"): ("CQ flags", "you"),
    ("cq", "overflow"): ("CQ overflow", "kernel"),
}


def memory_words(params: Params) -> list[tuple[str, int, str, str]]:
    """(queue, byte offset, word, who writes it) of every word in the mapping, by offset."""
    found = []
    for (queue, key), (label, owner) in _OWNERS.items():
        offset = (params.sq_off if queue == "sq" else params.cq_off)[key]
        found.append((queue, offset, label, owner))
    return sorted(found, key=lambda one: one[1])


def show_memory(session: Session, thing: RingThing) -> str:
    """The shared memory: each mapping, and where each word lies."""
    params, memory = thing.ring.params, thing.ring.memory
    lines = [f"memory of {thing.name}, shared with the kernel:"]
    lines += [f"  mapping “{region.name}”  {region.size} bytes" for region in memory.regions]
    lines.append("  offset  word         value  written by")
    for queue, offset, label, owner in memory_words(params):
        region = memory.sq if queue == "sq" else memory.cq
        lines.append(f"  {offset:>6}  {label:<11} {region.u32(offset):>6}  {owner}")
    lines.append(f"  {params.cq_off['cqes']:>6}  CQEs                kernel")
    if not params.flags & SetupFlags.NO_SQARRAY:
        lines.append(f"  {params.sq_off['array']:>6}  SQ array            you, once: 0, 1, 2, …")
    return "\n".join(lines)


def show_registered(session: Session, thing: RingThing) -> tuple[str, dict[str, object]]:
    """What is registered with the ring, by the names it had."""
    known = thing.registered
    known.hear(kernels_files(thing, known.files))
    lines = [f"  {what:<13} {text}" for what, text in known.lines()]
    none = [f"nothing is registered with {thing.name}   try: register buffers b0"]
    text = "\n".join([f"registered with {thing.name}:", *lines] if lines else none)
    return text, known.to_json()


def show_names(session: Session, thing: RingThing) -> str:
    """Everything that has a name."""
    done = (State.SEEN, State.TAKEN_BACK)
    lines = [f"session directory: {session.scratch.path}"]
    for name, one in session.names.items():
        if isinstance(one, RequestThing) and one.request.state in done and not one.has_file:
            continue
        lines.append(f"  {name:<8} {one.kind:<8} {one.text()}")
    return "\n".join(lines)


def _requests(session: Session, thing: RingThing) -> tuple[str, dict[str, object]]:
    return show_requests(session, thing), requests_json(session, thing)


Shown = str | tuple[str, dict[str, object]]
"""A text; and what a program is told besides."""

SHOWN: dict[str, tuple[Callable[[Session, RingThing], Shown], str]] = {
    "sq": (show_sq, "the submission queue: slots, head, tail, local tail"),
    "cq": (show_cq, "the completion queue: what is ready, head, tail"),
    "ring": (show_ring, "what was asked of setup, and what the kernel answered"),
    "memory": (show_memory, "the shared words, their offsets and who writes them"),
    "kernel": (show_kernel, "three truths: library, shared memory, the kernel's own"),
    "requests": (_requests, "the lives of the newest requests"),
    "registered": (show_registered, "the tables, the rings of buffers, and whatever else is"),
    "names": (show_names, "every name and what it stands for"),
}


def _show(session: Session, command: Command) -> Iterator[Reply]:
    what = command.get("what").name if command.get("what") else "ring"
    number = command.get("number")
    thing = session.ring()
    if what in SHOWN:
        shown = SHOWN[what][0](session, thing)
        text, more = shown if isinstance(shown, tuple) else (shown, {})
        yield data(text, type="show", what=what, **more)
    elif what in ("sqe", "cqe"):
        yield data(_show_slot(thing, what, number, command), type="show", what=what)
    else:
        named = session.names.get(what)
        more = life_json(session, named) if isinstance(named, RequestThing) else {}
        yield data(_show_name(session, what, command), type="show", what=what, **more)


def _show_slot(thing: RingThing, what: str, number: int | None, command: Command) -> str:
    if number is None:
        raise LineError(f"which slot? show {what} 0", command.span, f"show {what} 0")
    shot = thing.observer.look()
    entries = shot.sq_entries if what == "sqe" else shot.cq_entries
    if number >= entries:
        raise LineError(f"there are slots 0 to {entries - 1}", command.span_of("number"))
    raw = shot.sqe_bytes(number) if what == "sqe" else shot.cqe_bytes(number)
    lines = [f"{what.upper()} slot {number}, {len(raw)} bytes"]
    lines += [f"  {at:>3}: {raw[at : at + 16].hex(' ')}" for at in range(0, len(raw), 16)]
    if what == "sqe":
        decoded = shot.sqe(number)
        lines.append(f"  {decoded}")
        lines += [
            f"  {word:<12} {value if word == 'fd' else hex(value)}"
            for word, value in decoded.words.items()
            if value
        ]
    else:
        lines.append(f"  {shot.cqe(number)}")
    return "\n".join(lines)


def _show_name(session: Session, name: str, command: Command) -> str:
    if name not in session.names:
        known = [*SHOWN, *session.names]
        raise LineError(
            f'nothing is called "{name}".{did_you_mean(name, known)}'
            f" There are: {', '.join(SHOWN)}, sqe N, cqe N, and names",
            command.span_of("what"),
            "show names",
        )
    thing = session.names[name]
    match thing:
        case RingThing():
            return show_ring(session, thing)
        case RequestThing():
            return show_request(session, thing)
        case BufferThing() if isinstance(thing.buffer, Buffer):
            return _show_buffer(thing.name, thing.buffer)
        case BufferThing() | FileThing() | ChildThing():
            return f"{name}: {thing.text()}"


def _show_buffer(name: str, buffer: Buffer) -> str:
    lines = [f"{name}: {len(buffer)} bytes at {buffer.address:#x}"]
    raw = bytes(buffer.view[:256])
    for at in range(0, len(raw), 16):
        part = raw[at : at + 16]
        text = "".join(
            chr(byte) if chr(byte).isprintable() and byte < _ASCII else "." for byte in part
        )
        lines.append(f"  {at:>5}: {part.hex(' '):<47}  {text}")
    if len(buffer) > len(raw):
        lines.append(f"  … {len(buffer) - len(raw)} more bytes")
    return "\n".join(lines)


def _diff(session: Session, command: Command) -> Iterator[Reply]:
    session.look()
    events = session.log.since(session.mark)
    for event in events:
        yield data(f"{event.actor:<7} {session.say(event)}", type="diff", **event.to_json())
    if not events:
        yield note("nothing has changed since the last command")


SPECS = (
    CommandSpec(
        "show",
        "look at something: sq, cq, ring, memory, kernel, requests, registered, names, sqe N, "
        "cqe N, or a name",
        _show,
        "show sq",
        "looking",
        (
            Param("what", Subject(), "what to look at", positional=True, default="ring"),
            Param("number", Integer(0, 2**32 - 1), "the slot, for sqe and cqe", positional=True),
        ),
    ),
    CommandSpec(
        "diff",
        "what the last command changed, and what the kernel did since",
        _diff,
        "diff",
        "looking",
    ),
)
