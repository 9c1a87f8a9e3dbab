"""One table of commands: parser, completion, signature, `help` and `check` are fed from it."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator

    from uringlab.core.ops.declare import Op
    from uringlab.lab.errors import Span
    from uringlab.lab.lexer import Token
    from uringlab.lab.reply import Reply
    from uringlab.lab.session import Session
    from uringlab.lab.values import Literal, Value

    Run = Callable[[Session, "Command"], Iterator[Reply]]
    Make = Callable[[str], "CommandSpec"]

GROUPS = (
    "rings",
    "things to do I/O on",
    "operations",
    "the steps",
    "registration",
    "looking",
    "holding to account",
    "lessons",
    "session",
)


@dataclass(frozen=True)
class Param:
    """An operand of a command.

    Attributes:
        name: its name, and the `name=` it can be given by.
        value: what it takes.
        doc: one line.
        required: whether it must be given.
        positional: whether it can be given by place.
        default: what it is when not given, as it would be typed.
        many: a positional that takes all words that are left.
    """

    name: str
    value: Value
    doc: str
    required: bool = False
    positional: bool = False
    default: str = ""
    many: bool = False

    def signature(self) -> str:
        """How it stands in the command's signature."""
        if self.positional:
            text = self.value.label + ("…" if self.many else "")
            return text if self.required else f"[{text}]"
        return f"[{self.name}={self.default or self.value.label}]"


@dataclass(frozen=True)
class CommandSpec:
    """A command.

    Attributes:
        name: its verb; two words for `ring new` and the like.
        summary: one line.
        run: does it; yields replies as it goes.
        example: a line that runs after `lab.examples.SETUP`; its last command is this one.
        group: one of GROUPS.
        op: the op class behind an operation.
        c: the same in C with liburing, "" where there is no equivalent.
        more: a paragraph for `help NAME`.
        wraps: it takes a whole command after its own operands (`do`, `repeat`).
        raw: it reads its tokens itself (`expect`).
        check: reads a `raw` command's tokens without a session, and raises what is wrong with them.
        stages_raw: it stages a request, of no declared op (`sqe`).
        read_only: it changes nothing, so it may run at any time.
    """

    name: str
    summary: str
    run: Run
    example: str
    group: str
    params: tuple[Param, ...] = ()
    aliases: tuple[str, ...] = ()
    op: type[Op] | None = None
    c: str = ""
    more: str = ""
    wraps: str = ""
    raw: str = ""
    check: Callable[[Command], object] | None = None
    stages_raw: bool = False

    @property
    def stages(self) -> bool:
        """Whether it stages one request, which `->` can name and `do` can do."""
        return self.op is not None or self.stages_raw

    def parts(self) -> tuple[str, ...]:
        """The signature's parts: the verb, then each operand, then what else may follow."""
        parts = [self.name, *(one.signature() for one in self.params)]
        if self.wraps:
            parts.append(self.wraps)
        if self.raw:
            parts.append(self.raw)
        if self.stages:
            parts.append("[-> NAME]")
        return tuple(parts)

    def signature(self) -> str:
        """`read FD N [off=0] [buf=NAME] [-> NAME]`."""
        return " ".join(self.parts())

    def param(self, name: str) -> Param | None:
        """The operand of that name."""
        return next((one for one in self.params if one.name == name), None)


@dataclass(frozen=True)
class Command:
    """A command as it was typed: parsed, and not yet run."""

    spec: CommandSpec
    span: Span
    values: dict[str, Literal] = field(default_factory=dict)
    spans: dict[str, Span] = field(default_factory=dict)
    rest: tuple[Literal, ...] = ()
    into: str = ""
    inner: Command | None = None
    tokens: tuple[Token, ...] = ()
    text: str = ""

    def get(self, name: str, default: Any = None) -> Any:
        """An operand's value, or the default."""
        return self.values.get(name, default)

    def span_of(self, name: str) -> Span:
        """Where an operand stands; the whole command if it was not given."""
        return self.spans.get(name, self.span)


class CommandTable:
    """All commands, by name and alias. What is promised is made when somebody asks for it."""

    def __init__(self, specs: Iterable[CommandSpec] = ()) -> None:
        """Start with these."""
        self._made: dict[str, CommandSpec | None] = {}
        self._makers: dict[str, Make] = {}
        self._names: dict[str, str] = {}
        for spec in specs:
            self.add(spec)

    def add(self, spec: CommandSpec) -> None:
        """Add a command.

        Raises:
            ValueError: its name or an alias is taken.
        """
        self._claim((spec.name, *spec.aliases))
        self._made[spec.name] = spec

    def promise(self, names: tuple[str, ...], make: Make) -> None:
        """Add a command that is made when it is first looked for: by its name, and its aliases.

        So that a program pays for the commands that it uses: making them all takes longer than
        starting Python.

        Raises:
            ValueError: a name is taken.
        """
        self._claim(names)
        self._made[names[0]] = None
        self._makers[names[0]] = make

    def _claim(self, names: tuple[str, ...]) -> None:
        for name in names:
            if name in self._names:
                raise ValueError(f"two commands are called {name!r}")
            self._names[name] = names[0]

    def find(self, name: str) -> CommandSpec | None:
        """The command of that name or alias."""
        first = self._names.get(name)
        return None if first is None else self._spec(first)

    def _spec(self, first: str) -> CommandSpec:
        spec = self._made[first]
        if spec is None:
            spec = self._made[first] = self._makers[first](first)
        return spec

    def names(self) -> list[str]:
        """Every name and alias. Nothing is made for it."""
        return list(self._names)

    def __iter__(self) -> Iterator[CommandSpec]:
        """Each command once, in the order they were added. This makes all of them."""
        return map(self._spec, list(self._made))
