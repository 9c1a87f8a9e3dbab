"""Lines that nearly make sense, from the table of commands; mutations that keep tokens whole."""

from __future__ import annotations

import re
from random import Random
from typing import TYPE_CHECKING, TypeVar

from fuzz.seeds import examples
from uringlab.lab.values import Duration, FileMode, Flags, Integer, NameOf, NewName, OnOff

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from uringlab.lab.spec import CommandSpec, CommandTable, Param
    from uringlab.lab.values import Value

# Names that lines bring about (`lab.examples.SETUP`, and the lines made here), by kind.
NAMES = {
    "file": "f rd wr a b l e s r1 r2 f2 fixed:0 fixed:99 -1 0 1 2 3 7 999 2147483648".split(),
    "buffer": "b0 b1 b2 bad b9".split(),
    "request": "r1 r2 r3 r9 1 99 -1 18446744073709551615".split(),
    "ring": "r0 q1 q2 3 999".split(),
    "child": "child kid 1 -1 999999".split(),
    "": "f b0 r1 r0 child q1 bad nosuch".split(),
}
NEW = "f f2 b2 q1 q2 r1 r2 kid g x b0 bad r0".split()
NUMBERS = (
    "0 1 2 3 4 5 7 8 16 64 255 4k 65535 65536 64k 1M -1 -2 -9 0x10 0xff 2147483647 2147483648 "
    "-2147483648 4294967295 4294967296 9223372036854775807 9223372036854775808 "
    "18446744073709551615 18446744073709551616 -9223372036854775808 99999999999999999999999"
).split()
TIMES = "0s 1ns 1us 1ms 3ms 1.5ms 1s 9m 99999s 99999999999s 1 ms -1ms".split()
STRINGS = (
    '""', '"x"', '"hello"', '"a b"', r'"\xff\x00\n"', r'"\0"', '"é😀"', '"%s%n"', '"\\"', '"',
    '"' + "y" * 100 + '"',
)  # fmt: skip
PATHS = (
    "notes.txt x d d/x . .. ../x ../canary/keep ../../etc/passwd /etc/hostname /proc/self/mem / "
    "/dev/null more.uring out.uring a//b ./x ''"
).split()
ADDRESSES = (
    "127.0.0.1:0 127.0.0.1:1 [::1]:0 unix:door unix:../door l a s 10.0.0.1:9 0.0.0.0:0"
).split()
LABELS = {
    "b0,b1": "b0 b0,b1 none,b0 bad q b0,,".split(),
    "FD,…": "f f,rd none,skip,wr 999 b0 fixed:0".split(),
    "TAG,…": "1 1,2 0".split(),
    "BID,…": "0 1 0,1 7".split(),
    "GROUP": "7 0 65535".split(),
    "SLOT": "0 1 alloc".split(),
    "CPUS": "0 0-1 99".split(),
    "OPCODE,…": "nop read,write 99".split(),
    "CALL,…": "buffers files,probe 1".split(),
    "PATH": PATHS,
    "ADDRESS": ADDRESSES,
}
"""Of kinds that only their label tells apart."""
FREE = "nosuch = -> ; | # -- on off all in seen r0.sq.tail sq.tail=1 res=0 res=-EBADF after".split()
SCRAPS = '= -> ; " # | , : . - + ~ \\ \0 \t \u2028 é \ud800 0x 4kk %'.split(" ")
T = TypeVar("T")
_TOKEN = re.compile(r'"(?:\\.|[^"\\])*"?|->|[!<>]?=|[<>;#]|[^\s"=<>;!#]+|\S')


