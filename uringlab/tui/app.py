"""The lab: one screen, one timer, one bench."""

from __future__ import annotations

import platform
import time
from collections import deque
from contextlib import suppress
from typing import TYPE_CHECKING, Any, ClassVar

from textual.binding import Binding, BindingType
from textual.containers import Container, Horizontal
from textual.widgets import Footer, Label

from uringlab.course.course import Course
from uringlab.lab.bench import Bench
from uringlab.lab.complete import complete
from uringlab.lab.errors import ExpectationFailed, GaveUp, LineError
from uringlab.lab.reply import Stream
from uringlab.lab.session import Quit
from uringlab.lab.signature import signature_at
from uringlab.lab.verbs.kernel import truths
from uringlab.lab.verbs.session import overview
from uringlab.observe.recording.error import RecordingError
from uringlab.tui.draw.rows import Role
from uringlab.tui.ring_app import RingApp
from uringlab.tui.view import Looker, lesson_view
from uringlab.tui.widgets.candidates import Candidates
from uringlab.tui.widgets.hint_line import HintLine
from uringlab.tui.widgets.lesson_pane import LessonPane
from uringlab.tui.widgets.prompt import Prompt
from uringlab.tui.widgets.session_pane import SessionPane
from uringlab.tui.widgets.truths_pane import TruthsPane

if TYPE_CHECKING:
    from collections.abc import Iterable
    from concurrent.futures import Future
    from pathlib import Path

    from textual.app import ComposeResult, SystemCommand
    from textual.screen import Screen

    from uringlab.lab.complete import Candidate
    from uringlab.lab.reply import Reply
    from uringlab.lab.session import Session
    from uringlab.observe.recording.recording import Recording
    from uringlab.tui.view import LessonView, View
    from uringlab.tui.widgets.timeline import Timeline

WELCOME = """\
A real io_uring ring. You are ▸ orange, the kernel ◂ blue.
Two things to try:
  do nop     one request, all the way round
  learn 1    the first lesson"""
ASK_EVERY_NS = 200_000_000
ASK_PER_MILLE = 20
"""Of the time that the screen may spend on asking the kernel."""
SOLVED = "✔ solved. When you have read why it worked:  next"
IN_LESSON = "F2 hint · check: what is missing · reset: back to the start · Tab completes · F1 help"
IN_LESSON_PANE = ("lesson", "why", "further")


