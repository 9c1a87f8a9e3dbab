"""The prompt and what stands around it: one application, from the greeting to the end.

It goes on while a line runs, so what is typed meanwhile is seen and kept, and the terminal is
never handed back in between: a key is a key, whenever it comes.
"""

from __future__ import annotations

import os
import sys
from typing import TYPE_CHECKING, Protocol

from prompt_toolkit.application import Application
from prompt_toolkit.auto_suggest import AutoSuggestFromHistory
from prompt_toolkit.buffer import Buffer
from prompt_toolkit.data_structures import Size
from prompt_toolkit.enums import DEFAULT_BUFFER
from prompt_toolkit.filters import Condition, has_completions, has_focus
from prompt_toolkit.key_binding import KeyBindings, merge_key_bindings
from prompt_toolkit.key_binding.bindings.auto_suggest import load_auto_suggest_bindings
from prompt_toolkit.key_binding.bindings.named_commands import get_by_name
from prompt_toolkit.layout import (
    BufferControl,
    ConditionalContainer,
    Container,
    Dimension,
    Float,
    FloatContainer,
    FormattedTextControl,
    HSplit,
    Layout,
    Window,
)
from prompt_toolkit.layout.menus import CompletionsMenu
from prompt_toolkit.layout.processors import (
    AppendAutoSuggestion,
    HighlightIncrementalSearchProcessor,
    HighlightSelectionProcessor,
)
from prompt_toolkit.output import ColorDepth
from prompt_toolkit.output.vt100 import Vt100_Output
from prompt_toolkit.renderer import print_formatted_text
from prompt_toolkit.widgets import SearchToolbar

from uringlab.repl.style import STYLE

if TYPE_CHECKING:
    from prompt_toolkit.completion import Completer
    from prompt_toolkit.formatted_text import StyleAndTextTuples
    from prompt_toolkit.history import History
    from prompt_toolkit.key_binding import KeyPressEvent
    from prompt_toolkit.lexers import Lexer

MENU = 8
"""Rows of the list of words that fit."""
_OBEYED = dict.fromkeys({*range(0x20), *range(0x7F, 0xA0)} - {ord("\n")}, "?")
"""What a terminal obeys, and does not show. One sign for one: a caret stays under its word."""


class Listener(Protocol):
    """Who is told what is typed, and says what stands around the prompt."""

    def entered(self, text: str) -> None:
        """A line, or several that were pasted."""

    def interrupted(self) -> None:
        """Ctrl-C."""

    def left(self) -> None:
        """Ctrl-D, and nothing is typed."""

    def label(self) -> StyleAndTextTuples:
        """What stands before the line."""

    def status(self) -> str:
        """What is waited for; "" while nothing is."""

    def figures(self, typed: str, width: int) -> StyleAndTextTuples:
        """The toolbar's text, for what is typed before the cursor."""


