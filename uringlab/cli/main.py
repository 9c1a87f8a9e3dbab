"""The commands of the program. Everything heavy is imported by the command that needs it."""

from __future__ import annotations

import errno
import io
import os
import signal
import sys
import time
from pathlib import Path
from typing import TYPE_CHECKING, NoReturn

import click

from uringlab.cli import exits
from uringlab.cli.lessons import lessons
from uringlab.cli.replay import replay

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator

    from uringlab.lab.script import Statement
    from uringlab.lab.session import Session

EPILOG = """\b
Exit codes: 0 all well · 1 an expectation failed · 2 a line or an argument is wrong
3 io_uring is not available here · 4 timed out · 130 interrupted
"""
_DIRECTORY = click.Path(exists=True, file_okay=False, path_type=Path)


def _searched(
    context: click.Context, parameter: click.Parameter, paths: tuple[Path, ...]
) -> tuple[Path, ...]:
    """Say at once when a directory cannot be allowed; the session asks again."""
    if paths:
        from uringlab.lab.bounds.roots import Roots  # noqa: PLC0415 - most runs allow none
        from uringlab.lab.errors import LineError  # noqa: PLC0415 - the same

        try:
            Roots(paths)
        except LineError as error:
            raise click.BadParameter(error.message, context, parameter) from error
    return paths


def _bounds(function: Callable[..., None]) -> Callable[..., None]:
    """The options for what is outside of a session's bounds: see docs/bounds.md."""
    path = click.option(
        "--allow-path",
        "allow",
        multiple=True,
        type=_DIRECTORY,
        callback=_searched,
        help="A directory outside the session's own that paths may lead to. Repeatable.",
    )
    network = click.option(
        "--allow-network",
        "network",
        is_flag=True,
        help="Let sockets of every kind bind, connect and send to every address.",
    )
    return path(network(function))


_RECORD = click.option(
    "--record",
    type=click.Path(dir_okay=False, path_type=Path),
    metavar="FILE",
    help="Write all that happens into this new file: see uringlab replay.",
)


def _recording(path: Path | None) -> Callable[[Session], None] | None:
    """What begins a recording in a new session."""
    if path is None:
        return None

    def begin(session: Session) -> None:
        from uringlab.lab.errors import LineError  # noqa: PLC0415

        try:
            session.recorders.record(path, session.log, session.requests, payload=False)
        except LineError as error:
            raise click.BadParameter(error.message, param_hint="--record") from error

    return begin


@click.group(
    invoke_without_command=True,
    epilog=EPILOG,
    context_settings={"help_option_names": ["-h", "--help"]},
)
@click.version_option(package_name="uringlab")
@_bounds
@click.pass_context
def cli(context: click.Context, allow: tuple[Path, ...], *, network: bool) -> None:
    """See io_uring move: a real ring, its heads and tails, and a prompt.

    Without a command it opens the lab.
    """
    if context.invoked_subcommand is None:
        _lab(allow, None, network=network)
    elif allow or network:
        raise click.UsageError(
            f"--allow-path and --allow-network come after the command: "
            f"uringlab {context.invoked_subcommand} …"
        )


def _lab(allow: tuple[Path, ...], lesson: str | None, *, network: bool) -> None:
    _need_io_uring()
    if not _at_a_terminal():
        raise click.UsageError(
            "the lab needs a terminal. In a pipe use: uringlab run -c 'do nop', or uringlab repl"
        )
    from uringlab.tui.app import LabApp  # noqa: PLC0415

    app = LabApp(allow, lesson, allow_network=network)
    app.run()
    sys.exit(app.return_code or 0)


def _at_a_terminal() -> bool:
    """Whether somebody sits there. A stream that was closed before we began is None."""
    return all(stream is not None and stream.isatty() for stream in (sys.stdin, sys.stdout))


def _leave_in_order() -> None:
    """Whoever ends us from outside still gets the rings closed and the directory removed."""

    def leave(number: int, _frame: object) -> None:
        for other in signals:  # once is enough
            signal.signal(other, signal.SIG_IGN)
        sys.exit(128 + number)

    signals = [
        signo
        for signo in (signal.SIGTERM, signal.SIGHUP)
        if signal.getsignal(signo) is signal.SIG_DFL
    ]
    for signo in signals:
        signal.signal(signo, leave)


