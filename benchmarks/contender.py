"""One of those that are compared: a process that stays alive and runs a round when told to."""

from __future__ import annotations

import subprocess
from typing import TYPE_CHECKING, NamedTuple, Self

if TYPE_CHECKING:
    from collections.abc import Sequence

READ_BYTES = 4096
SHORTEST = 1_000_000
"""Nanoseconds: below this a clock reading and the pipe's wake-up are felt."""


class Work(NamedTuple):
    """What is done in a round: so many requests of a kind, so many at a time."""

    kind: str
    batch: int

    def __str__(self) -> str:
        """`nop, batch 32`."""
        return f"{self.kind}, batch {self.batch}"


class Cost(NamedTuple):
    """What a request took in a round, in nanoseconds.

    Attributes:
        cpu: of the contender's processor time, in its own code and in the kernel's.
        wall: of everybody's time; other programs' turns on the processor are in it.
    """

    cpu: float
    wall: float


class Answer(NamedTuple):
    """What a contender says of a round."""

    cpu_ns: int
    wall_ns: int
    cqes: int
    sum_res: int
    sum_user_data: int


class WrongAnswerError(Exception):
    """A contender skipped work, or its ring did."""


class DeadContenderError(Exception):
    """A contender ended when it should have answered.

    Attributes:
        status: its exit status; negative: the signal that killed it.
    """

    def __init__(self, name: str, status: int, told: str) -> None:
        """Made by `Contender`."""
        super().__init__(f"{name} ended with status {status}: {told.strip()}")
        self.status = status


class Contender:
    """A running contender.

    Args:
        name: for people.
        command: the program and its arguments.
        every: whether it reads every CQE; else only those of a round's last batch.
    """

    def __init__(self, name: str, command: Sequence[str], *, every: bool = True) -> None:
        """Start it."""
        self.name = name
        self.every = every
        self._batches: dict[Work, int] = {}
        self._process = subprocess.Popen(
            command,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
            bufsize=1,
        )

    def run(self, work: Work, batches: int) -> Answer:
        """Have it run so many batches.

        Raises:
            WrongAnswerError: its sums are not what that work gives.
            DeadContenderError: it ended instead.
        """
        answer = self._ask(f"round {work.kind} {work.batch} {batches}\n")
        problem = wrong(work, batches, answer, every=self.every)
        if problem:
            raise WrongAnswerError(f"{self.name}: {work}: {problem}")
        return answer

    def calibrate(self, work: Work, round_ns: float) -> None:
        """Find how many batches take about `round_ns`. Its ring and its caches are warm then."""
        batches = 1
        while (answer := self.run(work, batches)).cpu_ns < max(round_ns / 4, SHORTEST):
            batches *= 2
        self._batches[work] = max(1, round(batches * round_ns / answer.cpu_ns))

    def round(self, work: Work) -> Cost:
        """Run a round of the calibrated length."""
        answer = self.run(work, self._batches[work])
        return Cost(answer.cpu_ns / answer.cqes, answer.wall_ns / answer.cqes)

    def _ask(self, line: str) -> Answer:
        process = self._process
        if process.stdin is None or process.stdout is None or process.stderr is None:
            raise TypeError("a contender has pipes")
        try:
            process.stdin.write(line)
            words = process.stdout.readline().split()
        except BrokenPipeError:
            words = []
        if not words:
            told = process.stderr.read()
            raise DeadContenderError(self.name, process.wait(), told)
        return Answer(*map(int, words))

    def __enter__(self) -> Self:
        """`with Contender(…) as contender:`."""
        return self

    def __exit__(self, *_: object) -> None:
        """End it: its input is over."""
        self._process.communicate()


def wrong(work: Work, batches: int, answer: Answer, *, every: bool) -> str:
    """Say what an answer lacks; nothing if it is right.

    Each batch has user_data 1 to `batch`; each NOP gives 0, each read READ_BYTES.
    """
    read = batches if every else 1
    res = READ_BYTES if work.kind == "read" else 0
    expected = {
        "cqes": batches * work.batch,
        "sum_res": read * work.batch * res,
        "sum_user_data": read * work.batch * (work.batch + 1) // 2,
    }
    return ", ".join(
        f"{name} is {getattr(answer, name)}, and should be {number}"
        for name, number in expected.items()
        if getattr(answer, name) != number
    )