class Grammar:
    """Makes lines.

    Args:
        table: the commands.
        random: where the choices come from: the same choices, the same lines.
    """

    def __init__(self, table: CommandTable, random: Random | None = None) -> None:
        """Learn the commands and their examples."""
        self._table = table
        self.random = random or Random(0)
        self._specs = list(table)
        self._operations = [spec for spec in self._specs if spec.op is not None]
        # What moves rings is worth as much as all the operations, of which there are many.
        self._others = [spec for spec in self._specs if spec.op is None]
        self._examples = examples(table)
        self._raw = {spec.name: [spec.example] for spec in self._specs if spec.raw}

    def learn(self, line: str) -> None:
        """An example of a command that reads its words itself: there is no other grammar of it."""
        verb = line.split(maxsplit=1)[0]
        if verb in self._raw:
            self._raw[verb].append(line)

    def line(self) -> str:
        """A line: mostly one command, sometimes several, sometimes damaged."""
        commands = [self.command() for _ in range(self._pick((1, 1, 1, 1, 2, 3)))]
        line = "; ".join(commands)
        return self.mutate(line) if self._one_in(4) else line

    def script(self, most: int) -> list[str]:
        """Some lines."""
        return [self.line() for _ in range(self.random.randint(1, most))]

    def command(self, depth: int = 0) -> str:
        """A command with operands of the right kinds, if not always the right ones."""
        if self._one_in(8):
            return self._pick(self._examples)
        spec = self._pick(self._operations if self._one_in(2) else self._others)
        return self.of(spec, depth)

    def of(self, spec: CommandSpec, depth: int = 0) -> str:
        """That command."""
        words = [self._pick((spec.name, spec.name, *spec.aliases))]
        for one in spec.params:
            words += self._operand(one)
        if spec.wraps and depth < 3:  # noqa: PLR2004 - deep enough
            words.append(self.command(depth + 1))
        if spec.raw:
            line = self._pick(self._raw[spec.name])
            return self.mutate(line) if self._one_in(2) else line
        if spec.op is not None and self._one_in(2):
            words += ["->", self._pick(NEW)]
        return " ".join(words)

    def _operand(self, one: Param) -> list[str]:
        if one.positional and one.many:
            return [self.value(one.value) for _ in range(self.random.randint(0, 3))]
        if one.positional:
            left_out = self._one_in(30 if one.required else 2)
            return [] if left_out else [self.value(one.value)]
        wanted = one.required or self._one_in(6)
        return [f"{one.name}={self.value(one.value)}"] if wanted else []

    def value(self, value: Value) -> str:
        """A word for an operand: mostly of its kind."""
        if self._one_in(25):
            return self.any_word()
        options = list(value.options())
        if options and not isinstance(value, Flags):
            return self._pick([*options, "1"])
        if isinstance(value, Flags):
            bits = [*options, "0", "0x80000000"]
            return "|".join(self._pick(bits) for _ in range(self._pick((1, 1, 2, 3))))
        return self._pick(self._words(value))

    def _words(self, value: Value) -> Sequence[str]:
        match value:
            case Integer():
                edges = [value.low - 1, value.low, value.high, value.high + 1]
                return [*NUMBERS[: self._pick((12, len(NUMBERS)))], *map(str, edges)]
            case NewName():
                return NEW
            case NameOf():
                more = STRINGS if value.label == "DATA" else ()
                return [*NAMES.get(value.kind, NAMES[""]), *more]
            case Duration():
                return TIMES
            case FileMode():
                return "0644 0 7777 0o600 8 644".split()
            case OnOff():
                return "on off 1 0".split()
        return self._text(value.label)

    def _text(self, label: str) -> Sequence[str]:
        if label == "COMMAND":
            return self._table.names()
        if label in LABELS and not self._one_in(8):
            return LABELS[label]
        return [*STRINGS, *NUMBERS[:12], *NEW, *FREE]

    def any_word(self) -> str:
        """A word of whatever kind."""
        names = self._pick(list(NAMES.values()))
        pools: tuple[Sequence[str], ...] = (
            names, NEW, NUMBERS, TIMES, STRINGS, PATHS, ADDRESSES, FREE, SCRAPS,
            self._table.names(),
        )  # fmt: skip
        return self._pick(self._pick(pools))

    def mutate(self, line: str) -> str:
        """The same line with something changed, its tokens mostly whole."""
        for _ in range(self._pick((1, 1, 2, 4))):
            found = _TOKEN.findall(line)
            line = self._pick(self._mutations())(found) if found else self.command()
        return line

    def _mutations(self) -> tuple[Callable[[list[str]], str], ...]:
        return (
            self._replaced, self._replaced, self._another_verb, self._removed, self._doubled,
            self._swapped, self._operand_more, self._wrapped, self._joined, self._cut,
            self._scratched,
        )  # fmt: skip

    def _at(self, found: list[str]) -> int:
        return self.random.randrange(len(found))

    def _replaced(self, found: list[str]) -> str:
        at = self._at(found)
        if re.fullmatch(r"-?[0-9].*", found[at]):
            found[at] = self._pick(TIMES if found[at][-1] == "s" else NUMBERS)
        elif found[at].startswith('"'):
            found[at] = self._pick(STRINGS)
        else:
            found[at] = self.any_word()
        return _line(found)

    def _another_verb(self, found: list[str]) -> str:
        return _line([self._pick(self._specs).name, *found[1:]])

    def _removed(self, found: list[str]) -> str:
        del found[self._at(found)]
        return _line(found)

    def _doubled(self, found: list[str]) -> str:
        at = self._at(found)
        return _line([*found[:at], found[at], *found[at:]])

    def _swapped(self, found: list[str]) -> str:
        one, other = self._at(found), self._at(found)
        found[one], found[other] = found[other], found[one]
        return _line(found)

    def _operand_more(self, found: list[str]) -> str:
        spec = next((spec for spec in self._specs if spec.name == found[0]), None)
        if spec is None or not spec.params:
            return _line([*found, self.any_word()])
        one = self._pick(spec.params)
        return _line([*found, one.name, "=", self.value(one.value)])

    def _wrapped(self, found: list[str]) -> str:
        return f"{self._pick([spec for spec in self._specs if spec.wraps]).name} {_line(found)}"

    def _joined(self, found: list[str]) -> str:
        both = [_line(found), self.command()]
        self.random.shuffle(both)
        return ";".join(both)

    def _cut(self, found: list[str]) -> str:
        line = _line(found)
        return line[: self.random.randrange(len(line) + 1)]

    def _scratched(self, found: list[str]) -> str:
        line = _line(found)
        at = self.random.randrange(len(line) + 1)
        return line[:at] + self._pick(SCRAPS) + line[at + self._pick((0, 1)) :]

    def _pick(self, choices: Sequence[T]) -> T:
        return self.random.choice(choices)

    def _one_in(self, times: int) -> bool:
        return self.random.randrange(times) == 0


def _line(found: list[str]) -> str:
    """Tokens as a line; `key=value` stays one word."""
    return re.sub(r" ?= ?", "=", " ".join(found))
