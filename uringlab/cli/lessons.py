"""`uringlab learn` and `uringlab lessons …`."""

from __future__ import annotations

import sys
from pathlib import Path

import click

from uringlab.cli import exits


@click.group()
def lessons() -> None:
    """The lessons: list them, and prove them on this kernel."""


@lessons.command("list")
def list_lessons() -> None:
    """Every lesson, and what was done of it: x completed, - begun."""
    from uringlab.core.errors import Unavailable  # noqa: PLC0415
    from uringlab.course.lesson import LessonError  # noqa: PLC0415
    from uringlab.course.library import all_lessons  # noqa: PLC0415
    from uringlab.course.needs import missing  # noqa: PLC0415
    from uringlab.course.progress import Progress  # noqa: PLC0415

    progress = Progress()
    try:
        found = all_lessons()
    except (LessonError, FileNotFoundError) as error:
        raise click.ClickException(str(error)) from error
    unavailable = ""
    for one in found:
        done = progress.of(one.id)
        mark = "x" if done.completed else "-" if done.steps else " "
        try:
            why = missing(one.needs)
        except Unavailable as error:
            why, unavailable = "", str(error.strerror)
        cannot = f"   cannot run here: {why}" if why else ""
        click.echo(f"[{mark}] {one.number:>2}  {one.title}  ({one.minutes} min)  {one.id}{cannot}")
    for problem in (progress.problem, unavailable):
        if problem:
            click.echo(problem, err=True)


@lessons.command()
@click.argument("which", nargs=-1, metavar="[LESSON…]")
@click.option(
    "--repeat",
    default=1,
    type=click.IntRange(min=1),
    metavar="N",
    help="Prove each lesson N times, to find what depends on chance.",
)
@click.option(
    "--folder",
    type=click.Path(exists=True, file_okay=False, path_type=Path),
    help="A folder of lessons of your own.",
)
def verify(which: tuple[str, ...], repeat: int, folder: Path | None) -> None:
    """Prove lessons both ways on this kernel.

    Before the solution every goal must fail, after it every goal must hold; every mistake must be
    recognised; every example must run; nothing may leak. Exit code 1 if anything fails.
    """
    from uringlab.course.verify import verify as prove  # noqa: PLC0415

    try:
        report = prove(folder, only=which, repeat=repeat, tell=click.echo)
    except LookupError as error:
        raise click.UsageError(str(error.args[0])) from error
    times = f" × {repeat}" if repeat > 1 else ""
    click.echo(
        f"{report.checked} lessons proved{times}, {len(report.failures)} failures, "
        f"{len(report.skips)} skipped, {report.proofs} things looked at"
    )
    if not report.ok:
        sys.exit(exits.EXPECTATION)