def _need_io_uring() -> None:
    """Say at once, in one sentence, when there is no io_uring to be had."""
    from uringlab.core.errors import Unavailable  # noqa: PLC0415
    from uringlab.core.ring import IoUring  # noqa: PLC0415

    try:
        IoUring(1).close()
    except Unavailable as error:
        click.echo(error.strerror, err=True)
        sys.exit(exits.UNAVAILABLE)
    except OSError as error:
        click.echo(f"io_uring cannot be set up here: {error.strerror}", err=True)
        sys.exit(exits.UNAVAILABLE)


@cli.command(epilog=EPILOG)
@_bounds
@click.argument("lesson", required=False)
@click.option("--repl", "in_repl", is_flag=True, help="In the line REPL, not on the screen.")
def learn(allow: tuple[Path, ...], lesson: str | None, *, network: bool, in_repl: bool) -> None:
    """Go on where you stopped, or begin LESSON (its number or id)."""
    _need_io_uring()
    if lesson is not None:
        from uringlab.course.library import find  # noqa: PLC0415

        try:
            lesson = find(lesson).id
        except LookupError as error:
            raise click.UsageError(str(error.args[0])) from error
    if in_repl:
        from uringlab.repl.main import run_repl  # noqa: PLC0415

        sys.exit(run_repl(allow, lesson or "", allow_network=network))
    _lab(allow, lesson or "", network=network)


@cli.command(epilog=EPILOG)
@_bounds
@click.option("--lesson", help="Start with this lesson: its number or id.")
@click.option("--no-color", is_flag=True, help="No colours. NO_COLOR does the same.")
@_RECORD
def repl(
    allow: tuple[Path, ...],
    lesson: str | None,
    record: Path | None,
    *,
    network: bool,
    no_color: bool,
) -> None:
    """A prompt, line by line: history, completion, a live toolbar."""
    if not _at_a_terminal():
        # No terminal to draw on: the same lines, plainly, with the exit codes of a script.
        _run_all(_inputs(("-",), ()), allow, record=record, network=network)
    _need_io_uring()
    _leave_in_order()
    from uringlab.repl.main import run_repl  # noqa: PLC0415

    prepare = _recording(record)
    sys.exit(run_repl(allow, lesson, allow_network=network, color=not no_color, prepare=prepare))


@cli.command(epilog=EPILOG)
@click.argument("files", nargs=-1, metavar="FILE…")
@click.option("-c", "lines", multiple=True, metavar="LINE", help="Run this line. Repeatable.")
@click.option("--json", "as_json", is_flag=True, help="One JSON object a line on stdout.")
@click.option("--keep-going", is_flag=True, help="Go on after a line that failed.")
@click.option("--quiet", "-q", is_flag=True, help="No narration on stderr.")
@click.option(
    "--timeout",
    type=click.FloatRange(min=0),
    metavar="SECONDS",
    help="Give up after so long: exit code 4.",
)
@_bounds
@_RECORD
def run(
    files: tuple[str, ...],
    lines: tuple[str, ...],
    allow: tuple[Path, ...],
    timeout: float | None,
    record: Path | None,
    *,
    network: bool,
    as_json: bool,
    keep_going: bool,
    quiet: bool,
) -> None:
    """Run files of commands, or - for standard input, or -c LINE.

    What was asked for goes to standard output, what happened to standard error.
    """
    _run_all(
        list(_inputs(files, lines)),
        allow,
        timeout,
        record,
        network=network,
        as_json=as_json,
        keep_going=keep_going,
        quiet=quiet,
    )


