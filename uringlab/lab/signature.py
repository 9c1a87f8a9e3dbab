"""The signature of what is being typed, with the operand that the cursor is in."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from uringlab.lab.complete import meta_of
from uringlab.lab.place import place_at

if TYPE_CHECKING:
    from uringlab.lab.spec import CommandTable, Param

_MOST_OPTIONS = 9
_CUT = "…"


@dataclass(frozen=True)
class Signature:
    """A command's signature, and where in it the cursor is.

    Attributes:
        parts: the verb, and each operand as it stands in the signature.
        active: which of them the cursor is in; -1 for none.
        doc: what that operand is, or what the command does.
    """

    parts: tuple[str, ...]
    active: int
    doc: str

    def fitted(self, room: int) -> tuple[str, str, str]:
        """The signature before the operand the cursor is in, that one, and the rest, with its doc.

        In so many columns. Where it is too long, what comes after the operand goes first, then
        what stands between the verb and it, and then the rest from its end.
        """
        before, active, after = self._shared()
        doc = f"   {self.doc}" if self.doc else ""

        def long() -> bool:
            return sum(map(len, _around(self.parts[0], before, active, after))) + len(doc) > room

        while long() and after and after != [_CUT]:
            after = [*after[: -2 if after[-1] == _CUT else -1], _CUT]
        while long() and before and before != [_CUT]:
            before = [_CUT, *before[2 if before[0] == _CUT else 1 :]]
        left = max(room, 0)
        out = []
        first, marked, last = _around(self.parts[0], before, active, after)
        for text in (first, marked, last + doc):
            cut = text if len(text) <= left else text[: max(left - 1, 0)] + _CUT[:left]
            out.append(cut)
            left -= len(cut)
        return out[0], out[1], out[2]

    def _shared(self) -> tuple[list[str], list[str], list[str]]:
        rest = list(self.parts[1:])
        at = self.active - 1
        return ([], [], rest) if at < 0 else (rest[:at], [rest[at]], rest[at + 1 :])


def _around(
    verb: str, before: list[str], active: list[str], after: list[str]
) -> tuple[str, str, str]:
    first = " ".join([verb, *before]) + " " * bool(active)
    return first, "".join(active), "".join(f" {one}" for one in after)


def signature_at(line: str, table: CommandTable) -> Signature | None:
    """The signature of the command that the end of the line is in; None for none."""
    place = place_at(line, table)
    if place is None:
        return _in_a_string(line, table)
    phrase = place.phrase
    spec = phrase.spec
    param = place.param
    if param is not None and place.wrapper is not None and param in place.wrapper.params:
        spec = place.wrapper  # `storm nop count=`
    elif spec is None and not phrase.words:
        name = f"{phrase.verb[0].text} {place.partial}" if phrase.verb else place.partial
        spec = table.find(name) or (None if phrase.verb else place.wrapper)
        return Signature(spec.parts(), -1, spec.summary) if spec is not None else None
    if spec is None:
        return None
    if param is None:
        return Signature(spec.parts(), -1, spec.summary)
    parts = spec.parts()
    return Signature(parts, 1 + spec.params.index(param), _doc(param))


def _in_a_string(line: str, table: CommandTable) -> Signature | None:
    """Inside a string the signature stays that of the place where the string began."""
    before, quote, _ = line.rpartition('"')
    if not quote or not before.strip():
        return None
    place = place_at(before, table)
    return signature_at(before, table) if place is not None and not place.partial else None


def _doc(one: Param) -> str:
    doc = meta_of(one)
    options = list(one.value.options())
    few = "|".join(options[:_MOST_OPTIONS]) + ("|…" if options[_MOST_OPTIONS:] else "")
    return f"{doc}: {few}" if options and one.value.label != "WHAT" else doc
