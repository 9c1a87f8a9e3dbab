"""What `expect` understands, and whether it holds.

An expectation looks at the same snapshots and events that the screen draws, and at nothing else.
"""

from __future__ import annotations

import time
from dataclasses import dataclass
from typing import TYPE_CHECKING

from uringlab.lab.condition import Condition, holds, shown
from uringlab.lab.errors import ExpectationFailed, GaveUp, LineError, Span
from uringlab.lab.lexer import T
from uringlab.lab.names import RequestThing
from uringlab.lab.since import since
from uringlab.lab.subject import looker
from uringlab.lab.values import Duration
from uringlab.observe.event import SystemCall

if TYPE_CHECKING:
    from uringlab.lab.lexer import Token
    from uringlab.lab.session import Session
    from uringlab.lab.spec import Command

_EVERY = 0.01
_LAST_EVENTS = 10
_FEWEST = 2
"""Requests that can have an order."""


@dataclass(frozen=True)
class Expectation:
    """A parsed `expect`.

    Attributes:
        subject: a name, `requests`, or "" for the ring in use.
        call: for `expect call NAME …`: the system call.
        order: for `expect order r1 r2`, or `r2 after r1`: whose CQEs must have come in this order.
        within_ns: how long it may take to become true.
        since: for `call`: the number of the event from which on the log is looked at.
    """

    text: str
    subject: str = ""
    subject_span: Span | None = None
    call: str = ""
    conditions: tuple[Condition, ...] = ()
    order: tuple[str, ...] = ()
    within_ns: int = 0
    since: int = 0


def parse(command: Command) -> Expectation:
    """Read the tokens of an `expect`.

    Raises:
        LineError: they make no sense.
    """
    rest = list(command.tokens)
    within = 0
    if rest and rest[0].text == "within":
        if not rest[1:]:
            raise LineError("within what time? expect within 1s cq.ready=1", rest[0].span)
        within = Duration().read(rest[1])
        rest = rest[2:]
    if rest and rest[0].text == "order" and rest[0].type is T.WORD and not _is_sign(rest[1:2]):
        span = rest[0].span.to(rest[-1].span)
        return Expectation(command.text, "", span, order=_names(rest[1:], span), within_ns=within)
    call = subject = ""
    order: tuple[str, ...] = ()
    subject_span = None
    if len(rest) > 1 and rest[0].text == "call":
        call, rest = rest[1].text, rest[2:]
    elif rest and not _is_sign(rest[1:2]):
        subject, subject_span, rest = rest[0].text, rest[0].span, rest[1:]
    if len(rest) > 1 and rest[-2].text == "after" and rest[-2].type is T.WORD:
        order, rest = (rest[-1].text, subject), rest[:-2]
    conditions = _conditions(rest)
    if not conditions and not call and not order:
        raise LineError("expect what? For instance: expect r1 res=5", command.span, "help expect")
    return Expectation(command.text, subject, subject_span, call, conditions, order, within)


def _is_sign(tokens: list[Token]) -> bool:
    return bool(tokens) and tokens[0].type is T.SIGN


def _names(tokens: list[Token], span: Span) -> tuple[str, ...]:
    if len(tokens) < _FEWEST or any(token.type is not T.WORD for token in tokens):
        raise LineError("the order of which requests? expect order r1 r2", span)
    return tuple(token.text for token in tokens)


def _conditions(rest: list[Token]) -> tuple[Condition, ...]:
    found = []
    for at in range(0, len(rest), 3):
        three = rest[at : at + 3]
        if not three[2:] or three[1].type is not T.SIGN or three[0].type is not T.WORD:
            raise LineError(
                "a condition is NAME=VALUE, as in cq.ready=3",
                three[0].span.to(three[-1].span),
                "help expect",
            )
        key, sign, value = three
        found.append(Condition(key.text, sign.text, value.text, key.span.to(value.span)))
    return tuple(found)


