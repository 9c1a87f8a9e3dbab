"""An SQE or a CQE in its slot, field by field, and whose the slot is now."""

from __future__ import annotations

from typing import TYPE_CHECKING

from uringlab.core.abi import CqeFlags, SqeFlags
from uringlab.core.abi.named import flag_names
from uringlab.core.errors import errno_text
from uringlab.lab.explain.lines import Answer, counted, cut
from uringlab.lab.explain.result import file_of, meaning_of_result
from uringlab.lab.names import RequestThing
from uringlab.observe.snapshot import U32, cqe_of

if TYPE_CHECKING:
    from uringlab.core.cq import Cqe
    from uringlab.core.ops.declare import DecodedSqe
    from uringlab.lab.names import RingThing
    from uringlab.lab.session import Session
    from uringlab.observe.snapshot import RingSnapshot

_WORDS = ("ioprio", "buf_index", "personality", "file_index", "addr3", "pad2")
_HUGE = 1 << 16
_FLAG_BITS = 0xFFFF


def explain_sqe(session: Session, ring: RingThing, slot: int) -> Answer:
    """The SQE in a slot of the SQ, which must be there."""
    shot = ring.observer.look()
    index, owner = _sq_owner(shot, slot)
    name = f"SQE slot {slot} of {ring.name}"
    if index is None:
        return Answer(
            "sqe",
            name,
            counted(
                f"{name}: nothing was written there yet: {shot.sqe_size} zeros, which would be a "
                f"NOP",
                f"{owner} The next SQE goes to slot {shot.sq_local & shot.sq_mask}.",
            ),
        )
    decoded = shot.sqe(index)
    whose = session.request_name(ring.name, decoded.user_data)
    head = f"{name}: {whose}, {decoded.name}"
    return Answer(
        "sqe", name, counted(head, owner, _sqe_fields(session, ring.name, decoded, whose))
    )


def _sq_owner(shot: RingSnapshot, slot: int) -> tuple[int | None, str]:
    """The index of what is in a slot (None: nothing ever was), and who may touch it."""
    index = _newest(slot, shot.sq_local, shot.sq_entries)
    if index is None:
        return None, "The slot is yours to fill."
    if ((shot.sq_local - 1 - index) & U32) < shot.staged:
        return index, "Staged: the slot is yours, and the kernel cannot see it. Next: publish."
    if ((shot.sq_tail - 1 - index) & U32) < shot.pending:
        return index, "Published: the slot is the kernel's until it has consumed it. Next: enter."
    return index, (
        "Consumed: the kernel has its copy, and the slot is yours again. These are old bytes."
    )


def _newest(slot: int, end: int, entries: int) -> int | None:
    """The last index before `end` that lies in a slot; None: none was there yet."""
    back = (end - 1 - slot) & (entries - 1)
    index = end - 1 - back
    return index & U32 if index >= 0 else None


def _sqe_fields(session: Session, ring: str, decoded: DecodedSqe, whose: str) -> str:
    words = decoded.words
    flags = words["flags"]
    said = [f"{flag.name} ({flag.doc})" for flag in SqeFlags if flags & flag]
    shown = [f"opcode {words['opcode']}: {decoded.name}"]
    shown.append(f"flags {flags:#x}: {cut(', '.join(said), 150)}" if flags else "flags 0")
    file = file_of(session, ring, words)
    known = f", {file.name}" if file is not None else ""
    place = f", a place of the registered files{known}" if flags & SqeFlags.FIXED_FILE else known
    shown.append(f"fd {words['fd']}{place or (', none' if words['fd'] == -1 else '')}")
    by_word = _operand_names(decoded)
    shown.extend(
        f"{word} {_number(words[word])}{by_word.get(word, '')}"
        for word in ("off", "addr", "len", "op_flags", *_WORDS)
        if words[word] or word in by_word
    )
    shown.append(f"user_data {_number(decoded.user_data)}: {whose}, and back in its CQE")
    return f"{'; '.join(shown)}."


