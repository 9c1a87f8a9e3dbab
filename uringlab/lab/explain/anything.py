"""What was typed after `explain`, to what it means."""

from __future__ import annotations

from functools import cache
from typing import TYPE_CHECKING

from uringlab.core.abi import Opcode
from uringlab.core.errors import errno_name, errno_text
from uringlab.core.ops.declare import declared
from uringlab.lab.errnos import IN_IO_URING, meaning
from uringlab.lab.errors import LineError, did_you_mean
from uringlab.lab.explain.constants import (
    choose,
    classes,
    explain_constant,
    explain_several,
    names,
)
from uringlab.lab.explain.failure import explain_errno
from uringlab.lab.explain.failure import numbers as errnos
from uringlab.lab.explain.lines import Answer, told
from uringlab.lab.explain.numbers import NUMBERS, explain_number, explain_structure, structures
from uringlab.lab.explain.opcode import explain_failure_of
from uringlab.lab.explain.words import WORDS, every_name, explain_word, plain
from uringlab.lab.values import to_int

if TYPE_CHECKING:
    from collections.abc import Sequence

    from uringlab.lab.errors import Span
    from uringlab.lab.session import Session

_FIXED = "fixed:"
_SLOTS = ("sqe", "cqe")
_HINT = "explain READ"
_GUESSED = 3
"""Letters that a word must have for a guess what was meant."""


def answer(session: Session, words: Sequence[str], span: Span) -> Answer:
    """Explain one thing; nothing typed: what can be explained.

    Raises:
        LineError: there is no such thing; says what is near.
    """
    if not words:
        return everything()
    one = words[0]
    if len(words) == 1 and one in session.names:
        from uringlab.lab.explain.thing import explain_thing  # noqa: PLC0415 (not for completion)

        return explain_thing(session, session.names[one])
    if one.lower() in _SLOTS and len(words) == 2:  # noqa: PLR2004 (`sqe 3`)
        return _slot(session, one.lower(), words[1], span)
    if one.lower().startswith(_FIXED) and len(words) == 1:
        return _place(session, one, span)
    found = _two(words) or _constant_or_word(session, " ".join(words))
    if found is not None:
        return found
    raise _unknown(session, words, span)


def _slot(session: Session, what: str, typed: str, span: Span) -> Answer:
    from uringlab.lab.explain.slots import explain_cqe, explain_sqe  # noqa: PLC0415 (as above)

    ring = session.ring()
    shot = ring.observer.look()
    entries = shot.sq_entries if what == "sqe" else shot.cq_entries
    number = to_int(typed)
    if number is None or not 0 <= number < entries:
        raise LineError(f"there are slots 0 to {entries - 1}", span, f"explain {what} 0")
    return (explain_sqe if what == "sqe" else explain_cqe)(session, ring, number)


def _place(session: Session, typed: str, span: Span) -> Answer:
    from uringlab.lab.explain.thing import explain_place  # noqa: PLC0415 (as above)

    ring = session.ring()
    number = to_int(typed[len(_FIXED) :])
    count = len(ring.registered.files)
    if number is None or not 0 <= number < count:
        there = f"places 0 to {count - 1}" if count else "no registered files"
        raise LineError(f"{ring.name} has {there}", span, "register files f")
    return explain_place(ring, number)


def _two(words: Sequence[str]) -> Answer | None:
    """`EBADF READ` and `READ EBADF`: an errno of an opcode."""
    if len(words) != 2:  # noqa: PLR2004
        return None
    for first, second in (words, words[::-1]):
        number = _errno(first)
        opcode = _opcode(second)
        if number is None or opcode is None:
            continue
        op = declared(opcode)
        if op is None:
            continue
        name = errno_name(number)
        own = meaning(number, op.errnos)
        if own is None:
            general = meaning(number, IN_IO_URING) or errno_text(number)
            own = f"nothing of its own is known. In general: {general}"
        return Answer("errno", f"{name} {opcode.name}", explain_failure_of(op, name, own))
    return None


