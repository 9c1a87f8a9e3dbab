"""What can be typed next: candidates for the word under the cursor.

Both front ends are thin adapters over this. Nothing typed makes it raise.
"""

from __future__ import annotations

import errno
import functools
import os
import re
from dataclasses import dataclass
from typing import TYPE_CHECKING

from uringlab.core.abi import Opcode
from uringlab.core.errors import errno_text
from uringlab.lab.errors import LineError
from uringlab.lab.expecting import expectation_words
from uringlab.lab.known import names_of
from uringlab.lab.place import place_at
from uringlab.lab.values import FileOf, Flags, GroupOf, ListOf, NameOf, Path, Several

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from uringlab.lab.place import Place
    from uringlab.lab.session import Session
    from uringlab.lab.spec import CommandTable, Param

    Meta = str | Callable[[], str]

_META = 72
_WHOLE_WORD = re.compile(r'(?!#)(?:(?!->)[^\s;"=<>!])+')
_SLOTS = {"sqe": "show sqe N: the bytes of a slot", "cqe": "show cqe N: the bytes of a slot"}
_NEW_FILES = ("record", "save", "c")
_MOST_FIXED = 16


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

    @property
    def whole(self) -> bool:
        """Whether the word ends here: a blank may follow."""
        return not self.text.endswith(("=", "/"))


def complete(line: str, session: Session) -> list[Candidate]:
    """Candidates for the end of `line` (cut the line at the cursor first)."""
    place = place_at(line, session.table)
    if place is None or place.after_arrow:
        return []
    found = _found(place, session)
    kept = _kept(place)
    given = {part.lower() for part in re.split(r"[|,]", kept)}
    wanted = place.partial.lower()
    out: list[Candidate] = []
    for word, meta in found.items():
        text = kept + word
        if not text.lower().startswith(wanted) or text == place.partial:
            continue
        if kept and (word.lower() in given or word.endswith("=")):
            continue
        told = meta if isinstance(meta, str) else meta()
        out.append(Candidate(text, place.start, _short(told)))
    return out


def _short(text: str) -> str:
    line = " ".join(text.split())
    return line if len(line) <= _META else f"{line[: _META - 1]}…"


def _kept(place: Place) -> str:
    """What stands already of a word of several parts: `link|`, `b0,`."""
    value = place.param.value if place.param is not None else None
    at_flags = isinstance(value, Flags) or (place.phrase.spec is not None and place.key)
    sep = "," if isinstance(value, (Several, ListOf)) else "|" if at_flags else ""
    before, found, _ = place.partial.rpartition(sep) if sep else ("", "", "")
    return before + found


def _found(place: Place, session: Session) -> Mapping[str, Meta]:
    phrase = place.phrase
    spec = phrase.spec
    if spec is None:
        return _verbs(place, session)
    if spec.raw:
        return expectation_words(place, session)
    found = dict(_operands(place, session))
    if not phrase.words and not place.key and len(phrase.verb) == 1:
        found |= _seconds(spec.name, session.table)  # `record FILE`, and `record stop`
    return found


def _seconds(first: str, table: CommandTable) -> dict[str, Meta]:
    """The second words of the verbs that have two."""
    beginning = f"{first} "
    return {
        name.removeprefix(beginning): functools.partial(_summary, name, table)
        for name in table.names()
        if name.startswith(beginning)
    }


def _summary(name: str, table: CommandTable) -> str:
    """Making a command takes a while: only what is offered is made."""
    spec = table.find(name)
    return spec.summary if spec is not None else ""


def _verbs(place: Place, session: Session) -> dict[str, Meta]:
    phrase, table = place.phrase, session.table
    if place.key and place.param is not None:
        return _values(place.param, place, session)
    if place.key or phrase.words:
        return {}
    if phrase.verb:
        return _seconds(phrase.verb[0].text, table)
    found = _heads(table)
    if place.wrapper is None or place.wrapper.wraps != "OPERATION":
        return found
    start = place.partial.lower()
    specs = {name: table.find(name) for name in found if name.startswith(start)}
    return _left_to_wrapper(place) | {
        name: found[name] for name, spec in specs.items() if spec is not None and spec.stages
    }


def _heads(table: CommandTable) -> dict[str, Meta]:
    """The first words of all verbs."""
    found: dict[str, Meta] = {}
    families: dict[str, list[str]] = {}
    for name in table.names():
        head, _, tail = name.partition(" ")
        if tail:
            families.setdefault(head, []).append(tail)
            found.setdefault(head, "")
        else:
            found[name] = functools.partial(_summary, name, table)
    for head, tails in families.items():
        found[head] = found[head] or f"{head} {'|'.join(tails)}"
    return found


