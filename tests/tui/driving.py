"""Driving the lab in tests: typing as a person does, and waiting for what is to be seen."""

import asyncio
import contextlib
import time
from collections.abc import AsyncIterator, Callable

from textual.keys import _character_to_key
from textual.pilot import Pilot

from uringlab.tui.app import LabApp

PATIENCE = 10.0


async def until(pilot: Pilot[int], holds: Callable[[], bool], what: str = "") -> None:
    """Let the app run until something holds; fail if it does not in ten seconds."""
    deadline = time.monotonic() + PATIENCE
    while not holds():
        if time.monotonic() > deadline:
            raise AssertionError(f"never came true: {what or holds}")
        await pilot.pause(0.01)


async def type_keys(pilot: Pilot[int], line: str) -> None:
    """Type a line, key by key, and Enter; wait until it has ended."""
    await pilot.press(*(_character_to_key(char) for char in line), "enter")
    await settled(pilot)


async def type_line(pilot: Pilot[int], line: str) -> None:
    """Paste a line, press Enter; wait until it has ended."""
    app = pilot.app
    assert isinstance(app, LabApp)
    app._prompt.replace_line(line)
    await pilot.press("enter")
    await settled(pilot)


async def settled(pilot: Pilot[int]) -> None:
    """Wait until no line runs, and the screen has drawn what came of it."""
    app = pilot.app
    assert isinstance(app, LabApp)
    await until(pilot, lambda: not app.line_is_running, "the line has ended")
    await pilot.pause(0.08)


@contextlib.asynccontextmanager
async def lab(
    size: tuple[int, int] = (132, 40), lesson: str | None = None
) -> AsyncIterator[tuple[LabApp, Pilot[int]]]:
    """A running lab, its first ring drawn."""
    app = LabApp(lesson=lesson)
    async with app.run_test(size=size) as pilot:
        await until(pilot, lambda: app.bench.session.current is not None, "the first ring")
        await settled(pilot)
        yield app, pilot


def run(scene: Callable[[], object]) -> None:
    """Run a coroutine function to its end."""
    asyncio.run(scene())  # type: ignore[arg-type]
