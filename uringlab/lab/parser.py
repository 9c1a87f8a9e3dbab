"""A line into commands. Needs no session: what is wrong here is wrong everywhere."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from uringlab.lab.errors import LineError, Span, did_you_mean
from uringlab.lab.lexer import T, tokens
from uringlab.lab.spec import Command, CommandSpec
from uringlab.lab.values import NewName

if TYPE_CHECKING:
    from uringlab.lab.lexer import Token
    from uringlab.lab.spec import CommandTable, Param
    from uringlab.lab.values import Literal


DEEPEST = 8
"""Commands that may stand in one another: repeat 2 repeat 2 do nop has three."""


def parse_line(line: str, table: CommandTable) -> list[Command]:
    """Every command of a line.

    Raises:
        LineError: with the span it is about, and `line` filled in.
    """
    try:
        return [
            replace(_parse(group, table), text=line[group[0].span.start : group[-1].span.end])
            for group in split(tokens(line))
        ]
    except LineError as error:
        error.line = line
        raise


def split(found: list[Token]) -> list[list[Token]]:
    """The tokens of each command: `;` ends one."""
    groups: list[list[Token]] = [[]]
    for token in found:
        if token.type is T.END:
            groups.append([])
        else:
            groups[-1].append(token)
    return [group for group in groups if group]


def verb_of(group: list[Token], table: CommandTable) -> tuple[CommandSpec | None, int]:
    """The command that a group starts with, and of how many tokens its verb is."""
    first = group[0]
    if first.type is not T.WORD:
        return None, 1
    if len(group) > 1 and group[1].type is T.WORD:
        spec = table.find(f"{first.text} {group[1].text}")
        if spec is not None:
            return spec, 2
    return table.find(first.text), 1


def _parse(group: list[Token], table: CommandTable, deep: int = 0) -> Command:
    if deep > DEEPEST:
        raise LineError(f"commands stand in one another {DEEPEST} deep at most", group[0].span)
    spec, taken = verb_of(group, table)
    whole = group[0].span.to(group[-1].span)
    if spec is None:
        raise _unknown(group, table)
    rest = group[taken:]
    if spec.raw:
        command = Command(spec, whole, tokens=tuple(rest))
        if spec.check is not None:
            spec.check(command)
        return command
    into = ""
    if spec.stages:
        rest, into = _arrow(rest)
    return _operands(Command(spec, whole, into=into), rest, table, deep)


def _unknown(group: list[Token], table: CommandTable) -> LineError:
    word = group[0].text
    families = sorted({name for name in table.names() if name.startswith(f"{word} ")})
    if families and len(group) > 1 and group[1].type is T.WORD:
        guess = did_you_mean(f"{word} {group[1].text}", families)
        return LineError(
            f'no command "{word} {group[1].text}".{guess} There are: {", ".join(families)}',
            group[1].span,
            f"help {word}",
        )
    if families:
        return LineError(
            f'"{word}" needs a second word: {", ".join(families)}', group[0].span, families[0]
        )
    guess = did_you_mean(word, table.names())
    hint = f"help {guess.split(chr(34))[1]}" if guess else "help"
    return LineError(f'no command "{word}".{guess}', group[0].span, hint)


def _arrow(rest: list[Token]) -> tuple[list[Token], str]:
    """Cut `-> NAME` off the end."""
    at = next((i for i, token in enumerate(rest) if token.type is T.ARROW), None)
    if at is None:
        return rest, ""
    after = rest[at + 1 :]
    if len(after) != 1:
        where = after[1].span if len(after) > 1 else rest[at].span
        raise LineError("after -> comes one name, and then the command ends", where)
    return rest[:at], NewName().read(after[0])


def _operands(command: Command, rest: list[Token], table: CommandTable, deep: int) -> Command:
    spec = command.spec
    values: dict[str, Literal] = {}
    spans: dict[str, Span] = {}
    many: list[Literal] = []
    places = [one for one in spec.params if one.positional]
    at = 0
    while at < len(rest):
        token = rest[at]
        if token.type is T.ARROW:
            raise LineError(f"{spec.name} makes no request that could be named", token.span)
        if at + 1 < len(rest) and rest[at + 1].type is T.SIGN:
            _read_named(spec, rest[at : at + 3], values, spans)
            at += 3
            continue
        if token.type is T.SIGN:
            raise LineError(f'"{token.text}" needs a name before it, as in off=0', token.span)
        place = next((one for one in places if one.name not in values), None)
        if place is not None and place.many:
            many.append(place.value.read(token))
            spans.setdefault(place.name, token.span)
        elif place is not None:
            values[place.name] = place.value.read(token)
            spans[place.name] = token.span
        elif spec.wraps:
            own, others = _shared_out(spec, rest[at:], table)
            for three in own:
                _read_named(spec, three, values, spans)
            inner = _parse(others, table, deep + 1)
            _check(spec, values, many, command.span)
            return replace(command, values=values, spans=spans, inner=_inner(spec, inner))
        else:
            raise LineError(
                f'{spec.name} takes no more words: "{token.text}" is one too many',
                token.span,
                f"help {spec.name}",
            )
        at += 1
    _check(spec, values, many, command.span)
    if spec.wraps:
        raise LineError(f"{spec.name} needs a command: {spec.signature()}", command.span)
    return replace(command, values=values, spans=spans, rest=tuple(many))


def _read_named(
    spec: CommandSpec, three: list[Token], values: dict[str, Literal], spans: dict[str, Span]
) -> None:
    param, value = _named(spec, three)
    if param.name in values:
        raise LineError(f"{param.name} is given twice", three[0].span)
    values[param.name] = param.value.read(value)
    spans[param.name] = three[0].span.to(value.span)


def is_for_wrapper(key: str, wrapper: CommandSpec, inner: CommandSpec) -> bool:
    """Whether `key=`, behind the inner command, is the wrapping one's: the inner has no such."""
    return wrapper.param(key) is not None and inner.param(key) is None and not inner.raw


