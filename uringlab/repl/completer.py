"""prompt_toolkit's side of completion: thin, all else is in `lab.complete`."""

from __future__ import annotations

from typing import TYPE_CHECKING

from prompt_toolkit.completion import Completer, Completion

from uringlab.lab.complete import complete

if TYPE_CHECKING:
    from collections.abc import Iterable

    from prompt_toolkit.completion import CompleteEvent
    from prompt_toolkit.document import Document

    from uringlab.lab.session import Session


class LabCompleter(Completer):
    """Words that fit, each with what it means."""

    def __init__(self, session: Session) -> None:
        """Complete for this session."""
        self._session = session

    def get_completions(self, document: Document, _event: CompleteEvent) -> Iterable[Completion]:
        """Ask `lab.complete`, for the line that the cursor is in."""
        before = document.current_line_before_cursor
        for one in complete(before, self._session):
            yield Completion(
                f"{one.text} " if one.whole else one.text,
                start_position=one.start - len(before),
                display=one.text,
                display_meta=one.meta,
            )
