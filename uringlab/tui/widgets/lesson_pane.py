"""The open lesson: its text, and what is still to be reached."""

from __future__ import annotations

from typing import TYPE_CHECKING

from textual.containers import Vertical, VerticalScroll
from textual.widgets import Markdown
from textual.widgets.markdown import MarkdownBlock

from uringlab.tui.draw.rows import Role, Row, wrap
from uringlab.tui.widgets.picture import Picture

if TYPE_CHECKING:
    from textual import events
    from textual.app import ComposeResult

    from uringlab.tui.view import LessonView


WHY = "Why it worked"


class Goals(Picture):
    """The list of goals: ☑ reached, ☐ not yet; and what is said of a mistake."""

    DEFAULT_CSS = "Goals { height: auto; max-height: 10; }"

    def __init__(self) -> None:
        """No goals yet."""
        super().__init__(id="goals")
        self._goals: tuple[tuple[str, bool], ...] = ()
        self._message = ""

    def show_goals(self, goals: tuple[tuple[str, bool], ...], message: str) -> None:
        """Draw these."""
        if (goals, message) == (self._goals, self._message):
            return
        self._goals, self._message = goals, message
        self._size_up()
        self.repaint()

    def _size_up(self) -> None:
        """As many lines as the goals take at this width."""
        wanted = max(1, len(self._lines(self.content_size.width or 60)))
        if self.styles.height is None or self.styles.height.value != wanted:
            self.styles.height = wanted

    def on_resize(self, event: events.Resize) -> None:
        """Another width breaks the lines elsewhere."""
        self._size_up()
        super().on_resize(event)

    def _lines(self, width: int) -> list[Row]:
        rows: list[Row] = []
        for text, reached in self._goals:
            mark, role = ("☑", Role.GOOD) if reached else ("☐", Role.PLAIN)
            rows += [[(part, role)] for part in wrap(f"{mark} {text}", width, "  ")]
        if self._message:
            rows += [[(part, Role.BAD)] for part in wrap(f"✗ {self._message}", width, "  ")]
        return rows

    def draw(self, width: int, height: int) -> list[Row]:
        """The list."""
        return self._lines(width)


class LessonPane(Vertical):
    """The lesson that is open."""

    HELP = """The open lesson. Its goals are checked on the ring after each line: ☑ reached, ☐ not.
hint (F2) opens a hint, next goes on, learn (F3) chooses another lesson."""

    DEFAULT_CSS = """
    LessonPane { height: 1fr; }
    LessonPane VerticalScroll { height: 1fr; scrollbar-size-vertical: 1; }
    LessonPane Markdown { padding: 0; margin: 0; background: $background; }
    """

    def __init__(self, *, id: str | None = None, classes: str | None = None) -> None:  # noqa: A002
        """No lesson yet."""
        super().__init__(id=id, classes=classes)
        self._shown: LessonView | None = None

    def compose(self) -> ComposeResult:
        """The text above, the goals below."""
        with VerticalScroll(can_focus=False):
            yield Markdown(open_links=False)
        yield Goals()

    def on_mount(self) -> None:
        """Its title."""
        self.border_title = "Lesson"

    def show_lesson(self, view: LessonView) -> None:
        """Draw this lesson at this step."""
        old = self._shown
        if view == old:
            return
        self._shown = view
        self.border_title = view.title
        self.query_one(Goals).show_goals(view.goals, view.message)
        if old is None or old.markdown != view.markdown:
            same_step = old is not None and view.markdown.startswith(old.markdown[:200])
            self.run_worker(self._fill(view.markdown, to_end=same_step), exclusive=True)

    async def _fill(self, markdown: str, *, to_end: bool) -> None:
        await self.query_one(Markdown).update(markdown)
        # The blocks have their places only after the next layout.
        self.call_after_refresh(self._turn_to, to_end=to_end)

    def _turn_to(self, *, to_end: bool) -> None:
        """To the top of a new text; to what was added to one that goes on."""
        scroll = self.query_one(VerticalScroll)
        headings = self.query("MarkdownH3").results(MarkdownBlock)
        why = next((one for one in headings if WHY in str(one.content)), None)
        if to_end and why is not None:
            scroll.scroll_to_widget(why, animate=False, top=True)
        elif to_end:
            scroll.scroll_end(animate=False)
        else:
            scroll.scroll_home(animate=False)

    def page(self, direction: int) -> None:
        """A page up (1) or down (-1)."""
        scroll = self.query_one(VerticalScroll)
        if direction > 0:
            scroll.scroll_page_up(animate=False)
        else:
            scroll.scroll_page_down(animate=False)
