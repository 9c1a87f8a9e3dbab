"""What a command says while it runs."""

from __future__ import annotations

from dataclasses import dataclass, field
from enum import StrEnum


class Stream(StrEnum):
    """Data is what was asked for; a note tells what is going on."""

    DATA = "data"
    NOTE = "note"


@dataclass(frozen=True)
class Reply:
    """A line or several, for one of the two streams.

    Attributes:
        text: what a person reads.
        stream: data goes to standard output, notes to standard error.
        json: the same for a program, with a `type`.
        step: set where the command has reached a boundary, and a front end that goes step by
            step may stop: what will be done next.
    """

    text: str
    stream: Stream = Stream.DATA
    json: dict[str, object] = field(default_factory=dict)
    step: str = ""


def data(text: str, **json: object) -> Reply:
    """What was asked for."""
    return Reply(text, Stream.DATA, json)


def note(text: str) -> Reply:
    """What is going on."""
    return Reply(text, Stream.NOTE, {"type": "note", "text": text})


def step(upcoming: str) -> Reply:
    """A boundary: what comes next."""
    return Reply("", Stream.NOTE, step=upcoming)
