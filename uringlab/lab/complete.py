"""What can be typed next: candidates for the word under the cursor, and the signature.

Both front ends are thin adapters over these two functions.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from uringlab.lab.errors import LineError
from uringlab.lab.lexer import T, tokens
from uringlab.lab.parser import split, verb_of
from uringlab.lab.subject import REQUEST_WORDS, RING_WORDS
from uringlab.lab.values import Flags, NameOf

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from uringlab.lab.lexer import Token
    from uringlab.lab.session import Session
    from uringlab.lab.spec import CommandSpec, CommandTable, Param
    from uringlab.lab.values import Value


@dataclass(frozen=True)
class Candidate:
    """A word that would fit.

    Attributes:
        text: the word.
        start: where in the line it goes: it replaces `line[start:cursor]`.
        meta: what it is, in a few words.
    """

    text: str
    start: int
    meta: str


@dataclass(frozen=True)
class _Place:
    """Where the cursor is in the command it stands in."""

    spec: CommandSpec | None
    words: tuple[Token, ...]
    partial: str
    start: int
    key: str = ""
    wrapper: CommandSpec | None = None


def _group_at(line: str) -> list[Token] | None:
    """The tokens of the command that the end of the line is in; None inside a string."""
    try:
        found = tokens(line)
    except LineError:
        return None
    if "#" in line and (not found or line.find("#", found[-1].span.end) >= 0):
        return None
    groups = split(found)
    if not groups or (found and found[-1].type is T.END):
        return []
    return groups[-1]


def _place(line: str, table: CommandTable) -> _Place | None:
    group = _group_at(line)
    if group is None:
        return None
    at_word = bool(group) and group[-1].span.end == len(line) and group[-1].type is T.WORD
    partial = group[-1].text if at_word else ""
    start = group[-1].span.start if at_word else len(line)
    before = group[:-1] if at_word else group
    wrapper = None
    while before:
        spec, taken = verb_of(before, table)
        if spec is None or not spec.wraps:
            break
        places = sum(1 for one in spec.params if one.positional)
        if len(before) < taken + places:
            break
        before = before[taken + places :]
        wrapper = spec
    if not before:
        return _Place(None, (), partial, start, wrapper=wrapper)
    spec, taken = verb_of(before, table)
    key = ""
    if before[1:] and before[-1].type is T.SIGN and before[-1].span.end == start:
        key = before[-2].text
    if spec is None:
        first = before[0].text
        family = any(name.startswith(f"{first} ") for name in table.names())
        if family and len(before) == 1:
            return _Place(None, (before[0],), partial, start)
        return None
    return _Place(spec, tuple(before[taken:]), partial, start, key)


def complete(line: str, session: Session) -> list[Candidate]:
    """Candidates for the end of `line` (cut the line at the cursor first)."""
    place = _place(line, session.table)
    if place is None:
        return []
    if place.spec is None:
        found = _verbs(place, session.table)
    elif place.words and place.words[-1].type is T.ARROW:
        found = {}
    elif place.spec.raw:
        found = _expectation_words(place, session)
    else:
        found = _operands(place, session)
        if not place.words:  # `record FILE`, and `record stop`
            found |= _seconds(place.spec.name, session.table)
    wanted = place.partial.lower()
    if "|" in wanted and place.key:
        kept, _, wanted = place.partial.rpartition("|")
        found = {f"{kept}|{word}": meta for word, meta in found.items()}
        wanted = f"{kept}|{wanted}".lower()
    return [
        Candidate(word, place.start, meta)
        for word, meta in found.items()
        if word.lower().startswith(wanted) and word != place.partial
    ]


def _seconds(first: str, table: CommandTable) -> dict[str, str]:
    """The second words of the verbs that have two."""
    beginning = f"{first} "
    return {
        spec.name.removeprefix(beginning): spec.summary
        for spec in table
        if spec.name.startswith(beginning)
    }


def _verbs(place: _Place, table: CommandTable) -> dict[str, str]:
    found: dict[str, str] = {}
    first = place.words[0].text if place.words else ""
    only_operations = place.wrapper is not None and place.wrapper.wraps == "OPERATION"
    for spec in table:
        if only_operations and spec.op is None:
            continue
        for name in (spec.name, *spec.aliases):
            head, _, tail = name.partition(" ")
            if first:
                if head == first and tail:
                    found[tail] = spec.summary
            elif tail:
                found.setdefault(head, f"{head} new, {head} use, {head} close")
            else:
                found[name] = spec.summary
    return found


def _operands(place: _Place, session: Session) -> dict[str, str]:
    spec = place.spec
    if spec is None:  # pragma: no cover - the caller has checked
        return {}
    if place.key:
        param = spec.param(place.key)
        return dict(_values(param.value, session)) if param is not None else {}
    given = {
        place.words[at - 1].text
        for at, word in enumerate(place.words)
        if word.type is T.SIGN and at
    }
    bare = _bare_words(place.words)
    places = [one for one in spec.params if one.positional and one.name not in given]
    found: dict[str, str] = {}
    if bare < len(places) or (places and places[-1].many):
        found.update(_values(places[min(bare, len(places) - 1)].value, session))
    taken = {one.name for one in places[:bare]} | given
    if bare >= sum(1 for one in places if one.required):
        for one in spec.params:
            if one.name not in taken and not one.many:
                found.setdefault(f"{one.name}=", _param_meta(one))
    return found


def _bare_words(words: Iterable[Token]) -> int:
    """How many words stand by themselves, not in a `name=value`."""
    count = 0
    for word in words:
        if word.type is T.SIGN:
            count -= 1
        elif word.type in (T.WORD, T.STRING):
            count += 1
        if word.type is T.SIGN:
            count -= 1
    return max(count, 0)


def _param_meta(one: Param) -> str:
    return one.doc + (f" (default {one.default})" if one.default else "")


def _values(value: Value, session: Session) -> Mapping[str, str]:
    if isinstance(value, NameOf):
        found = {}
        for name, thing in session.names.items():
            fits = thing.kind == value.kind or not value.kind
            opened = value.kind == "file" and getattr(thing, "has_file", False)
            if fits or opened:
                found[name] = thing.text()
        return found
    options = dict(value.options())
    if value.label == "ADDRESS":
        options |= {
            name: thing.text()
            for name, thing in session.names.items()
            if (thing.kind == "file" or getattr(thing, "has_file", False))
            and "socket" in thing.text().lower()
        }
    if value.label in ("WHAT", "COMMAND"):
        options |= (
            {name: thing.text() for name, thing in session.names.items()}
            if value.label == "WHAT"
            else {spec.name: spec.summary for spec in session.table}
        )
    return options


def _expectation_words(place: _Place, session: Session) -> dict[str, str]:
    first = place.words[0].text if place.words else ""
    if first in session.names and session.names[first].kind == "request":
        return dict.fromkeys((f"{word}=" for word in REQUEST_WORDS), f"of {first}")
    found = dict.fromkeys((f"{word}=" for word in RING_WORDS), "of the ring in use")
    found["inflight="] = "of the ring in use"
    if not place.words:
        found |= {name: thing.text() for name, thing in session.names.items()}
        found |= {"within": "within TIME …", "call": "call NAME argument=…"}
    return found


def signature(line: str, table: CommandTable) -> str:
    """The signature of the command the end of the line is in, or its summary; "" for none."""
    place = _place(line, table)
    if place is None:
        return ""
    spec = place.spec
    if spec is None:
        spec = table.find(
            f"{place.words[0].text} {place.partial}" if place.words else place.partial
        )
        spec = spec or place.wrapper
        if spec is None:
            return ""
    if place.key:
        param = spec.param(place.key)
        if param is not None:
            more = (
                f": {'|'.join(list(param.value.options())[:9])}"
                if isinstance(param.value, Flags)
                else ""
            )
            return f"{param.name}={param.value.label}  {param.doc}{more}"
    return f"{spec.signature()}   {spec.summary}"
