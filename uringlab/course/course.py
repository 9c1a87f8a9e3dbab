"""A course in a session: the lesson that is open, what of it is reached, what to say about it."""

from __future__ import annotations

from typing import TYPE_CHECKING

from uringlab.course.library import all_lessons
from uringlab.course.library import find as find_lesson
from uringlab.course.needs import missing
from uringlab.course.play import play, prepare, unmet
from uringlab.course.progress import Progress
from uringlab.course.render import plain, render_step
from uringlab.course.verbs import specs
from uringlab.lab.errors import LineError
from uringlab.lab.reply import Reply, Stream

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from uringlab.course.lesson import Lesson, Script, Step
    from uringlab.lab.session import Session


class Course:
    """Plays lessons in a session, and adds `learn`, `check`, `hint`, `solution` and `next` to it.

    A front end calls `after_line()` after each line of the learner's, whether it failed or not,
    and `tick()` from a timer, both in the thread that runs the lines; it shows the replies and
    draws the attributes. Goals are looked at in the session's own snapshots, names and events;
    to look changes nothing. Nothing advances by itself.

    Args:
        session: where the lessons are played.
        progress: what is kept of it; the file in the XDG state folder without it.
        lessons: which lessons there are; those of the library without it.

    The attributes may be read from any thread.

    Attributes:
        solved: whether every goal of the step was reached at once, at some time.
        hints_shown: how many hints of this step are open: `step.hints[:hints_shown]`.
        message: what is said of the mistake that the session shows now, or "".
        spent: lines that the learner has spent on this step.
    """

    def __init__(
        self,
        session: Session,
        *,
        progress: Progress | None = None,
        lessons: Sequence[Lesson] | None = None,
    ) -> None:
        """Add the verbs. Reads the lessons when they are first asked for."""
        self.session = session
        self.progress = progress or Progress()
        self._lessons = None if lessons is None else tuple(lessons)
        # Lesson and step change together: another thread never sees one without the other.
        self._place: tuple[Lesson, int] | None = None
        self.solved = False
        self.hints_shown = 0
        self.message = ""
        self.spent = 0
        self._met: tuple[bool, ...] = ()
        self._wrongs: frozenset[str] = frozenset()
        self._log: object = None
        self._since = 0
        self._ours = False
        self._told_problem = False
        for spec in specs(self):
            session.table.add(spec)

    # -- asking ------------------------------------------------------------------------

    @property
    def lessons(self) -> tuple[Lesson, ...]:
        """Every lesson, by number.

        Raises:
            LessonError: one of the files is not well written.
        """
        if self._lessons is None:
            self._lessons = all_lessons()
        return self._lessons

    @property
    def lesson(self) -> Lesson | None:
        """The open one, or None."""
        place = self._place
        return place[0] if place is not None else None

    @property
    def step_index(self) -> int:
        """Which of its steps, from 0."""
        place = self._place
        return place[1] if place is not None else 0

    @property
    def step(self) -> Step | None:
        """The step that the learner is at, or None while no lesson is open."""
        place = self._place
        return place[0].steps[place[1]] if place is not None else None

    @property
    def goal_states(self) -> list[tuple[str, bool]]:
        """Each goal of the step, and whether it holds. A step that was solved stays solved."""
        step, met, solved = self.step, self._met, self.solved
        if step is None:
            return []
        return [
            (goal.text, solved or (at < len(met) and met[at])) for at, goal in enumerate(step.goals)
        ]

    @property
    def finished(self) -> bool:
        """Whether the last step of the open lesson is solved."""
        place = self._place
        return place is not None and self.solved and place[1] == len(place[0].steps) - 1

    def find(self, word: str) -> Lesson:
        """The lesson of a number, an id or a name.

        Raises:
            LookupError: there is none.
        """
        return find_lesson(word, self.lessons)

    def where_stopped(self) -> Lesson | None:
        """The first lesson that is not completed and can run here; None if all are."""
        for one in self.lessons:
            if not self.progress.of(one.id).completed and not missing(one.needs):
                return one
        return None

    def first_undone(self, lesson: Lesson) -> int:
        """The step of a lesson to go on with: 0 for one that is completed."""
        done = self.progress.of(lesson.id)
        if done.completed:
            return 0
        return next((at for at in range(len(lesson.steps)) if at not in done.steps), 0)

    # -- going on ------------------------------------------------------------------------

    def open(self, lesson: Lesson, step: int | None = None) -> Iterator[Reply]:
        """Start a lesson: reset the session, run the setup, show the text.

        Args:
            lesson: which.
            step: from which step on; without it, the first that was not solved yet. What
                earlier steps would have left is made by running their solutions.

        Raises:
            LineError: it cannot run here, or a line of its setup failed.
        """
        why = missing(lesson.needs)
        if why:
            raise LineError(f"lesson {lesson.number} cannot run here: {why}")
        at = self.first_undone(lesson) if step is None else step
        self._go(lesson, at)
        yield from self._problem()
        if at:
            yield _said(
                f"lesson {lesson.number}, from step {at + 1} on; the steps before were done for "
                f"you. From the start: learn {lesson.number} step=1",
                "note",
            )
        yield self.page()

    def _go(self, lesson: Lesson, step: int) -> None:
        self._prepare(lesson, step)
        self._fresh_step(lesson, step)

    def _prepare(self, lesson: Lesson, step: int) -> None:
        try:
            prepare(self.session, lesson, step)
        except LineError as error:
            error.message = f"the lesson could not be set up: {error.message}"
            raise
        finally:
            self._log = self.session.log

    def _fresh_step(self, lesson: Lesson, step: int) -> None:
        self._met = (False,) * len(lesson.steps[step].goals)
        self.solved = False
        self._place = (lesson, step)
        self.hints_shown = 0
        self.message = ""
        self.spent = 0
        self._wrongs = frozenset()
        # System calls of earlier steps are neither goals nor mistakes of this one.
        self._since = self.session.log.count

    def advance(self) -> Iterator[Reply]:
        """To the next step, or from the last one to the next lesson.

        Raises:
            LineError: this step is not solved, or there is nothing after it.
        """
        lesson = self.opened()
        if not self.solved:
            left = sum(not met for _, met in self.goal_states)
            raise LineError(f"{left} of {len(self._met)} goals are not reached yet", None, "hint")
        if not self.finished:
            # What the learner did stays; only what this step needs is added.
            play(self.session, lesson.steps[self.step_index + 1].setup)
            self._fresh_step(lesson, self.step_index + 1)
            yield self.page()
            return
        later = self._later(lesson)
        if later is None:
            yield _said("That was the last lesson. The ring is yours now.", "note")
            return
        yield from self.open(later)

    def _later(self, lesson: Lesson) -> Lesson | None:
        """The next lesson that can run here."""
        return next(
            (one for one in self.lessons if one.number > lesson.number and not missing(one.needs)),
            None,
        )

    def page(self) -> Reply:
        """The text of the step, as the learner reads it.

        Raises:
            LineError: no lesson is open.
        """
        lesson = self.lesson
        if lesson is None:
            raise LineError("no lesson is open", None, "learn")
        step = lesson.steps[self.step_index]
        intro = f"{lesson.intro}\n\n" if self.step_index == 0 else ""
        return Reply(
            render_step(lesson, self.step_index),
            Stream.DATA,
            {
                "type": "lesson",
                "lesson": lesson.id,
                "step": self.step_index + 1,
                "title": step.title,
                "markdown": f"{intro}## {step.title}\n\n{step.prose}",
                "goals": [goal.text for goal in step.goals],
            },
        )

    def begin_own_line(self) -> None:
        """The line that runs now is one of the course's verbs: it does not count as spent."""
        self._ours = True

    def opened(self) -> Lesson:
        """The open lesson, for one of the course's verbs.

        Raises:
            LineError: there is none.
        """
        self.begin_own_line()
        if self.lesson is None:
            raise LineError("no lesson is open", None, "learn")
        return self.lesson

    # -- looking at the goals ---------------------------------------------------------------

    def after_line(self) -> list[Reply]:
        """To be called after each line of the learner's. What there is to say now."""
        lesson = self.lesson
        if lesson is None:
            return []
        if not self._ours:
            self.spent += 1
        self._ours = False
        replies: list[Reply] = []
        if self.session.log is not self._log:
            try:
                self._go(lesson, self.step_index)
            except LineError as error:
                return [_said(error.message, "note")]
            replies.append(_said("back at the start of this step", "note"))
        return replies + self.tick()

    def tick(self) -> list[Reply]:
        """Look at the goals; what there is to say of what changed since the last look."""
        step = self.step
        if step is None or self.solved or self.session.log is not self._log:
            return []
        before = self._met
        self._met = tuple(not self._unmet(goal.checks) for goal in step.goals)
        replies = [
            _said(f"{'✔' if now else '✘ no longer so:'} {goal.text}", "goal", met=now)
            for goal, was, now in zip(step.goals, before, self._met, strict=True)
            if was != now
        ]
        if all(self._met):
            replies += self._solved(step)
        else:
            replies += self._recognise(step)
        return replies

    def _solved(self, step: Step) -> Iterator[Reply]:
        lesson = self.lesson
        if lesson is None:  # pragma: no cover - a step belongs to a lesson
            return
        self.solved = True
        self.message = ""
        self.progress.step_done(lesson.id, self.step_index, len(lesson.steps))
        yield from self._problem()
        lines = _count(self.spent, "line")
        needed = _count(len(step.solution), "line")
        yield _said(
            f"Solved in {lines}, {_count(self.hints_shown, 'hint')}. Ours takes {needed}.",
            "solved",
            step=self.step_index + 1,
            spent=self.spent,
        )
        why = f"### Why it worked\n\n{step.why}"
        yield Reply(plain(why), Stream.NOTE, {"type": "why", "markdown": why})
        if self.finished and lesson.further:
            further = f"### Go further\n\n{lesson.further}"
            yield Reply(plain(further), Stream.NOTE, {"type": "further", "markdown": further})
        yield _said(self._onward(lesson), "onward")

    def _onward(self, lesson: Lesson) -> str:
        if not self.finished:
            return "Go on when you like: next"
        later = self._later(lesson)
        done = f"Lesson {lesson.number} is complete."
        return f"{done} Lesson {later.number}, {later.title}: next" if later else done

    def _recognise(self, step: Step) -> list[Reply]:
        """Mistakes that can be seen now and could not before: each is told when it appears."""
        before = self._wrongs
        self._wrongs = self._visible(step)
        new = [one for one in step.wrongs if one.title in self._wrongs - before]
        if new:
            self.message = new[0].message
            return [
                Reply(plain(self.message), Stream.NOTE, {"type": "wrong", "text": self.message})
            ]
        if not self._wrongs:
            self.message = ""
        return []

    def _unmet(self, checks: Script) -> str:
        return unmet(self.session, checks, self._since)

    def _visible(self, step: Step) -> frozenset[str]:
        return frozenset(one.title for one in step.wrongs if not self._unmet(one.recognise))

    def _problem(self) -> Iterator[Reply]:
        """Say once what is wrong with the file of progress."""
        if self.progress.problem and not self._told_problem:
            self._told_problem = True
            yield _said(self.progress.problem, "note")

    # -- for the verbs ------------------------------------------------------------------------

    def report(self) -> Iterator[Reply]:
        """Each goal, and for one that is not reached what is in its way."""
        lesson = self.opened()
        step = lesson.steps[self.step_index]
        yield _said(
            f"Lesson {lesson.number}, step {self.step_index + 1} of {len(lesson.steps)}: "
            f"{step.title}",
            "note",
        )
        for goal in step.goals:
            why = "" if self.solved else self._unmet(goal.checks)
            text = f"[{' ' if why else 'x'}] {goal.text}" + (f"\n      {why}" if why else "")
            yield Reply(
                text, Stream.DATA, {"type": "goal", "goal": goal.text, "met": not why, "why": why}
            )
        if self.solved:
            yield _said(self._onward(lesson), "onward")
        else:
            yield _said("Lost your way? reset: back to the start of this step", "note")

    def open_hint(self) -> Reply:
        """One more hint.

        Raises:
            LineError: all are open.
        """
        lesson = self.opened()
        hints = lesson.steps[self.step_index].hints
        if self.hints_shown >= len(hints):
            raise LineError("all hints of this step are open", None, "solution")
        text = hints[self.hints_shown]
        self.hints_shown += 1
        self.progress.hint_used(lesson.id)
        label = f"Hint {self.hints_shown} of {len(hints)}: "
        return Reply(
            plain(label + text),
            Stream.DATA,
            {"type": "hint", "number": self.hints_shown, "of": len(hints), "markdown": text},
        )


def _said(text: str, kind: str, **more: object) -> Reply:
    return Reply(text, Stream.NOTE, {"type": kind, "text": text, **more})


def _count(number: int, what: str) -> str:
    return f"1 {what}" if number == 1 else f"{number or 'no'} {what}s"
