"""`uringlab replay`: a recording, on the screen or as text. It needs no io_uring."""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import TYPE_CHECKING

import click

from uringlab.cli import exits
from uringlab.observe.recording.error import RecordingError

if TYPE_CHECKING:
    from collections.abc import Iterator

    from uringlab.observe.recording.moment import Note
    from uringlab.observe.recording.recording import Recording

AT_ONCE = 2_000


@click.command()
@click.argument("file", type=click.Path(path_type=Path))
@click.option("--no-tui", is_flag=True, help="Print it. So it is, too, where there is no terminal.")
@click.option("--json", "as_json", is_flag=True, help="Print it, one JSON object a line.")
@click.option("--from", "start", type=int, default=0, help="Begin with this event.")
@click.option("--to", "stop", type=int, help="End before this event.")
def replay(file: Path, start: int, stop: int | None, *, no_tui: bool, as_json: bool) -> None:
    """Look at a recording: play it, step forwards and back, jump.

    Recordings are made by `record FILE` at the prompt, or `uringlab run --record FILE`.
    """
    from uringlab.observe.recording.recording import Recording  # noqa: PLC0415

    try:
        with Recording.open(file) as recording:
            terminal = all(one is not None and one.isatty() for one in (sys.stdin, sys.stdout))
            if terminal and not (no_tui or as_json):
                _show(recording, file.name)
                return
            for line in _lines(recording, start, stop, as_json=as_json):
                print(line)  # noqa: T201 - this is what was asked for
            if not recording.complete:
                click.echo(
                    f"{file} was not closed: it is still being written, or its program was "
                    "killed and the last moments are missing",
                    err=True,
                )
    except RecordingError as error:
        click.echo(str(error), err=True)
        sys.exit(exits.USAGE)


def _show(recording: Recording, title: str) -> None:
    from uringlab.tui.replay import ReplayApp  # noqa: PLC0415

    ReplayApp(recording, title).run()


def _lines(recording: Recording, start: int, stop: int | None, *, as_json: bool) -> Iterator[str]:
    """Events, and between them what was typed."""
    end = recording.count if stop is None else min(stop, recording.count)
    if as_json:
        yield json.dumps({"type": "recording", **recording.store.about()}, default=str)
    for first in range(max(start, recording.first), end + 1, AT_ONCE):
        last = min(first + AT_ONCE, end + 1)
        notes = list(recording.notes(first, last))
        names = recording.moment(last).requests
        for number, event in enumerate(recording.events(first, min(last, end)), first):
            while notes and notes[0].number <= number:
                yield _note(notes.pop(0), as_json=as_json)
            if as_json:
                yield json.dumps(
                    {"type": "event", "number": number, **event.to_json()}, default=str
                )
            else:
                seconds = (event.time_ns - recording.first_ns) / 1e9
                text = event.text(names.name_of)
                yield f"{number:>8} {seconds:>12.6f} s  {event.actor:<7} {text}"
        for one in notes:
            yield _note(one, as_json=as_json)


def _note(note: Note, *, as_json: bool) -> str:
    number, kind, text = note
    if as_json:
        return json.dumps({"type": kind, "number": number, "text": text})
    return f"> {text}" if kind == "line" else text