def _run_all(
    parts: Iterable[tuple[str, Iterable[Statement]]],
    allow: tuple[Path, ...],
    timeout: float | None = None,
    record: Path | None = None,
    *,
    network: bool = False,
    as_json: bool = False,
    keep_going: bool = False,
    quiet: bool = False,
) -> NoReturn:
    """Run every input on one bench, and exit with the code for how it ended."""
    from uringlab.lab.batch import Batch, Outcome  # noqa: PLC0415
    from uringlab.lab.bench import Bench  # noqa: PLC0415

    _need_io_uring()
    _leave_in_order()
    for stream, errors in ((sys.stdin, "surrogateescape"), (sys.stdout, "backslashreplace")):
        if isinstance(stream, io.TextIOWrapper):
            stream.reconfigure(errors=errors)
    with Bench(allow, _recording(record), allow_network=network) as bench:
        bench.session.unattended = True
        batch = Batch(
            bench, sys.stdout, sys.stderr, as_json=as_json, keep_going=keep_going, quiet=quiet
        )
        if timeout is not None:
            batch.deadline = time.monotonic() + timeout
        try:
            for where, statements in parts:
                if not batch.run(statements, where):
                    break
        except OSError as error:  # of our own streams; click would make it exit code 1
            _os_error(error)
        except KeyboardInterrupt:
            signal.signal(signal.SIGINT, signal.SIG_IGN)  # once is enough
            click.echo("interrupted", err=True)
            sys.exit(exits.INTERRUPTED)
    sys.exit(
        {
            Outcome.OK: exits.OK,
            Outcome.EXPECTATION: exits.EXPECTATION,
            Outcome.ERROR: exits.USAGE,
            Outcome.UNAVAILABLE: exits.UNAVAILABLE,
            Outcome.TIMED_OUT: exits.TIMED_OUT,
        }[batch.outcome]
    )


def _inputs(
    files: tuple[str, ...], lines: tuple[str, ...]
) -> Iterator[tuple[str, Iterator[Statement]]]:
    """(where, statements) of each input, in the order they were given."""
    from uringlab.lab.script import statements  # noqa: PLC0415

    if not files and not lines:
        raise click.UsageError("nothing to run: give a FILE, - for standard input, or -c LINE")
    for name in files:
        if name == "-":
            yield "stdin", statements(sys.stdin or ())
            continue
        try:
            text = Path(name).read_text()
        except (OSError, UnicodeDecodeError) as error:
            why = error.strerror if isinstance(error, OSError) else "it is not text"
            raise click.UsageError(f"cannot read {name}: {why}") from error
        yield name, statements(text.splitlines())
    for number, line in enumerate(lines, 1):
        yield f"-c {number}", statements(line.splitlines())


@cli.command(epilog=EPILOG)
@click.argument("files", nargs=-1, required=True, metavar="FILE…")
def check(files: tuple[str, ...]) -> None:
    """Parse files and run nothing. Says every line that is wrong."""
    from uringlab.lab.batch import check as check_statements  # noqa: PLC0415
    from uringlab.lab.verbs import standard_table  # noqa: PLC0415

    table = standard_table()
    errors = []
    for where, statements in _inputs(files, ()):
        errors += check_statements(statements, table, where)
    for error in errors:
        click.echo(error.pretty(), err=True)
    if errors:
        sys.exit(exits.USAGE)


cli.add_command(lessons)
cli.add_command(replay)


def main() -> None:
    """The program `uringlab`."""
    try:
        cli(standalone_mode=False)
    except click.exceptions.NoArgsIsHelpError as error:
        error.show()
        sys.exit(exits.USAGE)
    except click.ClickException as error:
        error.show()
        sys.exit(exits.USAGE)
    except (click.Abort, KeyboardInterrupt):
        click.echo("interrupted", err=True)
        sys.exit(exits.INTERRUPTED)
    except OSError as error:
        _os_error(error)


def _os_error(error: OSError) -> NoReturn:
    """What is no fault of the program: whoever read us has left; there is no io_uring here."""
    from uringlab.core.errors import Unavailable  # noqa: PLC0415

    if isinstance(error, Unavailable):
        click.echo(error.strerror, err=True)
        sys.exit(exits.UNAVAILABLE)
    # What is buffered cannot be written either: Python would try again, and complain.
    if sys.stdout is not None:
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
    if isinstance(error, BrokenPipeError):
        sys.exit(exits.OK)
    if error.errno == errno.ENOSPC:
        click.echo(f"cannot write to standard output: {error.strerror}", err=True)
        sys.exit(exits.USAGE)
    raise error
