"""What the screen is drawn from: one frozen look, at the session or at a moment that is over.

Widgets see nothing else: so the same panes show a ring that lives, its past, and a recording.
"""

from __future__ import annotations

import platform
import time
from collections import deque
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, NamedTuple

from uringlab.core.abi import SetupFlags
from uringlab.core.abi.named import flag_names
from uringlab.lab.news import News, in_short
from uringlab.observe.event import Moved, Posted, Staged

if TYPE_CHECKING:
    from collections.abc import Iterable

    from uringlab.course.course import Course
    from uringlab.lab.session import Session
    from uringlab.observe.event import Event
    from uringlab.observe.recording.moment import Moment
    from uringlab.observe.request import Request
    from uringlab.observe.requests import Requests
    from uringlab.observe.snapshot import RingSnapshot

RECENT_NS = 900_000_000
MOST_REQUESTS = 100
MOST_EVENTS = 500
CLOCK_NS = 100_000_000


class Told(NamedTuple):
    """An event as the events pane shows it."""

    actor: str
    ring: str
    text: str


@dataclass(frozen=True)
class View:
    """One moment.

    Attributes:
        ring: the ring in use, "" before there is one.
        fd: its number in the process that it belongs to; -1: it has none.
        shot: its snapshot.
        flags: its setup flags, by name.
        rings: how many are open.
        requests: the newest, the oldest of them first.
        events: the newest, of every ring.
        moved: the words that moved just before: drawn so that it is seen.
        names: (user_data → name) of the requests of this ring.
        now_ns: CLOCK_MONOTONIC, in steps of a tenth of a second.
        kernel: the release of the kernel that the ring belongs to.
        live: it is now, and something can be typed; else the moment is over.
    """

    ring: str
    fd: int
    shot: RingSnapshot | None
    flags: str
    rings: int
    in_flight: int
    requests: tuple[Request, ...]
    events: tuple[Told, ...]
    moved: frozenset[str]
    names: dict[int, str]
    now_ns: int
    kernel: str = platform.release()
    live: bool = True


NOTHING = View("", -1, None, "", 0, 0, (), (), frozenset(), {}, 0)


def view_of(moment: Moment, ring: str, moved: Iterable[Event], kernel: str) -> View:
    """A moment that is over.

    Args:
        moment: of a recording, or of the session's own past.
        ring: the ring to show; another one if it was not open then.
        moved: the events whose marks are drawn.
        kernel: the release that it was recorded on.
    """
    name = ring if ring in moment.rings else next(reversed(moment.rings), "")
    say = moment.requests.name_of
    events = tuple(Told(str(one.actor), one.ring, one.text(say)) for one in moment.events)
    words = frozenset(word for one in moved if one.ring == name for word in _words(one))
    if not name:
        return replace(
            NOTHING,
            events=events,
            moved=words,
            now_ns=moment.time_ns,
            kernel=kernel,
            live=False,
        )
    at = moment.rings[name]
    return replace(
        _view(name, at.snapshot, at.facts.flags or 0, moment.requests),
        fd=at.facts.fd,
        rings=len(moment.rings),
        events=events,
        moved=words,
        now_ns=moment.time_ns,
        kernel=kernel,
        live=False,
    )


def _view(ring: str, shot: RingSnapshot | None, flags: int, lives: Requests) -> View:
    """What comes from the ring and the lives of its requests."""
    requests = tuple(lives.newest(ring, MOST_REQUESTS))
    return replace(
        NOTHING,
        ring=ring,
        shot=shot,
        flags=flag_names(SetupFlags, flags) if flags else "",
        in_flight=lives.in_flight(ring),
        requests=requests,
        names={one.user_data: one.name for one in requests if one.name},
    )


class Looker:
    """Takes one `View` a tick, and does only the work that what is new asks for."""

    def __init__(self, session: Session) -> None:
        """Look at this session."""
        self._session = session
        self._news = News(session)
        self._told: deque[Told] = deque(maxlen=MOST_EVENTS)
        self._recent: deque[tuple[int, str, tuple[str, ...]]] = deque()
        self._log: object = None
        self._view = NOTHING
        self._key: tuple[object, ...] = ()

    def look(self) -> View:
        """Look now. The same object again while nothing is to be drawn anew."""
        session = self._session
        session.look()
        if session.log is not self._log:
            self._log = session.log
            self._told.clear()
            self._recent.clear()
        news = self._news.take()
        for event in in_short(news):
            self._told.append(Told(str(event.actor), event.ring, session.say(event)))
        for event in news:
            words = _words(event)
            if words:
                self._recent.append((event.time_ns, event.ring, words))
        now = time.monotonic_ns()
        while self._recent and now - self._recent[0][0] > RECENT_NS:
            self._recent.popleft()
        thing = session.current
        if thing is None:
            self._view = replace(NOTHING, events=tuple(self._told), now_ns=now)
            return self._view
        moved = frozenset(
            word for _, ring, words in self._recent if ring == thing.name for word in words
        )
        clock = now // CLOCK_NS * CLOCK_NS if session.requests.in_flight(thing.name) else 0
        shot = thing.observer.snapshot
        key = (thing, shot, session.log.count, session.requests.version, moved, clock)
        if key == self._key:
            return self._view
        self._key = key
        self._view = replace(
            _view(thing.name, shot, int(thing.ring.params.flags), session.requests),
            fd=thing.ring.fd.number,
            rings=len(session.rings()),
            events=tuple(self._told),
            moved=moved,
            now_ns=clock or now,
        )
        return self._view


def _words(event: Event) -> tuple[str, ...]:
    """Which words an event moved."""
    match event:
        case Moved():
            return (event.word,)
        case Staged():
            return ("SQ local", f"SQE {event.slot}")
        case Posted():
            return ("CQ tail", f"CQE {event.slot}")
        case _:
            return ()


@dataclass(frozen=True)
class LessonView:
    """What the lesson pane shows. `markdown` is the text, goals are (text, reached)."""

    title: str
    markdown: str
    goals: tuple[tuple[str, bool], ...]
    message: str
    solved: bool


def lesson_view(course: Course) -> LessonView | None:
    """The open lesson at its step, or None."""
    lesson, step = course.lesson, course.step
    if lesson is None or step is None:
        return None
    at, of = course.step_index + 1, len(lesson.steps)
    parts = [lesson.intro] if at == 1 else []
    parts += [f"## {step.title}", step.prose]
    parts += [
        f"> **Hint {number}.** {text}"
        for number, text in enumerate(step.hints[: course.hints_shown], 1)
    ]
    if course.solved:
        parts += ["### Why it worked", step.why]
        if course.finished and lesson.further:
            parts += ["### Go further", lesson.further]
        parts.append("**Go on when you like:** type `next`.")
    return LessonView(
        f"Lesson {lesson.number} · {lesson.title} · step {at} of {of}",
        "\n\n".join(part for part in parts if part),
        tuple(course.goal_states),
        course.message,
        course.solved,
    )
