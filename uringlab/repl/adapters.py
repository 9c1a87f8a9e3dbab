"""prompt_toolkit's side of completion, suggestions and the toolbar: thin, all else is in lab/."""

from __future__ import annotations

from typing import TYPE_CHECKING

from prompt_toolkit.completion import Completer, Completion
from prompt_toolkit.lexers import Lexer

from uringlab.lab.complete import complete, signature
from uringlab.lab.errors import LineError
from uringlab.lab.lexer import T, tokens

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    from prompt_toolkit.completion import CompleteEvent
    from prompt_toolkit.document import Document
    from prompt_toolkit.formatted_text import StyleAndTextTuples

    from uringlab.lab.session import Session


class LabCompleter(Completer):
    """Words that fit, each with what it means."""

    def __init__(self, session: Session) -> None:
        """Complete for this session."""
        self._session = session

    def get_completions(self, document: Document, _event: CompleteEvent) -> Iterable[Completion]:
        """Ask `lab.complete`."""
        before = document.text_before_cursor
        for one in complete(before, self._session):
            space = "" if one.text.endswith("=") else " "
            yield Completion(
                one.text + space,
                start_position=one.start - len(before),
                display=one.text,
                display_meta=one.meta,
            )


_STYLES = {T.STRING: "class:string", T.SIGN: "class:sign", T.ARROW: "class:sign"}


class LabLexer(Lexer):
    """Verbs, strings, signs and comments in their styles."""

    def __init__(self, session: Session) -> None:
        """Know the verbs of this session."""
        self._table = session.table

    def lex_document(self, document: Document) -> Callable[[int], StyleAndTextTuples]:
        """Colour each line by its tokens."""
        return lambda number: self._line(document.lines[number])

    def _line(self, line: str) -> StyleAndTextTuples:
        try:
            found = tokens(line)
        except LineError:
            return [("", line)]
        out: StyleAndTextTuples = []
        at = 0
        fresh = True
        for token in found:
            out.append(("", line[at : token.span.start]))
            verb = fresh and self._table.find(token.text) is not None
            style = "class:verb" if verb else _STYLES.get(token.type, "")
            out.append((style, line[token.span.start : token.span.end]))
            at = token.span.end
            fresh = token.type is T.END
        out.append(("class:comment" if "#" in line[at:] else "", line[at:]))
        return out


def toolbar(session: Session, typed: str) -> StyleAndTextTuples:
    """`sq 3/8  cq 1/16  in flight 2`, and the signature of what is being typed."""
    session.look()
    thing = session.current
    hint = (
        signature(typed, session.table) if typed.strip() else "Tab completes · help · Ctrl-D leaves"
    )
    if thing is None:
        return [("class:figures", " no ring yet "), ("", f"  {hint}")]
    shot = thing.observer.snapshot
    taken = shot.sq_entries - shot.free
    figures = (
        f" {thing.name}  sq {taken}/{shot.sq_entries}  cq {shot.ready}/{shot.cq_entries}"
        f"  in flight {session.requests.in_flight(thing.name)} "
    )
    return [("class:figures", figures), ("", f"  {hint}")]