def _operands(place: Place, session: Session) -> Mapping[str, Meta]:
    phrase = place.phrase
    spec = phrase.spec
    if spec is None:  # pragma: no cover - the caller has checked
        return {}
    param = place.param
    if place.key:
        return _values(param, place, session) if param is not None else {}
    found: dict[str, Meta] = {}
    if param is not None:
        found.update(_values(param, place, session))
        if param.required:
            return found
    if phrase.inner or (param is not None and param.many):
        return found
    for one in spec.params:
        if one.name not in phrase.given and one is not param and not one.many:
            found.setdefault(f"{one.name}=", meta_of(one))
    return found | _left_to_wrapper(place)


def _left_to_wrapper(place: Place) -> dict[str, Meta]:
    return {f"{one.name}=": meta_of(one) for one in place.left_to_wrapper}


def meta_of(one: Param) -> str:
    """What an operand is, and what it is when it is not given."""
    return one.doc + (f" (default {one.default})" if one.default else "")


def _values(param: Param, place: Place, session: Session) -> dict[str, Meta]:
    """What an operand may be, of what there is in the session."""
    value = param.value
    name = place.phrase.spec.name if place.phrase.spec is not None else ""
    if isinstance(value, NameOf):
        found = names_of(session, value.kind, place.partial)
        if isinstance(value, FileOf):
            found |= _fixed(session)
        if name == "drop":
            found.pop("bad", None)
        return found
    if isinstance(value, Several):
        return names_of(session, "file" if value.label.startswith("FD") else "buffer")
    if isinstance(value, ListOf) and isinstance(value.each, NameOf):
        return names_of(session, value.each.kind) | dict(value.options())
    if isinstance(value, Flags):
        return dict(value.spelled(place.partial))
    if isinstance(value, GroupOf):
        return _groups(session)
    if isinstance(value, Path):
        return {} if name in _NEW_FILES else dict(_paths(place.partial, session))
    found = dict(value.options())
    if value.label == "ADDRESS":
        return _sockets(session) | found
    if value.label == "COMMAND":
        return found | _topics(place, session.table)
    if value.label == "WHAT":
        found = _subjects(place, found, session)
    return found


def _fixed(session: Session) -> dict[str, Meta]:
    """Places of the table of registered files, while there is one."""
    thing = session.current
    if thing is None:
        return {}
    names = dict(enumerate(thing.registered.files))
    return {
        f"fixed:{number}": f"registered file {names.get(number, '')}".rstrip()
        for number in range(min(len(thing.ring.files), _MOST_FIXED))
    }


def _groups(session: Session) -> dict[str, Meta]:
    """Rings of buffers, by the number of their group."""
    thing = session.current
    groups = thing.registered.groups if thing is not None else {}
    return {str(number): one.text() for number, one in groups.items()}


def _sockets(session: Session) -> dict[str, Meta]:
    found: dict[str, Meta] = {}
    for name, meta in names_of(session, "file").items():
        told = meta if isinstance(meta, str) else meta()
        if "socket" in told.lower():
            found[name] = told
    return found


def _topics(place: Place, table: CommandTable) -> dict[str, Meta]:
    """What `help` can be asked about: a verb, or the second word of one."""
    words = place.phrase.words
    if not words:
        return _heads(table)
    return _seconds(words[0].text, table) if len(words) == 1 else {}


def _subjects(place: Place, found: dict[str, Meta], session: Session) -> dict[str, Meta]:
    """What `show` shows and `explain` explains, besides the words of their own."""
    verb, words = place.phrase.verb[0].text, place.phrase.words
    if verb == "show":
        return found | _SLOTS | names_of(session, "", place.partial)
    if words:  # an errno may be asked about in the light of an opcode
        first = words[0].text.removeprefix("-").upper()
        return _opcodes() if first in errno.errorcode.values() else {}
    found = names_of(session, "", place.partial) | found
    sign = "-" if place.partial.startswith("-") else ""
    for number, name in errno.errorcode.items():
        found.setdefault(f"{sign}{name}", functools.partial(errno_text, number))
    return found


def _opcodes() -> dict[str, Meta]:
    return {one.name: one.doc for one in Opcode}


def _paths(partial: str, session: Session) -> dict[str, str]:
    """Files of the session's directory, and of the one below it that is typed already."""
    below, slash, _ = partial.rpartition("/")
    try:
        where = session.scratch.resolve(below) if slash and below else session.scratch.path
        with os.scandir(where) as found:
            entries = sorted((one.name, one.is_dir()) for one in found)
    except (LineError, OSError, ValueError):
        return {}
    return {
        f"{below}{slash}{name}{'/' * is_dir}": "directory" if is_dir else "file"
        for name, is_dir in entries
        if _WHOLE_WORD.fullmatch(name) and name.isprintable()
    }