def _operand_names(decoded: DecodedSqe) -> dict[str, str]:
    """What the opcode calls a word."""
    if decoded.op is None:
        return {}
    texts = dict(decoded.operands)
    found: dict[str, str] = {}
    for one in decoded.op.operands:
        value = texts.get(one.name, "")
        if not one.word or one.word == "fd":
            continue
        plain = value in (str(decoded.words[one.word]), hex(decoded.words[one.word]), "none", "0")
        text = one.name if plain else f"{one.name} {value}"
        if one.name != one.word or not plain:
            found.setdefault(one.word, f" ({cut(text, 40)})")
        else:
            found.setdefault(one.word, "")
    return {word: text for word, text in found.items() if decoded.words[word] or word in _MAIN}


_MAIN = ("off", "addr", "len")


def _number(value: int) -> str:
    if value == (1 << 64) - 1:
        return "-1"
    return str(value) if value < _HUGE else f"{value:#x}"


def explain_cqe(session: Session, ring: RingThing, slot: int) -> Answer:
    """The CQE in a slot of the CQ, which must be there."""
    shot = ring.observer.look()
    name = f"CQE slot {slot} of {ring.name}"
    index = _newest(slot, shot.cq_tail, shot.cq_entries)
    if index is None:
        return Answer(
            "cqe",
            name,
            counted(
                f"{name}: no CQE was posted there yet",
                "The slot is the kernel's: it writes there, then it moves the tail. The next CQE "
                f"goes to slot {shot.cq_tail & shot.cq_mask}.",
            ),
        )
    part = _second_half(shot, index)
    if part:
        return Answer(
            "cqe", name, counted(f"{name}: {part}", "The flags of the first half say F_32.")
        )
    ready = ((shot.cq_tail - 1 - index) & U32) < shot.ready
    cqe = cqe_of(shot.cqe_bytes(index))
    name_of = session.cqe_name if ready else session.request_name
    whose = name_of(ring.name, cqe.user_data)
    owner = (
        "Posted, and not seen: it is yours to read, and the kernel leaves it alone. Next: reap."
        if ready
        else "Seen: the head is past it, so the kernel may write there again. These are old bytes."
    )
    return Answer(
        "cqe",
        name,
        counted(
            f"{name}: {whose}, res={cqe.res}",
            owner,
            f"user_data {_number(cqe.user_data)}: {whose}'s SQE said so.",
            f"res {cqe.res}: {_res(session, ring, whose, cqe)}.",
            f"flags {cqe.flags:#x}{_cqe_flags(cqe.flags)}.{_extra(cqe)}",
        ),
    )


def _second_half(shot: RingSnapshot, index: int) -> str:
    """What is in the slot, if that is no CQE's first bytes. Only rings with CQE_MIXED have it."""
    if not shot.cqe_mixed or not (index & shot.cq_mask):
        return ""
    before = shot.cqe_bytes((index - 1) & U32)
    large = len(before) > shot.cqe_size
    return "the second half of the CQE of 32 bytes in the slot before it" if large else ""


def _res(session: Session, ring: RingThing, whose: str, cqe: Cqe) -> str:
    thing = session.names.get(whose)
    if isinstance(thing, RequestThing) and thing.request.ring == ring.name:
        return meaning_of_result(session, ring.name, thing.request.decoded(), cqe).rstrip(".")
    tag = session.tag_text(ring.name, cqe)
    if tag:
        return tag
    return errno_text(cqe.res) if cqe.res < 0 else "what it means, its opcode says"


def _cqe_flags(flags: int) -> str:
    low = flags & _FLAG_BITS
    said = [f"{flag.name} ({flag.doc})" for flag in CqeFlags if low & flag]
    unknown = low & ~sum(int(flag) for flag in CqeFlags)
    if unknown:
        said.append(flag_names(CqeFlags, unknown))
    if flags & CqeFlags.BUFFER:
        said.append(f"buffer {flags >> 16}")
    return f": {', '.join(said)}" if said else ": nothing more to say"


def _extra(cqe: Cqe) -> str:
    extra = getattr(cqe, "extra", None)
    return f" Second half: {extra[0]:#x}, {extra[1]:#x}." if extra is not None else ""
