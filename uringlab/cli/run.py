"""`uringlab run`: scripts, without a person."""

from __future__ import annotations

import io
import signal
import sys
import time
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, NoReturn

import click

from uringlab.cli import exits
from uringlab.cli.inputs import inputs
from uringlab.cli.options import EPILOG, RECORD, bounds, recording
from uringlab.cli.surroundings import leave_in_order, need_io_uring, os_error

if TYPE_CHECKING:
    from collections.abc import Iterable

    from uringlab.lab.batch import Outcome
    from uringlab.lab.junit import JUnit
    from uringlab.lab.script import Statement

    Parts = Iterable[tuple[str, Iterable[Statement]]]


@dataclass(frozen=True)
class Running:
    """How scripts are run.

    Attributes:
        allow: directories outside the session's own.
        network: whether sockets may leave the machine.
        timeout: seconds for one run of all inputs; None: as long as it takes.
        record: the recording to be made.
        as_json: one object a line on standard output.
        keep_going: after a line that failed, and after a run that did.
        quiet: no narration.
        repeat: how often all of it is run, each time in a new session.
        junit: the report to be written.
    """

    allow: tuple[Path, ...] = ()
    network: bool = False
    timeout: float | None = None
    record: Path | None = None
    as_json: bool = False
    keep_going: bool = False
    quiet: bool = False
    repeat: int = 1
    junit: Path | None = None


@click.command(epilog=EPILOG)
@click.argument("files", nargs=-1, metavar="FILE…")
@click.option("-c", "lines", multiple=True, metavar="LINE", help="Run this line. Repeatable.")
@click.option(
    "--json", "as_json", is_flag=True, help="One JSON object a line on stdout: docs/json-lines.md."
)
@click.option("--keep-going", is_flag=True, help="Go on after a line that failed.")
@click.option("--quiet", "-q", is_flag=True, help="No narration on stderr.")
@click.option(
    "--timeout",
    type=click.FloatRange(min=0),
    metavar="SECONDS",
    help="Give up after so long: exit code 4. With --repeat: each run.",
)
@click.option(
    "--repeat",
    type=click.IntRange(min=1),
    default=1,
    metavar="N",
    help="Run all of it N times, each in a new session; stop at the first run that fails.",
)
@click.option(
    "--junit",
    type=click.Path(dir_okay=False, path_type=Path),
    metavar="FILE",
    help="Write a JUnit report: a test case for each expect.",
)
@bounds
@RECORD
def run(files: tuple[str, ...], lines: tuple[str, ...], **options: object) -> None:
    """Run files of commands, or - for standard input, or -c LINE.

    All of them run in one session, one after another. What was asked for goes to standard output,
    what happened to standard error.
    """
    run_all(list(inputs(files, lines)), Running(**options))  # type: ignore[arg-type] # click's


def run_all(parts: Parts, running: Running) -> NoReturn:
    """Run every input, and exit with the code for how it ended."""
    need_io_uring()
    leave_in_order()
    for stream, errors in ((sys.stdin, "surrogateescape"), (sys.stdout, "backslashreplace")):
        if isinstance(stream, io.TextIOWrapper):
            stream.reconfigure(errors=errors)
    if running.repeat > 1:
        if running.record is not None:
            raise click.UsageError("--record records one session: leave --repeat out")
        parts = [(where, list(statements)) for where, statements in parts]
    report = _report(running.junit)
    try:
        code = _runs(parts, running, report)
    finally:
        if report is not None:
            report.close()
    sys.exit(code)


def _report(path: Path | None) -> JUnit | None:
    """The report; its file is opened at once, so that nobody runs for an hour in vain."""
    if path is None:
        return None
    from uringlab.lab.junit import JUnit  # noqa: PLC0415 - few ask for it

    try:
        return JUnit(path)
    except OSError as error:
        raise click.BadParameter(
            f"cannot write {path}: {error.strerror}", param_hint="--junit"
        ) from error


def _runs(parts: Parts, running: Running, report: JUnit | None) -> int:
    """All runs. Returns the exit code: that of the worst."""
    from uringlab.lab.batch import worse  # noqa: PLC0415 - it loads the session

    worst, failed, count = None, 0, 0
    for count in range(1, running.repeat + 1):
        if running.repeat > 1 and not running.quiet and not running.as_json:
            click.echo(f"run {count} of {running.repeat}", err=True)
        if report is not None:
            report.run = count if running.repeat > 1 else 0
        outcome = _once(parts, running, count, report)
        worst = outcome if worst is None else worse(worst, outcome)
        failed += outcome != "ok"
        if failed and not running.keep_going:
            break
    if running.repeat > 1 and not running.as_json:
        told = f"{failed} of {count} runs failed" if failed else f"{count} runs, all well"
        if count < running.repeat:
            told += f"; {running.repeat - count} were not begun"
        click.echo(told, err=True)
    return exits.OK if worst is None else _code(worst)


def _once(parts: Parts, running: Running, count: int, report: JUnit | None) -> Outcome:
    """One run of every input, in a session of its own."""
    from uringlab.lab.batch import Batch  # noqa: PLC0415 - it loads the session
    from uringlab.lab.bench import Bench  # noqa: PLC0415 - the same

    begin = recording(running.record)
    with Bench(running.allow, begin, allow_network=running.network) as bench:
        bench.session.unattended = True
        batch = Batch(
            bench,
            sys.stdout,
            sys.stderr,
            as_json=running.as_json,
            keep_going=running.keep_going,
            quiet=running.quiet,
            on_line=None if report is None else report.line,
        )
        if running.timeout is not None:
            batch.deadline = time.monotonic() + running.timeout
        try:
            batch.begin(count, running.repeat)
            going = True
            for where, statements in parts:
                left = iter(statements)
                going = going and batch.run(left, where)
                if not going and report is not None and batch.outcome != "ok":
                    report.rest(where, left, bench.session.table)
                elif not going:
                    break
            batch.end(str(batch.outcome), _code(batch.outcome))
        except OSError as error:  # of our own streams; click would make it exit code 1
            os_error(error)
        except KeyboardInterrupt:
            signal.signal(signal.SIGINT, signal.SIG_IGN)  # once is enough
            batch.end("interrupted", exits.INTERRUPTED)
            click.echo("interrupted", err=True)
            sys.exit(exits.INTERRUPTED)
    return batch.outcome


def _code(outcome: Outcome) -> int:
    return {
        "ok": exits.OK,
        "expectation": exits.EXPECTATION,
        "error": exits.USAGE,
        "unavailable": exits.UNAVAILABLE,
        "timed out": exits.TIMED_OUT,
    }[str(outcome)]
