"""A session, retold as a script that passes when it is run."""

from __future__ import annotations

import errno
import re
from collections import Counter
from typing import TYPE_CHECKING

from uringlab.core.errors import errno_name

if TYPE_CHECKING:
    from collections.abc import Iterator

    from uringlab.lab.session import Session
    from uringlab.lab.steps_taken import Result, Step

PATIENCE = "10s"
"""How long the script waits for what a person had waited for without saying so."""
_SILENT_GROUPS = ("looking", "lessons")
_SILENT = ("help", "history", "source", "record", "record stop", "save", "reset", "quit")
_AFTER = re.compile(r"\(after (\d+) of \d+\)")
"""How far a `repeat` came that failed."""
_TAKES = ("reap", "peek", "do")


def retold(session: Session) -> str:
    """The script: every command that did something, and what came of each request.

    A person pauses between two lines, and a script does not. So before CQEs are taken it waits
    until as many are there as were there then, and an `expect` that held gets time to hold.
    Commands that failed or were given up are comments.
    """
    lines = [
        "# A session of uringlab, as a script. It passes when it is run:  uringlab run FILE",
        *(f"# It needs:  --allow-path {path}" for path in session.allowed_paths),
        *(["# It needs:  --allow-network"] if session.guard.network else []),
    ]
    counts: Counter[str] = Counter()
    for step in session.taken.steps:
        spec = step.command.spec
        if spec.group not in _SILENT_GROUPS and spec.name not in _SILENT:
            lines += _commands(step)
            lines += _results(step, counts)
    if session.taken.left_out:
        lines.append(f"# {session.taken.left_out} more commands are not here: it was too long.")
    return "\n".join(lines) + "\n"


def _commands(step: Step) -> Iterator[str]:
    spec, text = step.command.spec, step.command.text
    if step.gave_up and spec.name == "do" and step.name:
        # The request is on its way all the same.
        yield f"{_named(text.removeprefix('do').lstrip(), step)}; submit  # do, given up"
    elif step.error:
        yield f"# {'given up' if step.gave_up else 'failed'}: {' '.join(text.split())}"
        done = _AFTER.search(step.error)
        if spec.name == "repeat" and done is not None and int(done[1]):
            yield f"repeat {done[1]} {_inner_text(step)}"  # so many times it was done
    elif spec.name == "expect":
        within = "" if step.command.tokens and step.command.tokens[0].text == "within" else "within"
        yield f"expect {within} {PATIENCE} {text[6:].lstrip()}" if within else text
    else:
        ready = step.before if spec.name == "do" else len(step.results)
        if spec.name in _TAKES and ready:
            yield _until(step, ready)
        yield _named(text, step)


def _inner_text(step: Step) -> str:
    """The command that was repeated, as it was typed."""
    command = step.command
    inner = command.inner
    return "" if inner is None else command.text[inner.span.start - command.span.start :]


def _until(step: Step, ready: int) -> str:
    if step.posts_on_entry:
        return f"wait {ready} timeout={PATIENCE}"
    return f"expect within {PATIENCE} {step.ring} cq.ready>={ready}"


def _named(text: str, step: Step) -> str:
    """With the name that its request was given: what follows speaks of it."""
    command = step.command
    if command.spec.name == "do" and command.inner is not None:
        command = command.inner
    given = step.name and command.spec.stages and not command.into
    return f"{text} -> {step.name}" if given else text


def _results(step: Step, counts: Counter[str]) -> Iterator[str]:
    """What its requests must come to. The last CQE of a request in one command says it."""
    if step.command.spec.name == "peek":
        return
    last: dict[str, Result] = {}
    for result in step.results:
        if "=" not in result.request:  # a CQE that nobody asked for has no name
            counts[result.request] += 1
            last[result.request] = result
    for name, result in last.items():
        if result.more:
            yield f"expect within {PATIENCE} {name} cqes>={counts[name]}"
        else:
            yield f"expect within {PATIENCE} {name} {_outcome(result)}"


def _outcome(result: Result) -> str:
    if result.brings_fd:
        return "res>=0"
    name = errno_name(result.res)
    known = result.res < 0 and hasattr(errno, name)
    return f"res=-{name}" if known else f"res={result.res}"
