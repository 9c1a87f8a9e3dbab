"""Colours while typing: verbs, names that exist and that do not, numbers, strings, comments."""

from __future__ import annotations

from typing import TYPE_CHECKING

from prompt_toolkit.application.current import get_app_or_none
from prompt_toolkit.lexers import Lexer

from uringlab.lab.errors import LineError, Span
from uringlab.lab.lexer import T, tokens
from uringlab.lab.place import every_phrase
from uringlab.lab.values import (
    Duration,
    Integer,
    ListOf,
    NameOf,
    NewName,
    Several,
    to_errno,
    to_int,
)

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator
    from collections.abc import Set as AbstractSet

    from prompt_toolkit.document import Document
    from prompt_toolkit.formatted_text import StyleAndTextTuples

    from uringlab.lab.lexer import Token
    from uringlab.lab.place import Phrase
    from uringlab.lab.session import Session
    from uringlab.lab.spec import Param

UNKNOWN = "class:unknown"
_NAME = "class:name"
_NUMBER = "class:number"


class LabLexer(Lexer):
    """The words of a line in their styles, as far as they are known in this session."""

    def __init__(self, session: Session) -> None:
        """Know the verbs and the names of this session."""
        self._session = session

    def lex_document(self, document: Document) -> Callable[[int], StyleAndTextTuples]:
        """Colour each line by its tokens."""
        row, column = document.cursor_position_row, document.cursor_position_col

        def line(number: int) -> StyleAndTextTuples:
            if number >= len(document.lines):
                return []
            cursor = column if number == row else -1
            return highlighted(document.lines[number], self._session, cursor)

        return line

    def invalidation_hash(self) -> object:
        """What is typed stays, and what its names stand for may change meanwhile."""
        app = get_app_or_none()
        cursor = app.current_buffer.cursor_position if app is not None else 0
        return cursor, len(self._session.names), self._session.log.count


def highlighted(line: str, session: Session, cursor: int = -1) -> StyleAndTextTuples:
    """A line with its styles.

    Args:
        line: what was typed.
        session: whose verbs and names they are.
        cursor: where it is being typed: a word that ends there may still become another.
    """
    end = len(line)
    try:
        found = tokens(line)
        tail = "class:comment"
    except LineError as error:
        end = error.span.start if error.span is not None else 0
        try:
            found = tokens(line[:end])
        except LineError:  # pragma: no cover - what comes before the first mistake has none
            found = []
        tail = "class:string" if line[end : end + 1] == '"' else UNKNOWN
    styles = dict(_styles(found, session, cursor))
    out: StyleAndTextTuples = []
    at = 0
    for token in found:
        out.append(("", line[at : token.span.start]))
        out.append((styles.get(token.span, ""), line[token.span.start : token.span.end]))
        at = token.span.end
    blank = len(line[at:]) - len(line[at:].lstrip())
    out.append(("", line[at : at + blank]))
    out.append((tail, line[at + blank :]))
    return [one for one in out if one[1]]


def _styles(found: list[Token], session: Session, cursor: int) -> Iterator[tuple[Span, str]]:
    known = set(session.names)
    for phrase in every_phrase(found, session.table):
        before = T.END
        named = False
        words = list(zip(phrase.words, phrase.params, strict=True))
        for at, (token, param) in enumerate(words):
            following = words[at + 1][0].type if words[at + 1 :] else None
            if following is T.SIGN and token.type is T.WORD:
                wrong = _own(phrase) and param is None
                yield token.span, UNKNOWN if wrong else "class:key"
            elif _too_many(phrase, token, param, cursor) and before is not T.SIGN and not named:
                yield token.span, UNKNOWN
            else:
                yield token.span, _style(token, param, known, cursor)
            before = token.type
            # What this line makes, the rest of it knows.
            if named or (param is not None and isinstance(param.value, NewName)):
                known.add(token.text)
            named = named or token.type is T.ARROW
        yield from _verb(phrase, session, cursor)


def _too_many(phrase: Phrase, token: Token, param: Param | None, cursor: int) -> bool:
    """Whether there is no operand for a word, unless it becomes a `name=`."""
    if not _own(phrase) or param is not None or token.type is not T.WORD or phrase.spec is None:
        return False
    return not _becomes(token.text, (f"{one.name}=" for one in phrase.spec.params), token, cursor)


def _own(phrase: Phrase) -> bool:
    """Whether each of its words has to be one of its operands."""
    return phrase.spec is not None and not phrase.spec.raw


def _verb(phrase: Phrase, session: Session, cursor: int) -> Iterator[tuple[Span, str]]:
    """A verb; one that is none, once it can become none any more."""
    names = session.table.names()
    first = phrase.verb[0]
    if phrase.spec is not None:
        yield from ((one.span, "class:verb") for one in phrase.verb)
        return
    family = any(name.startswith(f"{first.text} ") for name in names)
    if family:
        yield first.span, "class:verb"
        second = phrase.words[0] if phrase.words else None
        if second is not None and not _becomes(
            f"{first.text} {second.text}", names, second, cursor
        ):
            yield second.span, UNKNOWN
    elif not _becomes(first.text, names, first, cursor):
        yield first.span, UNKNOWN


def _becomes(word: str, known: Iterable[str], token: Token, cursor: int) -> bool:
    """Whether it is being typed, and something known begins so."""
    return token.span.end == cursor and any(one.startswith(word) for one in known)


def _style(token: Token, param: Param | None, names: AbstractSet[str], cursor: int) -> str:
    if token.type is T.STRING:
        return "class:string"
    if token.type is not T.WORD:
        return "class:sign"
    word = token.text
    value = param.value if param is not None else None
    if isinstance(value, (Integer, Duration)):
        return _NUMBER if _reads(value, token) else UNKNOWN
    if to_int(word) is not None or to_errno(word) is not None:
        return _NUMBER
    if isinstance(value, Several) or (isinstance(value, ListOf) and isinstance(value.each, NameOf)):
        *parts, last = word.split(",")
        others = value.options()
        known = all(part in names or part in others or to_int(part) is not None for part in parts)
        fits = last in names or last in others or to_int(last) is not None
        return _NAME if known and (fits or _becomes(last, names, token, cursor)) else UNKNOWN
    if isinstance(value, NameOf) and not word.startswith("fixed:"):
        if word in names:
            return _NAME
        return "" if _becomes(word, names, token, cursor) else UNKNOWN
    anything = value is None or value.label == "WHAT"
    return _NAME if anything and word in names else ""


def _reads(value: Integer | Duration, token: Token) -> bool:
    try:
        value.read(token)
    except LineError:
        return False
    return True
