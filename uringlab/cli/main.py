"""The commands of the program. Everything heavy is imported by the command that needs it."""

from __future__ import annotations

import sys
from importlib import import_module
from typing import TYPE_CHECKING, cast

import click

from uringlab.cli import exits
from uringlab.cli.inputs import inputs
from uringlab.cli.options import EPILOG, RECORD, bounds, recording
from uringlab.cli.run import Running, run, run_all
from uringlab.cli.surroundings import at_a_terminal, leave_in_order, need_io_uring, os_error

if TYPE_CHECKING:
    from pathlib import Path


_ELSEWHERE = ("lessons", "replay")
"""Commands that are in a module of their name, and loaded when they are asked for."""


class _Commands(click.Group):
    """The commands, in the order of their names. A script need not wait for those of others."""

    def list_commands(self, context: click.Context) -> list[str]:
        """All of them."""
        return sorted({*super().list_commands(context), *_ELSEWHERE})

    def get_command(self, context: click.Context, name: str) -> click.Command | None:
        """One of them; None: there is none."""
        if name in _ELSEWHERE:
            return cast("click.Command", getattr(import_module(f"uringlab.cli.{name}"), name))
        return super().get_command(context, name)


@click.group(
    cls=_Commands,
    invoke_without_command=True,
    epilog=EPILOG,
    context_settings={"help_option_names": ["-h", "--help"]},
)
@click.version_option(package_name="uringlab")
@bounds
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
    need_io_uring()
    if not at_a_terminal():
        raise click.UsageError(
            "the lab needs a terminal. In a pipe use: uringlab run -c 'do nop', or uringlab repl"
        )
    from uringlab.tui.app import LabApp  # noqa: PLC0415

    app = LabApp(allow, lesson, allow_network=network)
    app.run()
    sys.exit(app.return_code or 0)


@cli.command(epilog=EPILOG)
@bounds
@click.argument("lesson", required=False)
@click.option("--repl", "in_repl", is_flag=True, help="In the line REPL, not on the screen.")
def learn(allow: tuple[Path, ...], lesson: str | None, *, network: bool, in_repl: bool) -> None:
    """Go on where you stopped, or begin LESSON (its number or id)."""
    need_io_uring()
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
@bounds
@click.option("--lesson", help="Start with this lesson: its number or id.")
@click.option("--no-color", is_flag=True, help="No colours. NO_COLOR does the same.")
@RECORD
def repl(
    allow: tuple[Path, ...],
    lesson: str | None,
    record: Path | None,
    *,
    network: bool,
    no_color: bool,
) -> None:
    """A prompt, line by line: history, completion, a live toolbar."""
    if not at_a_terminal():
        # No terminal to draw on: the same lines, plainly, with the exit codes of a script.
        run_all(inputs(("-",), ()), Running(allow, network=network, record=record))
    need_io_uring()
    leave_in_order()
    from uringlab.repl.main import run_repl  # noqa: PLC0415

    prepare = recording(record)
    sys.exit(run_repl(allow, lesson, allow_network=network, color=not no_color, prepare=prepare))


@cli.command(epilog=EPILOG)
@click.argument("files", nargs=-1, metavar="FILE…")
@click.option("-c", "lines", multiple=True, metavar="LINE", help="Check this line. Repeatable.")
def check(files: tuple[str, ...], lines: tuple[str, ...]) -> None:
    """Parse files, or - for standard input, or -c LINE; run nothing. Says every wrong line."""
    from uringlab.lab.batch import check as check_statements  # noqa: PLC0415
    from uringlab.lab.verbs import standard_table  # noqa: PLC0415

    table = standard_table()
    errors = []
    for where, statements in inputs(files, lines):
        errors += check_statements(statements, table, where)
    for error in errors:
        click.echo(error.pretty(), err=True)
    if errors:
        sys.exit(exits.USAGE)


cli.add_command(run)


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
        os_error(error)