class LabApp(RingApp):
    """Two queues, the requests, what just happened, and a prompt.

    Everything drawn comes from a `View` taken once a tick; every line typed goes to the bench. So
    a wait never blocks the screen, and the screen never touches the ring.

    Args:
        allow_path: see `Session`.
        allow_network: see `Session`.
        lesson: a lesson to begin with.
    """

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("f1", "help", "Help", tooltip="this page"),
        Binding("f2", "say('hint')", "Hint", tooltip="open one more hint of the lesson"),
        Binding("f3", "lessons", "Lessons", tooltip="choose a lesson"),
        Binding("f4", "truths", "Truths", tooltip="library, shared memory and kernel side by side"),
        Binding("f5", "step", "Step", tooltip="run the typed line one step at a time"),
        Binding(
            "f6",
            "next_pane",
            "Next pane",
            tooltip="the pane that PageUp scrolls; on a small screen, the one that is shown",
        ),
        Binding(
            "f8",
            "look_back",
            "Look back",
            tooltip="walk back through what happened, while the ring runs on",
        ),
        Binding(
            "escape",
            "back_out",
            "Give up",
            priority=True,
            tooltip="end looking back; give up a wait; close the list of words; empty the line",
        ),
        Binding("pageup", "page(1)", "Scroll up", show=False, priority=True),
        Binding("pagedown", "page(-1)", "Scroll down", show=False, priority=True),
        Binding("ctrl+l", "clear", "Clear", show=False, tooltip="empty the transcript"),
        Binding("ctrl+q", "quit", "Quit", priority=True, tooltip="close every ring and leave"),
    ]

    def __init__(
        self,
        allow_path: tuple[Path, ...] = (),
        lesson: str | None = None,
        *,
        allow_network: bool = False,
    ) -> None:
        """Prepare; the bench starts with the screen."""
        super().__init__()
        self._allow_path = allow_path
        self._allow_network = allow_network
        self._lesson = lesson
        self._replies: deque[Reply] = deque()
        self._job: Future[None] | None = None
        self._lesson_shown: LessonView | None = None
        self._goals_seen = 0
        self._lesson_stale = False
        self._current_pane = "session"
        self._past: Recording | None = None
        self._no_past = ""
        self.bench: Bench
        self._transcript = SessionPane(id="session", classes="pane")
        self._lesson_pane = LessonPane(id="lesson", classes="pane")
        self._truths = TruthsPane(id="truths", classes="pane")
        self._ask_kernel_ns = 0
        self._panes = (
            self._lesson_pane,
            self._requests,
            self._transcript,
            self._events,
            self._truths,
        )
        self._candidates = Candidates(id="candidates")
        self._hint = HintLine(id="hint")
        self._ring_name = Label("r0> ", id="ring-name")
        self._prompt = Prompt(self._complete, id="prompt")

    # -- the screen -----------------------------------------------------------------

    def compose(self) -> ComposeResult:
        """Every pane, once; CSS classes on the screen decide who is shown where."""
        yield from self.compose_queues()
        with Container(id="panes"):
            yield from self._panes
        yield self._timeline
        yield self._candidates
        yield self._hint
        with Horizontal(id="line"):
            yield self._ring_name
            yield self._prompt
        yield Footer()

    def on_mount(self) -> None:
        """Start the bench and the one timer."""
        courses: list[Course] = []

        def prepare(session: Session) -> None:
            courses.append(Course(session))
            self._keep_past(session)

        self.bench = Bench(self._allow_path, prepare, allow_network=self._allow_network)
        self.course = courses[0]
        self.looker = Looker(self.bench.session)
        self.bench.call(self._first_ring)
        self._transcript.transcript.add(WELCOME, Role.PLAIN)
        self._prompt.focus()
        self.begin()
        if self._lesson is not None:
            self.run_line(f"learn {self._lesson}".strip())

    def _keep_past(self, session: Session) -> None:
        """So that any earlier moment can be looked at."""
        try:
            self._past = session.recorders.keep_past(session.log, session.requests)
        except RecordingError as error:
            self._no_past = str(error)

    def _first_ring(self) -> None:
        """A learner sees a ring at once. In the bench's thread: the ring belongs to it."""
        self.bench.session.ring()

    def on_unmount(self) -> None:
        """Close every ring before the program ends."""
        self.end()
        if hasattr(self, "bench"):
            self.bench.close()

    # -- the tick ---------------------------------------------------------------------

    def tick(self) -> None:
        """One look; the panes repaint what differs. Replies that came meanwhile are shown."""
        self._take_replies()
        view = self.looker.look()
        if self.looking_back:
            self.show_history()
        else:
            self.show(view)
        if self._truths.display:
            self._show_truths()
        self._show_lesson()
        self._tell(view)

    def _show_truths(self) -> None:
        """Ask the kernel; not every tick: with thousands of requests its answer takes a while."""
        now = time.monotonic_ns()
        if now < self._ask_kernel_ns:
            return
        thing = self.bench.session.current
        found = None
        if thing is not None and not self.looking_back:
            with suppress(LineError):  # closed since
                found = truths(self.bench.session, thing)
        self._truths.show(found)
        took = time.monotonic_ns() - now
        self._ask_kernel_ns = now + max(ASK_EVERY_NS, took * 1_000 // ASK_PER_MILLE)

    def _show_lesson(self) -> None:
        """The lesson pane, while a lesson is open. The bench is not asked while it runs a line."""
        count = self.bench.session.log.count
        if self.course.lesson is not None and count != self._goals_seen and not self.bench.busy:
            # A completion that came by itself may have reached a goal.
            self._goals_seen = count
            self.bench.call(lambda: self._replies.extend(self.course.tick()))
            self._lesson_stale = True
        if not self._lesson_stale or self.bench.busy:
            return
        self._lesson_stale = False
        view = lesson_view(self.course)
        if view == self._lesson_shown:
            return
        old, self._lesson_shown = self._lesson_shown, view
        self.screen_stack[0].set_class(view is not None, "-lesson")
        if view is None:
            return
        self._lesson_pane.show_lesson(view)
        if old is None or old.title != view.title or view.solved != old.solved:
            self._current_pane = "lesson"
            self.show_pane()

    def _take_replies(self) -> None:
        pane = self._transcript
        changed = False
        while self._replies:
            reply = self._replies.popleft()
            if reply.text and reply.json.get("type") not in IN_LESSON_PANE:
                pane.transcript.add(reply.text, _role(reply))
                changed = True
        if self._job is not None and self._job.done() and not self._replies:
            job, self._job = self._job, None
            self._ended(job, pane)
            self.bench.call(lambda: self._replies.extend(self.course.after_line()))
            self._lesson_stale = True
            changed = True
        if changed:
            pane.follow()

    def _ended(self, line: Future[None], pane: SessionPane) -> None:
        """The line is over: well, or with an error."""
        error = line.exception()
        match error:
            case None:
                return
            case Quit():
                self.exit(0)
            case GaveUp():
                pane.transcript.add(error.message, Role.PLAIN)
            case ExpectationFailed():
                pane.transcript.add(f"✗ {error.message.splitlines()[0]}", Role.BAD)
            case LineError():
                # Every line moves by as much: the caret stays under its word.
                pane.transcript.add("✗ " + error.pretty().replace("\n", "\n  "), Role.BAD)
            case _:
                raise error

    def _tell(self, view: View) -> None:
        """The line above the prompt, and the prompt's name."""
        hint = self._hint
        prompt = self._prompt
        session = self.bench.session
        if self.looking_back:
            hint.say("← → step · space plays · e next failure · g go to · Esc live again", Role.DIM)
        elif self.bench.next_step:
            hint.say(f"▶ next: {self.bench.next_step}   (F5 does it, Esc runs on)", Role.YOU)
        elif self.bench.busy and session.waiting_for:
            hint.say(f"⧗ {session.waiting_for} …   (Esc gives up)", Role.KERNEL)
        elif prompt.value.strip():
            typed = prompt.value[: prompt.cursor_position]
            hint.show_signature(signature_at(typed, session.table))
        elif self._lesson_shown is not None:
            hint.say(SOLVED if self._lesson_shown.solved else IN_LESSON, Role.DIM)
        else:
            hint.say("Tab completes · ↑ earlier lines · F1 help · do nop · learn 1")
        label = self._ring_name
        name = f"{view.ring or 'r0'}> "
        if str(label.content) != name:
            label.update(name)

    # -- looking back -----------------------------------------------------------------

    @property
    def looking_back(self) -> bool:
        """Whether the panes show a moment that is over. The ring runs on."""
        return self._timeline.player is not None

    def action_look_back(self) -> None:
        """Stop at the newest moment, to walk back from there; or go on live."""
        if self.looking_back:
            self.go_live()
            return
        recorders = self.bench.session.recorders
        recorders.catch_up()
        wrong = self._no_past or recorders.past_error
        if wrong or self._past is None or not self._past.count:
            self.notify(wrong or "Nothing has happened yet.", severity="warning", timeout=5)
            return
        past = self._past
        self._timeline.walk(past, past.count, platform.release(), live=True)

    def go_live(self) -> None:
        """The newest moment again, and what happens next."""
        self._timeline.leave()
        self._shown = None
        self._prompt.focus()

    def on_timeline_went_on(self, message: Timeline.WentOn) -> None:
        """After the newest moment comes what happens now."""
        message.stop()
        self.go_live()

    # -- lines --------------------------------------------------------------------------

    def _complete(self, before: str) -> list[Candidate]:
        return complete(before, self.bench.session)

    def on_prompt_offered(self, message: Prompt.Offered) -> None:
        """The prompt has found words that fit."""
        self._candidates.offer(message.candidates, message.chosen)

    def on_input_submitted(self, message: Prompt.Submitted) -> None:
        """Enter: run the line; while one runs, keep it."""
        message.stop()
        prompt = self._prompt
        prompt.close_candidates()
        if self._job is not None:
            self.notify("The line before is still running: Esc gives it up.", timeout=3)
            return
        self.go_live()
        line = message.value
        prompt.value = ""
        if line.strip():
            self.bench.stepping = False
            self.run_line(line)

    @property
    def line_is_running(self) -> bool:
        """Whether a line was typed and has not ended yet."""
        return self._job is not None or self.bench.busy or bool(self._replies)

    def run_line(self, line: str) -> None:
        """Hand a line to the bench, as if it had been typed."""
        prompt = self._prompt
        prompt.remember(line)
        prompt.placeholder = ""
        session = self.bench.session
        session.history.append(line)
        if self._current_pane == "lesson" and self.screen_stack[0].has_class("-narrow"):
            self._current_pane = "session"
            self.show_pane()
        name = session.current.name if session.current else "r0"
        self._transcript.transcript.add(f"{name}> {line}", Role.ECHO)
        self._job = self.bench.line(line, self._replies.append)

    # -- keys -----------------------------------------------------------------------------

    def action_say(self, line: str) -> None:
        """A key that stands for a line."""
        if self._job is None:
            self.run_line(line)

    def action_back_out(self) -> None:
        """Give up a wait; else close the list; else empty the line."""
        if len(self.screen_stack) > 1:
            self.pop_screen()
            return
        prompt = self._prompt
        if self.looking_back:
            self.go_live()
        elif self._job is not None:
            self.bench.give_up()
        elif not prompt.close_candidates():
            prompt.value = ""

    def action_step(self) -> None:
        """Do the next step; or run the typed line step by step."""
        if self.bench.next_step:
            self.bench.go()
            return
        prompt = self._prompt
        if self._job is not None:
            return
        line = prompt.value.strip()
        if not line:
            self.notify("Type a line first, such as do nop, then F5: one step at a time.")
            return
        prompt.value = ""
        self.bench.stepping = True
        self.run_line(line)

    def action_page(self, direction: int) -> None:
        """Scroll the transcript."""
        if len(self.screen_stack) > 1:
            return
        if self.looking_back:
            self._timeline.action_step(-10 * direction)
        elif self._current_pane == "lesson":
            self._lesson_pane.page(direction)
        else:
            self._transcript.page(direction)

    def action_lessons(self) -> None:
        """F3: every lesson, and what was done of each."""
        from uringlab.tui.screens.lessons import Entry, LessonsScreen  # noqa: PLC0415

        here = self.course.lesson or self.course.where_stopped()
        entries = []
        for one in self.course.lessons:
            done = self.course.progress.of(one.id)
            mark = "✓" if done.completed else f"{len(done.steps)}/{len(one.steps)}"
            label = f"{mark:>4}  {one.number:>2}  {one.title}  ({one.minutes} min)"
            entries.append(Entry(one.id, label, one is here))

        def chosen(lesson: str | None) -> None:
            if lesson is not None and self._job is None:
                self.run_line(f"learn {lesson}")

        self.push_screen(LessonsScreen(entries), chosen)

    def action_clear(self) -> None:
        """Empty the transcript."""
        pane = self._transcript
        pane.transcript.clear()
        pane.repaint()

    def action_help_quit(self) -> None:
        """Ctrl-C never quits: it gives up a wait, or says how to leave."""
        if self._job is not None:
            self.bench.give_up()
        else:
            self.notify("Ctrl-Q leaves. Esc empties the line.", timeout=3)

    def panes_to_choose(self) -> list[str]:
        """The lesson's only while there is one; of events and truths one is there."""
        panes = super().panes_to_choose()
        absent = {"events" if self._truths_wanted else "truths"}
        if self._lesson_shown is None:
            absent.add("lesson")
        return [one for one in panes if one not in absent]

    @property
    def _truths_wanted(self) -> bool:
        return self.screen_stack[0].has_class("-truths")

    def action_truths(self) -> None:
        """Show the three truths in place of the events; again: the events."""
        self.screen_stack[0].toggle_class("-truths")
        self._ask_kernel_ns = 0
        self.show_pane("truths" if self._truths_wanted else "events")

    def show_pane(self, name: str = "") -> None:
        """On a small screen the text of a lesson gets the room of the queues while it is read."""
        super().show_pane(name)
        self.screen_stack[0].set_class(self._current_pane == "lesson", "-reading")

    def help_text(self) -> str:
        """Keys, panes, commands."""
        return (
            f"Keys\n{self.help_on_keys(self.BINDINGS)}\n"
            "  Tab        Complete     ↑ ↓ earlier lines, → takes the grey text\n"
            "  ^p         Palette      every command, and the themes\n\n"
            f"Keys while looking back (F8)\n{self.help_on_keys(self._timeline.BINDINGS)}\n\n"
            f"{self.help_on_panes()}\n\nTime line\n{' '.join(self._timeline.HELP.split())}\n\n"
            f"Commands\n{overview(self.bench.session.table)}"
        )

    def get_system_commands(self, screen: Screen[Any]) -> Iterable[SystemCommand]:
        """The palette: everything that can be typed, besides Textual's own."""
        from textual.app import SystemCommand  # noqa: PLC0415

        yield from super().get_system_commands(screen)
        for spec in self.bench.session.table:
            yield SystemCommand(spec.name, spec.summary, lambda name=spec.name: self._offer(name))

    def _offer(self, name: str) -> None:
        prompt = self._prompt
        prompt.replace_line(f"{name} ")
        prompt.focus()


_ROLES = {"goal": Role.GOOD, "solved": Role.GOOD, "wrong": Role.BAD, "onward": Role.PLAIN}


def _role(reply: Reply) -> Role:
    """How a reply is shown: data plainly, notes quietly, a lesson's words by what they mean."""
    kind = str(reply.json.get("type", ""))
    default = Role.PLAIN if reply.stream is Stream.DATA else Role.DIM
    return _ROLES.get(kind, default)