def _shared_out(
    spec: CommandSpec, rest: list[Token], table: CommandTable
) -> tuple[list[list[Token]], list[Token]]:
    """What of `nop count=5` is the wrapping command's, and what the inner one's."""
    inner, taken = verb_of(rest, table)
    if inner is None:
        return [], rest
    own: list[list[Token]] = []
    others, at = rest[:taken], taken
    while at < len(rest):
        three = rest[at : at + 3]
        named = len(three) > 1 and three[1].type is T.SIGN
        if named and is_for_wrapper(three[0].text, spec, inner):
            own.append(three)
        else:
            others += three if named else three[:1]
        at += 3 if named else 1
    return own, others


def _inner(spec: CommandSpec, inner: Command) -> Command:
    if spec.wraps == "OPERATION" and not inner.spec.stages:
        raise LineError(
            f"{spec.name} takes an operation (nop, read, write, …), not {inner.spec.name}",
            inner.span,
        )
    if spec.name in ("repeat", "storm") and inner.into:
        raise LineError(f"{spec.name} names its requests by itself: leave -> out", inner.span)
    return inner


def _named(spec: CommandSpec, three: list[Token]) -> tuple[Param, Token]:
    key, sign = three[0], three[1]
    if sign.text != "=":
        raise LineError(f'"{sign.text}" is for expect; here it is {key.text}=…', sign.span)
    param = spec.param(key.text)
    if param is None:
        known = [one.name for one in spec.params]
        raise LineError(
            f'{spec.name} has no operand "{key.text}".{did_you_mean(key.text, known)}'
            f" It has: {', '.join(known) or 'none'}",
            key.span,
            f"help {spec.name}",
        )
    if not three[2:] or three[2].type not in (T.WORD, T.STRING):
        raise LineError(f"{key.text}= needs a value: {param.value.wants}", key.span.to(sign.span))
    return param, three[2]


def _check(spec: CommandSpec, values: dict[str, Literal], many: list[Literal], whole: Span) -> None:
    for one in spec.params:
        if one.required and one.name not in values and not (one.many and many):
            raise LineError(
                f"{spec.name} needs {one.value.label} ({one.doc}): {spec.signature()}",
                whole,
                spec.example,
            )