def _errno(word: str) -> int | None:
    """Its number, without a sign: of -9, EBADF, -EBADF, in any case."""
    known = errnos()
    bare = word.removeprefix("-").upper()
    if bare in known:
        return known[bare]
    number = to_int(word)
    if number is not None and number < 0 and -number in known.values():
        return -number
    return None


def _opcode(word: str) -> Opcode | None:
    name = word.upper().replace("-", "_").removeprefix("IORING_OP_")
    return Opcode.__members__.get(name)


def _constant_or_word(session: Session, text: str) -> Answer | None:
    upper = text.upper().replace(" ", "_")
    ring = session.current
    number = _errno(text)
    if number is not None:
        return explain_errno(number)
    known = names()
    if upper in known.whole:
        return explain_constant(known.whole[upper], ring)
    short = known.short.get(upper, ())
    word = every_name().get(plain(text))
    # In capitals it is the kernel's name that is meant, if it is not how the word is written.
    if word is not None and (text in WORDS or not short or not text.isupper()):
        return explain_word(word, also=short)
    if short:
        chosen = choose(short)
        if chosen:
            return explain_constant(known.whole[chosen.upper()], ring)
        return explain_several(text, short)
    return _number_or_structure(text)


def _number_or_structure(text: str) -> Answer | None:
    key = numbers_by_name().get(text.upper())
    if key is not None:
        return Answer("number", NUMBERS[key].kernel, explain_number(key))
    bare = text.removeprefix("struct ").lower()
    for name, layout in structures().items():
        if bare in (name, name.removeprefix("io_uring_")):
            return Answer("structure", name, explain_structure(layout))
    return None


@cache
def numbers_by_name() -> dict[str, str]:
    """Of each number the kernel's name and ours, in capitals, to ours."""
    found = {one.kernel.upper(): name for name, one in NUMBERS.items()}
    return found | {name.upper(): name for name in NUMBERS}


@cache
def options() -> dict[str, str]:
    """What completion offers, each with a few words. Nothing is asked of the kernel for it."""
    found = {one.name: one.doc for one in Opcode}
    found |= {name.lower().replace(" ", "-"): one.brief for name, one in WORDS.items()}
    found |= {"sqe": WORDS["SQE"].brief, "cqe": WORDS["CQE"].brief}
    for members in names().whole.values():
        found[members[0].kernel_name] = members[0].doc
    found |= {one.kernel: one.doc for one in NUMBERS.values() if " " not in one.kernel}
    found |= {name: f"struct: {one.doc}" for name, one in structures().items()}
    found |= {name: IN_IO_URING.get(name, "") for name in errnos() if name in IN_IO_URING}
    return found


def everything() -> Answer:
    """What there is to be explained."""
    constants = sum(len(kind.__members__) for kind in classes())
    text = told(
        "explain WHAT, in any case:",
        f"an errno (-9, EBADF, EBADF READ): {len(set(errnos().values()))} of them",
        f"an opcode, a flag, a register call (READ, IOSQE_IO_LINK, PBUF_RING): {constants} of them",
        f"a word ({', '.join(list(WORDS)[:9])}, …): {len(WORDS)} of them",
        "a request (r1), a ring, a file, a buffer: whatever has a name here",
        "a slot of the ring in use: explain sqe 0, explain cqe 0",
    )
    return Answer("everything", "", text)


def _unknown(session: Session, words: Sequence[str], span: Span) -> LineError:
    text = " ".join(words)
    if _positive_errno(text):
        return LineError(
            f"an errno has a minus sign here, as in a CQE: {errno_text(to_int(text) or 0)}",
            span,
            f"explain -{to_int(text)}",
        )
    known = {name.lower() for name in options()} | set(every_name()) | set(session.names)
    known |= {name.lower() for name in names().short}
    if session.table.find(text) is not None:
        return LineError(f'"{text}" is a command', span, f"help {text}")
    guess = did_you_mean(text, sorted(known)) if len(text) >= _GUESSED else ""
    near = guess.split('"')[1] if guess else ""
    hint = f"explain {near}" if near else _HINT
    return LineError(f'nothing to explain about "{text}".{guess}', span, hint)


def _positive_errno(text: str) -> bool:
    number = to_int(text)
    return number is not None and number in errnos().values()
