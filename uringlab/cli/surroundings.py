"""What the program runs in: a terminal or not, a kernel with io_uring or not, signals, streams."""

from __future__ import annotations

import errno
import os
import signal
import sys
from typing import NoReturn

import click

from uringlab.cli import exits


def at_a_terminal() -> bool:
    """Whether somebody sits there. A stream that was closed before we began is None."""
    return all(stream is not None and stream.isatty() for stream in (sys.stdin, sys.stdout))


def leave_in_order() -> None:
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


def need_io_uring() -> None:
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


def os_error(error: OSError) -> NoReturn:
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
