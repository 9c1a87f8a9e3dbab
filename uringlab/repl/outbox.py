"""What the bench's thread has to say, until the terminal's thread says it."""

from __future__ import annotations

import threading
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable

    from prompt_toolkit.formatted_text import StyleAndTextTuples

MOST = 256


class Outbox:
    """Texts in the order in which things happened. It has room for MOST: who says much waits.

    Args:
        news: what the rings did since it was last asked; it comes before what is said of it.
        filled: called by whoever puts something into it, in their thread.
    """

    def __init__(self, news: Callable[[], StyleAndTextTuples], filled: Callable[[], None]) -> None:
        """Empty and open."""
        self._news = news
        self._filled = filled
        self._texts: list[StyleAndTextTuples] = []
        self._changed = threading.Condition()
        self._open = True

    def put(self, text: StyleAndTextTuples) -> None:
        """Add a text, once there is room. Nobody reads what comes after `close`."""
        with self._changed:
            self._changed.wait_for(lambda: len(self._texts) < MOST or not self._open)
            if not self._open:
                return
            self._add_news()
            if text:
                self._texts.append(text)
        self._filled()

    def take(self) -> list[StyleAndTextTuples]:
        """All that is in it, and all that happened until now, in order. It never waits."""
        with self._changed:
            self._add_news()
            found, self._texts = self._texts, []
            self._changed.notify_all()
        return found

    def _add_news(self) -> None:
        news = self._news()
        if news:
            self._texts.append(news)

    def close(self) -> None:
        """Nobody takes from it any more: nobody is to wait for that."""
        with self._changed:
            self._open = False
            self._changed.notify_all()
