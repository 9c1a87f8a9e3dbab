"""The session itself: `help`, `history`, `source`, `save`, `record`, `sleep`, `reset`, `quit`."""

from __future__ import annotations

from typing import TYPE_CHECKING

from uringlab.lab.errors import GaveUp, LineError, did_you_mean
from uringlab.lab.outputs import output_path, write_new
from uringlab.lab.reply import data, note
from uringlab.lab.retold import retold
from uringlab.lab.spec import GROUPS, CommandSpec, Param
from uringlab.lab.values import Duration, OnOff, Path, Value

if TYPE_CHECKING:
    from collections.abc import Iterator

    from uringlab.lab.lexer import Token
    from uringlab.lab.reply import Reply
    from uringlab.lab.session import Session
    from uringlab.lab.spec import Command, CommandTable

NS = 1_000_000_000
MOST_OPTIONS = 12


class Topic(Value):
    """A command's name."""

    label = "COMMAND"
    wants = "a command"

    def read(self, token: Token) -> str:
        """Any word."""
        return token.text


def overview(table: CommandTable) -> str:
    """Every command, by group, one line each."""
    lines = ["Type a command and press Enter. help NAME tells more; `#` begins a comment."]
    for group in GROUPS:
        specs = [spec for spec in table if spec.group == group]
        if specs:
            lines.append(f"\n{group}")
            lines += [f"  {spec.name:<13} {spec.summary}" for spec in specs]
    return "\n".join(lines)


def page(spec: CommandSpec) -> str:
    """All there is to say about a command."""
    lines = [spec.signature(), f"  {spec.summary}"]
    if spec.aliases:
        lines.append(f"  also: {', '.join(spec.aliases)}")
    for one in spec.params:
        default = f" (default {one.default})" if one.default else ""
        lines.append(f"  {one.name:<13} {one.doc}{default}")
        options = list(one.value.options())
        if options and len(options) <= MOST_OPTIONS:
            lines.append(f"  {'':<13} {'|'.join(options)}")
    if spec.more:
        lines.append(f"  {spec.more}")
    lines.append(f"  example: {spec.example}")
    if spec.c:
        lines.append(f"  in C:    {spec.c}")
    return "\n".join(lines)


def _help(session: Session, command: Command) -> Iterator[Reply]:
    words = [str(word) for word in command.rest]
    if not words:
        yield data(overview(session.table), type="help")
        return
    name = " ".join(words)
    spec = session.table.find(name)
    family = [one for one in session.table if one.name.startswith(f"{name} ")]
    if spec is not None:
        yield data(page(spec), type="help", command=spec.name)
    elif family:
        yield data("\n\n".join(page(one) for one in family), type="help", command=name)
    else:
        raise LineError(
            f'no command "{name}".{did_you_mean(name, session.table.names())}', command.span, "help"
        )


def _history(session: Session, command: Command) -> Iterator[Reply]:
    for number, line in enumerate(session.history, 1):
        yield data(f"{number:>4}  {line}", type="history", number=number, line=line)


def _source(session: Session, command: Command) -> Iterator[Reply]:
    path = session.scratch.resolve(command.get("path").text)
    yield from session.source(path, command.get("path").text, command.span_of("path"))


def _save(session: Session, command: Command) -> Iterator[Reply]:
    path = output_path(session, command.get("path").text)
    script = retold(session)
    write_new(path, script, command.span_of("path"))
    yield note(f"{path}: {script.count(chr(10))} lines. Run it:  uringlab run {path}")


def _record(session: Session, command: Command) -> Iterator[Reply]:
    path = output_path(session, command.get("path").text)
    payload = bool(command.get("payload", 0))
    session.recorders.record(path, session.log, session.requests, payload=payload)
    yield note(f"recording into {path}; until: record stop, or the end. Look at it: replay")


def _record_stop(session: Session, command: Command) -> Iterator[Reply]:
    if session.recorders.file is None:
        yield note("nothing is being recorded")
        return
    path = session.recorders.path
    count = session.recorders.stop()
    yield note(f"{path}: {count} events. Look at it:  uringlab replay {path}")


def _sleep(session: Session, command: Command) -> Iterator[Reply]:
    session.waiting_for = "sleep"
    try:
        if session.giving_up.wait(command.get("time") / NS):
            raise GaveUp("gave up sleeping")
    finally:
        session.waiting_for = ""
    yield from ()


def _reset(session: Session, command: Command) -> Iterator[Reply]:
    session.reset()
    yield note("everything is closed and removed; a new session begins")


def _quit(session: Session, command: Command) -> Iterator[Reply]:
    from uringlab.lab.session import Quit  # noqa: PLC0415 - the session imports this module

    yield note("leaving")
    raise Quit


SPECS = (
    CommandSpec(
        "help",
        "what commands there are, or all about one",
        _help,
        "help read",
        "session",
        (Param("command", Topic(), "which", positional=True, many=True),),
    ),
    CommandSpec("history", "the lines of this session", _history, "history", "session"),
    CommandSpec(
        "source",
        "run a file of commands from the session's directory",
        _source,
        "source more.uring",
        "session",
        (Param("path", Path(), "the file", required=True, positional=True),),
    ),
    CommandSpec(
        "save",
        "write this session as a script that passes when it is run",
        _save,
        "save session.uring",
        "session",
        (Param("path", Path(), "the new file", required=True, positional=True),),
        more="Every command that did something, and an `expect` for what came of each request. "
        "What failed or was given up is a comment. A name alone is a file where the program was "
        "started; in a script that needs --allow-path.",
    ),
    CommandSpec(
        "record",
        "write everything that happens from now on into a file, to be replayed",
        _record,
        "record session.uringrec",
        "session",
        (
            Param("path", Path(), "the new file", required=True, positional=True),
            Param("payload", OnOff(), "also what strings and answers contain", default="off"),
        ),
        more="A name alone is a file where the program was started; in a script that needs "
        "--allow-path. What lines say in their strings, and what buffers hold, is not recorded "
        "unless payload=on. `uringlab replay FILE` shows it, forwards and back.",
    ),
    CommandSpec("record stop", "the recording is complete", _record_stop, "record stop", "session"),
    CommandSpec(
        "sleep",
        "do nothing for a while; the ring goes on",
        _sleep,
        "sleep 20ms",
        "session",
        (Param("time", Duration(), "how long", required=True, positional=True),),
    ),
    CommandSpec("reset", "close everything and start anew", _reset, "reset", "session"),
    CommandSpec("quit", "leave", _quit, "quit", "session", aliases=("exit",)),
)
