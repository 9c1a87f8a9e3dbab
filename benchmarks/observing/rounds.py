"""Contenders that take turns, each in a process of its own."""

from __future__ import annotations

import random
import subprocess
import sys
from typing import TYPE_CHECKING, Self

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

SEED = 4


class Child:
    """A process that does a round whenever it is asked.

    Its own, for what Python keeps for a whole process is part of what is measured: a cache that
    one contender has filled would be free for the next, and a garbage collector walks through
    what all of them have made.

    Args:
        args: what to run: a module, and its arguments.
    """

    def __init__(self, *args: str) -> None:
        """Start it. It warms up meanwhile."""
        self._process = subprocess.Popen(
            [sys.executable, "-m", *args],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
            bufsize=1,
        )

    def round(self) -> float:
        """Have it do one.

        Raises:
            ChildProcessError: it ended instead; it has said why on standard error.
        """
        process = self._process
        if process.stdin is None or process.stdout is None:
            raise TypeError("a child has pipes")
        try:
            process.stdin.write("round\n")
            answer = process.stdout.readline()
        except BrokenPipeError:
            answer = ""
        if not answer:
            raise ChildProcessError(f"a contender ended with status {process.wait()}")
        return float(answer)

    def __enter__(self) -> Self:
        """`with Child(…):`."""
        return self

    def __exit__(self, *_: object) -> None:
        """It ends when nobody asks any more."""
        self._process.communicate()


def answer_rounds(one_round: Callable[[], float]) -> None:
    """Be the child: do a round for each line of standard input."""
    for _ in sys.stdin:
        print(one_round(), flush=True)


def take_turns(children: Mapping[str, Child], rounds: int) -> dict[str, list[float]]:
    """Round by round, in an order that is drawn anew each time: no place is better for long."""
    chance = random.Random(SEED)  # noqa: S311 - an order, not a secret
    taken: dict[str, list[float]] = {name: [] for name in children}
    for child in children.values():
        child.round()  # not counted: it is warm when it answers
    for _ in range(rounds):
        for name in chance.sample(list(children), len(children)):
            taken[name].append(children[name].round())
    return taken
