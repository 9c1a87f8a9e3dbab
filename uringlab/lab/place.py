"""What each word of a line is for, as far as the line goes: for whoever helps while it is typed.

The parser says what is wrong with a line; this says what is right with the beginning of one.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from uringlab.lab.errors import LineError
from uringlab.lab.lexer import T, tokens
from uringlab.lab.parser import is_for_wrapper, split, verb_of

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from uringlab.lab.lexer import Token
    from uringlab.lab.spec import CommandSpec, CommandTable, Param


@dataclass(frozen=True)
class Phrase:
    """A command as far as it was typed, without the command that it may wrap.

    Attributes:
        spec: what command it is; None for one that is not known (yet).
        verb: the words of its verb.
        words: what comes after them.
        params: for each of the words the operand it belongs to, if any.
        given: names of the operands that were given.
        inner: whether it goes on with a command of its own (`do`, `repeat`): the next phrase.
    """

    spec: CommandSpec | None
    verb: tuple[Token, ...]
    words: tuple[Token, ...] = ()
    params: tuple[Param | None, ...] = ()
    given: frozenset[str] = frozenset()
    inner: bool = False

    @property
    def next_place(self) -> Param | None:
        """The operand that a bare word would be, next."""
        if self.spec is None:
            return None
        return next(
            (one for one in self.spec.params if one.positional and one.name not in self.given),
            None,
        )


def phrases(group: Sequence[Token], table: CommandTable) -> list[Phrase]:
    """The commands of one group of tokens: one, or a wrapping one and what it wraps."""
    found: list[Phrase] = []
    rest = list(group)
    while rest:
        spec, taken = verb_of(rest, table)
        if spec is None:
            found.append(Phrase(None, tuple(rest[:1]), tuple(rest[1:]), (None,) * len(rest[1:])))
            break
        wrapper = found[-1].spec if found else None
        phrase, used = _phrase(spec, rest[:taken], rest[taken:], wrapper)
        found.append(phrase)
        rest = rest[taken + used :]
    return found


def _own(key: str, spec: CommandSpec | None, wrapper: CommandSpec | None) -> Param | None:
    """The operand that `key=` is: of the command itself, or of the one that wraps it."""
    if wrapper is not None and (spec is None or is_for_wrapper(key, wrapper, spec)):
        return wrapper.param(key)
    return spec.param(key) if spec is not None else None


def _phrase(
    spec: CommandSpec, verb: list[Token], rest: list[Token], wrapper: CommandSpec | None
) -> tuple[Phrase, int]:
    """One command, and how many of the words after its verb are its own."""
    params: list[Param | None] = []
    given: set[str] = set()
    places = [one for one in spec.params if one.positional]
    at = 0
    while at < len(rest) and not spec.raw:
        token = rest[at]
        if at + 1 < len(rest) and rest[at + 1].type is T.SIGN:
            param = _own(token.text, spec, wrapper)
            value = rest[at + 2 : at + 3]
            given.add(token.text)
            params += [param] * (2 + len(value))
            at += 2 + len(value)
            continue
        if token.type is T.ARROW:
            params += [None] * (len(rest) - at)
            break
        place = next((one for one in places if one.name not in given), None)
        if place is None and spec.wraps:
            break
        if place is not None and not place.many:
            given.add(place.name)
        params.append(place)
        at += 1
    if spec.raw:
        params = [None] * len(rest)
    used = len(params)
    inner = bool(spec.wraps) and next((o for o in places if o.name not in given), None) is None
    return (
        Phrase(spec, tuple(verb), tuple(rest[:used]), tuple(params), frozenset(given), inner),
        used,
    )


@dataclass(frozen=True)
class Place:
    """Where the end of a line is.

    Attributes:
        phrase: the command it is in, without the word that is being typed.
        partial: the beginning of that word, or "".
        start: where in the line it begins.
        key: it comes after `key=`.
        wrapper: the command that wraps this one.
        wrapped_with: names of the operands that the wrapping one was given before.
    """

    phrase: Phrase
    partial: str
    start: int
    key: str = ""
    wrapper: CommandSpec | None = None
    wrapped_with: frozenset[str] = frozenset()

    @property
    def left_to_wrapper(self) -> list[Param]:
        """The operands of the wrapping command that may come here: its own, and not given yet."""
        wrapper, spec = self.wrapper, self.phrase.spec
        if wrapper is None:
            return []
        given = self.wrapped_with | self.phrase.given
        return [
            one
            for one in wrapper.params
            if not one.positional
            and one.name not in given
            and (spec is None or is_for_wrapper(one.name, wrapper, spec))
        ]

    @property
    def param(self) -> Param | None:
        """The operand that is being typed; None for none, or for a name before its `=`."""
        if self.after_arrow:
            return None
        if self.key:
            return _own(self.key, self.phrase.spec, self.wrapper)
        return self.phrase.next_place

    @property
    def after_arrow(self) -> bool:
        """Whether a new name comes here, of which nobody knows anything."""
        return any(one.type is T.ARROW for one in self.phrase.words)


def place_at(line: str, table: CommandTable) -> Place | None:
    """Where the end of `line` is; None where nothing is to be said: in strings and comments."""
    try:
        found = tokens(line)
    except LineError:
        return None
    end = found[-1].span.end if found else 0
    if "#" in line[end:]:
        return None
    glued = end == len(line) and bool(found)
    if glued and found[-1].type in (T.STRING, T.ARROW):
        return None
    groups = split(found)
    group = groups[-1] if groups and found[-1].type is not T.END else []
    at_word = glued and found[-1].type is T.WORD
    partial = group[-1] if at_word else None
    before = group[:-1] if at_word else group
    key = ""
    if len(before) > 1 and before[-1].type is T.SIGN:
        key, before = before[-2].text, before[:-2]
    said = phrases(before, table)
    wrapper = None
    while said and said[0].inner:
        wrapper = said.pop(0)
    return Place(
        said[0] if said else Phrase(None, ()),
        partial.text if partial is not None else "",
        partial.span.start if partial is not None else len(line),
        key,
        wrapper.spec if wrapper is not None else None,
        wrapper.given if wrapper is not None else frozenset(),
    )


def every_phrase(found: list[Token], table: CommandTable) -> Iterator[Phrase]:
    """Each command of a line, in order."""
    for group in split(found):
        yield from phrases(group, table)
