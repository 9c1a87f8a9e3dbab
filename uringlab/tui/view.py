"""What the screen is drawn from: one frozen look at the session. Widgets see nothing else."""

from __future__ import annotations

import time
from collections import deque
from dataclasses import dataclass
from typing import TYPE_CHECKING

from uringlab.core.abi import SetupFlags
from uringlab.core.abi.named import flag_names
from uringlab.lab.news import News
from uringlab.observe.event import Moved, Posted, Staged

if TYPE_CHECKING:
    from uringlab.course.course import Course
    from uringlab.lab.session import Session
    from uringlab.observe.event import Event
    from uringlab.observe.request import Request
    from uringlab.observe.snapshot import RingSnapshot

RECENT_NS = 900_000_000
MOST_REQUESTS = 100
MOST_EVENTS = 500
CLOCK_NS = 100_000_000


@dataclass(frozen=True)
class View:
    """One moment of the session.

    Attributes:
        ring: the ring in use, "" before there is one.
        shot: its snapshot.
        flags: its setup flags, by name.
        requests: the newest, the oldest of them first.
        events: (actor, text) of the newest events.
        moved: the words that moved within the last second: drawn so that it is seen.
        names: (user_data → name) of the requests of this ring.
        now_ns: CLOCK_MONOTONIC, in steps of a tenth of a second.
    """

    ring: str
    fd: int
    shot: RingSnapshot | None
    flags: str
    rings: int
    in_flight: int
    requests: tuple[Request, ...]
    events: tuple[tuple[str, str], ...]
    moved: frozenset[str]
    names: dict[int, str]
    now_ns: int


NOTHING = View("", -1, None, "", 0, 0, (), (), frozenset(), {}, 0)


class Looker:
    """Takes one `View` a tick, and does only the work that what is new asks for."""

    def __init__(self, session: Session) -> None:
        """Look at this session."""
        self._session = session
        self._news = News(session)
        self._told: deque[tuple[str, str]] = deque(maxlen=MOST_EVENTS)
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
        for event in self._news.take():
            self._told.append((str(event.actor), session.say(event)))
            words = _words(event)
            if words:
                self._recent.append((event.time_ns, event.ring, words))
        now = time.monotonic_ns()
        while self._recent and now - self._recent[0][0] > RECENT_NS:
            self._recent.popleft()
        thing = session.current
        if thing is None:
            self._view = View("", -1, None, "", 0, 0, (), tuple(self._told), frozenset(), {}, now)
            return self._view
        moved = frozenset(
            word for _, ring, words in self._recent if ring == thing.name for word in words
        )
        in_flight = session.requests.in_flight(thing.name)
        clock = now // CLOCK_NS * CLOCK_NS if in_flight else 0
        shot = thing.observer.snapshot
        key = (thing, shot, session.log.count, session.requests.version, moved, clock)
        if key == self._key:
            return self._view
        self._key = key
        requests = tuple(session.requests.newest(thing.name, MOST_REQUESTS))
        flags = thing.ring.params.flags
        self._view = View(
            ring=thing.name,
            fd=thing.ring.fd.number,
            shot=shot,
            flags=flag_names(SetupFlags, flags) if flags else "",
            rings=len(session.rings()),
            in_flight=in_flight,
            requests=requests,
            events=tuple(self._told),
            moved=moved,
            names={one.user_data: one.name for one in requests if one.name},
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
