"""The proof of the lessons, both ways, on this kernel. One runner for CI, pytest and authors.

Before the solution every goal must fail, and after it every goal must hold. Every mistake must
be told from both. Every example must run. No word is used before it is taught, and nothing is
left behind.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from functools import partial
from typing import TYPE_CHECKING

from uringlab.course.leaks import holdings
from uringlab.course.lesson import LessonError
from uringlab.course.library import files, find, folder, load
from uringlab.course.needs import missing
from uringlab.course.play import blunder, play, prepare, unmet
from uringlab.course.watchdog import Watchdog
from uringlab.course.words import UNTAUGHT, plain, words_of
from uringlab.lab.errors import LineError
from uringlab.lab.session import Session
from uringlab.lab.verbs import standard_table

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence
    from pathlib import Path

    from uringlab.course.lesson import Goal, Lesson, Script, Step, Wrong

SECONDS = 20.0
"""How long the scripts of one fresh session may take together."""


@dataclass
class Report:
    """What came of it.

    Attributes:
        failures: what is wrong, each with file and line.
        skips: (lesson id, why) of lessons that this kernel cannot run.
        checked: how many lessons were proved, whatever came of them; repeats count once.
        proofs: how many single things were looked at.
    """

    failures: list[str] = field(default_factory=list)
    skips: list[tuple[str, str]] = field(default_factory=list)
    checked: int = 0
    proofs: int = 0

    @property
    def ok(self) -> bool:
        """Nothing failed."""
        return not self.failures


def verify(
    place: Path | None = None,
    *,
    only: Sequence[str] = (),
    repeat: int = 1,
    tell: Callable[[str], None] = lambda _line: None,
    make_session: Callable[[], Session] = Session,
    seconds: float = SECONDS,
) -> Report:
    """Prove lessons.

    Args:
        place: the folder; the library's own without it.
        only: numbers, ids or names; all without it. The words that earlier lessons teach count
            all the same.
        repeat: how often each is proved, to find what depends on chance.
        tell: called with one line of progress a lesson.
        make_session: what makes a fresh session.
        seconds: how long the scripts of one session may take before their waits are given up.

    Raises:
        LookupError: `only` names a lesson that does not exist.
        Unavailable: there is no io_uring here.
    """
    report = Report()
    lessons = list(_read(place, report))
    if not lessons and not report.failures:
        report.failures.append(f"there is no lesson in {place or folder()}")
    for failure in report.failures:
        tell(f"FAIL  {failure}")
    wanted = [find(word, lessons) for word in only] if only else lessons
    with Watchdog(seconds) as dog:
        for lesson in wanted:
            why = missing(lesson.needs)
            if why:
                report.skips.append((lesson.id, why))
                tell(f"skip  {lesson.id}: {why}")
                continue
            before = len(report.failures)
            report.checked += 1
            _check_words(lesson, lessons, report)
            _check_order(lesson, report)
            for _ in range(repeat):
                _Proof(lesson, report, dog, make_session).run()
                if len(report.failures) > before:
                    break
            new = report.failures[before:]
            tell(f"{'FAIL' if new else 'ok'}  {lesson.id}")
            for failure in new:
                tell(f"      {failure}")
    return report


def _read(place: Path | None, report: Report) -> Iterator[Lesson]:
    seen: dict[int, str] = {}
    for path in files(place):
        try:
            lesson = load(path)
        except LessonError as error:
            report.failures.append(str(error))
            continue
        if lesson.number in seen:
            report.failures.append(f"{path.name}:1: {seen[lesson.number]} has the same number")
        seen[lesson.number] = path.name
        yield lesson


# -- what can be seen without running ------------------------------------------------------


def _check_words(lesson: Lesson, lessons: Sequence[Lesson], report: Report) -> None:
    """No verb, opcode or flag before it is taught."""
    table = standard_table()
    taught = {plain(word) for one in lessons if one.number <= lesson.number for word in one.teaches}
    for script in lesson.scripts():
        for line in script:
            for word in words_of(line.text, table):
                report.proofs += 1
                if word not in UNTAUGHT and plain(word) not in taught:
                    report.failures.append(
                        f'{lesson.path.name}:{line.number}: "{word}" is used, but neither this '
                        "lesson nor an earlier one teaches it"
                    )


def _check_order(lesson: Lesson, report: Report) -> None:
    """A goal may look at the order of completions only where something makes that order."""
    makers = ("link", "hardlink", "drain", "feed ", "wait", "do ", "reap")
    script = list(lesson.setup)
    for step in lesson.steps:
        script += [*step.setup, *step.solution]
        text = " ".join(line.text for line in script)
        for goal in step.goals:
            for line in goal.checks:
                ordered = " after " in f" {line.text} "
                if ordered and not any(maker in text for maker in makers):
                    report.failures.append(
                        f"{lesson.path.name}:{line.number}: the order of completions is promised "
                        "only where requests are linked, drained, or made to wait for each other"
                    )


# -- what has to be run ----------------------------------------------------------------------


class _Proof:
    """One lesson, once, from fresh sessions."""

    def __init__(
        self,
        lesson: Lesson,
        report: Report,
        dog: Watchdog,
        make_session: Callable[[], Session],
    ) -> None:
        self.lesson = lesson
        self.report = report
        self.dog = dog
        self.make_session = make_session

    def run(self) -> None:
        before = holdings()
        self._alone(self._steps)
        examples = [*self.lesson.examples]
        for at, step in enumerate(self.lesson.steps):
            examples += step.examples
            for wrong in step.wrongs:
                self._alone(partial(self._wrong, at, wrong))
        for example in examples:
            self._alone(partial(self._example, example))
        for what in holdings().more_than(before):
            self.fail(1, what)
        self.report.proofs += 1

    def fail(self, line: int, what: str) -> None:
        self.report.failures.append(f"{self.lesson.path.name}:{line}: {what}")

    def _alone(self, work: Callable[[Session], None]) -> None:
        """In a session of its own, that leaves no scratch directory either."""
        session = self.make_session()
        scratches = [session.scratch.path]
        self.dog.watch(session)
        try:
            work(session)
        finally:
            self.dog.rest()
            scratches.append(session.scratch.path)
            session.close()
        for path in dict.fromkeys(scratches):
            if path.exists():
                self.fail(1, f"the scratch directory {path} was left")

    # -- goals and mistakes -----------------------------------------------------------------

    def _steps(self, session: Session) -> None:
        if not self._plays(session, self.lesson.setup, "the setup"):
            return
        for step in self.lesson.steps:
            if not self._plays(session, step.setup, "the step's setup"):
                return
            since = session.log.count
            self._at_start(session, step, since)
            if not self._plays(session, step.solution, "the solution"):
                return
            self._at_end(session, step, since)

    def _plays(self, session: Session, script: Script, what: str) -> bool:
        try:
            play(session, script)
        except LineError as error:
            number = error.place.removeprefix("line ")
            self.fail(
                int(number) if number.isdigit() else 1,
                f"{what} does not run: {error.line}: {error.short()}",
            )
            return False
        return True

    def _at_start(self, session: Session, step: Step, since: int) -> None:
        for goal in step.goals:
            self.report.proofs += 1
            if not unmet(session, goal.checks, since):
                self.fail(_line(goal), f"the goal “{goal.text}” holds before anything is done")
        for wrong in step.wrongs:
            self.report.proofs += 1
            if not unmet(session, wrong.recognise, since):
                self.fail(
                    wrong.recognise[0].number,
                    f"wrong “{wrong.title}” is recognised before anything is done",
                )

    def _at_end(self, session: Session, step: Step, since: int) -> None:
        for goal in step.goals:
            self.report.proofs += 1
            why = unmet(session, goal.checks, since, patient=True)
            if why:
                self.fail(
                    _line(goal), f"the goal “{goal.text}” does not hold after the solution: {why}"
                )
        for wrong in step.wrongs:
            self.report.proofs += 1
            if not unmet(session, wrong.recognise, since):
                self.fail(
                    wrong.recognise[0].number,
                    f"wrong “{wrong.title}” is recognised after the solution",
                )

    def _wrong(self, at: int, wrong: Wrong, session: Session) -> None:
        step = self.lesson.steps[at]
        try:
            prepare(session, self.lesson, at)
        except LineError:
            return  # the run of the steps has said so already
        since = session.log.count
        blunder(session, wrong.script)
        self.report.proofs += 2
        if all(not unmet(session, goal.checks, since) for goal in step.goals):
            self.fail(wrong.script[0].number, f"wrong “{wrong.title}” reaches every goal")
        why = unmet(session, wrong.recognise, since, patient=True)
        if why:
            self.fail(wrong.recognise[0].number, f"wrong “{wrong.title}” is not recognised: {why}")
        told = next((one for one in step.wrongs if not unmet(session, one.recognise, since)), wrong)
        if not why and told is not wrong:
            self.fail(
                wrong.recognise[0].number,
                f"wrong “{wrong.title}” is taken for “{told.title}”, which comes first",
            )

    def _example(self, example: Script, session: Session) -> None:
        self.report.proofs += 1
        self._plays(session, example, "an example")


def _line(goal: Goal) -> int:
    return goal.checks[0].number