class Screen:
    """What is drawn, and what is printed above it.

    The cursor's place is not asked for: the toolbar stands right below what is typed, so that
    it is there at once in every terminal.

    Args:
        listener: see there.
        color: whether to use colours. Bold and underlined stay.
    """

    def __init__(
        self,
        listener: Listener,
        *,
        history: History,
        completer: Completer,
        lexer: Lexer,
        color: bool,
    ) -> None:
        """Draw nothing yet."""
        self._listener = listener
        self.buffer = Buffer(
            name=DEFAULT_BUFFER,
            history=history,
            completer=completer,
            auto_suggest=AutoSuggestFromHistory(),
            enable_history_search=True,
            accept_handler=self._accept,
            multiline=False,
        )
        self.output = Vt100_Output(sys.stdout, _size, term=os.environ.get("TERM"), enable_cpr=False)
        self.app: Application[None] = Application(
            layout=self._layout(lexer),
            key_bindings=merge_key_bindings([load_auto_suggest_bindings(), self._keys()]),
            style=STYLE,
            include_default_pygments_style=False,
            color_depth=None if color else ColorDepth.DEPTH_1_BIT,
            output=self.output,
            erase_when_done=True,
        )
        self._menu = False
        self.app.before_render += self._close_ranks

    # -- saying ------------------------------------------------------------------------

    def say(self, text: StyleAndTextTuples) -> None:
        """Print above the prompt. What is typed stays as it is.

        Raises:
            OSError: the terminal is gone.
        """
        if self.app.is_running:
            self.app.renderer.erase()
        shown: StyleAndTextTuples = [(one[0], one[1].translate(_OBEYED)) for one in text]
        shown.append(("", "\n"))
        print_formatted_text(self.output, shown, STYLE, color_depth=self.app.color_depth)
        self.app.invalidate()

    @property
    def width(self) -> int:
        """Columns of the terminal, now."""
        return self.output.get_size().columns

    def _close_ranks(self, _app: object) -> None:
        """Rows that the list of words had are given back once it is closed."""
        menu = self.buffer.complete_state is not None
        if self._menu and not menu:
            self.app.renderer.erase()
        self._menu = menu

    # -- typing ------------------------------------------------------------------------

    def _accept(self, buffer: Buffer) -> bool:
        self._listener.entered(buffer.text)
        return False

    def _keys(self) -> KeyBindings:
        keys = KeyBindings()
        typing = has_focus(DEFAULT_BUFFER)

        def interrupt(_event: KeyPressEvent) -> None:
            self._listener.interrupted()

        keys.add("c-c", filter=typing)(interrupt)
        keys.add("<sigint>")(interrupt)

        @keys.add("c-d", filter=typing)
        def _(event: KeyPressEvent) -> None:
            if self.buffer.text:
                get_by_name("delete-char").call(event)
            else:
                self._listener.left()

        @keys.add("escape", filter=typing & has_completions, eager=True)
        def _(_event: KeyPressEvent) -> None:
            self.buffer.cancel_completion()

        return keys

    # -- drawing -----------------------------------------------------------------------

    def _layout(self, lexer: Lexer) -> Layout:
        search = SearchToolbar()
        typed = Window(
            BufferControl(
                self.buffer,
                lexer=lexer,
                search_buffer_control=search.control,
                preview_search=True,
                include_default_input_processors=False,
                input_processors=[
                    HighlightIncrementalSearchProcessor(),
                    HighlightSelectionProcessor(),
                    AppendAutoSuggestion(),
                ],
            ),
            height=self._height,
            get_line_prefix=self._prefix,
            wrap_lines=True,
        )
        menu = Float(CompletionsMenu(max_height=MENU, scroll_offset=1), xcursor=True, ycursor=True)
        waits = Condition(lambda: bool(self._listener.status()))
        status = Window(
            FormattedTextControl(lambda: [("class:status", self._listener.status())]),
            height=1,
            dont_extend_height=True,
        )
        figures = Window(
            FormattedTextControl(self._figures),
            style="class:bottom-toolbar",
            height=1,
            dont_extend_height=True,
        )
        rows: list[Container] = [
            ConditionalContainer(status, waits),
            typed,
            search.__pt_container__(),
            figures,
        ]
        return Layout(FloatContainer(HSplit(rows), [menu]), typed)

    def _height(self) -> Dimension:
        """Room for the list of words below the line, while there is one."""
        rows = MENU + self.buffer.document.line_count
        return Dimension(min=rows) if self.buffer.complete_state is not None else Dimension()

    def _prefix(self, line: int, wrapped: int) -> StyleAndTextTuples:
        label = self._listener.label()
        if line == wrapped == 0:
            return label
        width = sum(len(text) for _, text, *_ in label)
        return [("class:prompt.busy", " " * width if wrapped else "… ".rjust(width))]

    def _figures(self) -> StyleAndTextTuples:
        return self._listener.figures(self.buffer.document.current_line_before_cursor, self.width)


def _size() -> Size:
    """Rows and columns of the terminal, now; the usual ones where it does not say."""
    try:
        columns, rows = os.get_terminal_size(sys.stdout.fileno())
    except OSError:  # it is gone
        columns = rows = 0
    return Size(rows=rows or 24, columns=columns or 80)