def check(session: Session, expectation: Expectation) -> None:
    """Look until it holds or its time is over.

    Raises:
        ExpectationFailed: it does not hold; says what was expected, what is, since when, and
            what happened last.
        LineError: it names something that does not exist.
    """
    deadline = time.monotonic_ns() + expectation.within_ns
    while True:
        session.look()
        failed = _failure(session, expectation)
        if failed is None:
            return
        left = deadline - time.monotonic_ns()
        if left <= 0:
            break
        if session.giving_up.wait(min(_EVERY, left / 1e9)):
            raise GaveUp(f"gave up waiting: {failed[0]}", failed[1])
    message, span = failed
    if expectation.within_ns:
        message += f" (after {expectation.within_ns / 1e6:g} ms)"
    recent = session.log.last(_LAST_EVENTS)
    if recent:
        message += "\nthe last events:\n" + "\n".join(
            f"  {event.actor:<7} {session.say(event)}" for event in recent
        )
    raise ExpectationFailed(message, span)


Failure = tuple[str, Span | None]
"""What does not hold, and where that is said."""


def _failure(session: Session, expectation: Expectation) -> Failure | None:
    """What does not hold, or None."""
    if expectation.call:
        return _call_failure(session, expectation)
    if expectation.conditions:
        look = looker(session, expectation.subject, expectation.subject_span)
        for condition in expectation.conditions:
            found = look(condition)
            if not holds(condition, found):
                whose = f"{expectation.subject} " if expectation.subject else ""
                ago = since(session, expectation.subject, condition)
                return (
                    f"expected {whose}{condition.text()}, "
                    f"but it is {shown(condition.path, found)}{ago}",
                    condition.span,
                )
    if expectation.order:
        return _order_failure(session, expectation)
    return None


def _order_failure(session: Session, expectation: Expectation) -> Failure | None:
    things = [(name, session.names.get(name)) for name in expectation.order]
    for name, thing in things:
        if not isinstance(thing, RequestThing):
            what = f"{name} is a {thing.kind}" if thing is not None else f"there is no {name}"
            raise LineError(
                f"requests have an order, and {what}",
                expectation.subject_span,
                "expect r2 after r1",
            )
        if not thing.request.count:
            return f"no CQE of {name} has come yet", expectation.subject_span
    orders = {
        name: thing.request.order for name, thing in things if isinstance(thing, RequestThing)
    }
    for first, second in zip(expectation.order, expectation.order[1:], strict=False):
        if orders[first] >= orders[second]:
            came = ", ".join(sorted(orders, key=lambda name: orders[name]))
            return (
                f"expected {second} after {first}, but it came before. They came: {came}",
                expectation.subject_span,
            )
    return None


def _call_failure(session: Session, expectation: Expectation) -> Failure | None:
    """`expect call NAME key=value…`: some call in the log matches; or `count` of them do."""
    known: set[str] = set()
    about = [one for one in expectation.conditions if one.path != "count"]
    counts = [one for one in expectation.conditions if one.path == "count"]
    matching = 0
    for event in session.log.since(expectation.since):
        if not isinstance(event, SystemCall) or event.name != expectation.call:
            continue
        values: dict[str, int | str] = {**dict(event.args), "res": event.result}
        known |= values.keys()
        matching += all(holds(one, values.get(one.path)) for one in about)
    for condition in about:
        if known and condition.path not in known:
            raise LineError(
                f"{expectation.call} has no “{condition.path}”; it has {', '.join(sorted(known))}",
                condition.span,
            )
    wanted = " ".join(one.text() for one in about) or "any arguments"
    for condition in counts:
        if not holds(condition, matching):
            return (
                f"expected {condition.text()} calls of {expectation.call} with {wanted}, "
                f"but there are {matching}",
                condition.span,
            )
    if counts or matching:
        return None
    return f"no call of {expectation.call} with {wanted} was made", None
