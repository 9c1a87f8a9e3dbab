"""One declaration an opcode.

A subclass of `Op` says once what an opcode is: its number, its operands and the SQE word each
one lives in, what its completion means, how it is said at the prompt and in C. From that come
the builder (the class itself: a typed, frozen dataclass), the decoder (`decode`), the prompt's
verb, its completion and help, the reference page, and the test that runs it.

An op is a value: it is encoded when it is made, off the ring, and pushed whole. So a wrong
operand is refused before a slot is taken, and nothing half-written is ever in the queue.
"""

from __future__ import annotations

import struct
from dataclasses import MISSING, dataclass, field, fields
from typing import TYPE_CHECKING, Any, ClassVar, dataclass_transform

from uringlab.core import abi
from uringlab.core.abi import Opcode, SqeFlags
from uringlab.core.abi.named import flag_names
from uringlab.core.ops.kinds import Draft, Kind
from uringlab.core.ops.makers import MAKERS, makes_fd

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from uringlab.core.native._native import CData

_SQE = struct.Struct(abi.SQE_FORMAT)


@dataclass(frozen=True)
class Operand:
    """Where a field of an op lives in the SQE, and what it means.

    Attributes:
        name: the op's field, and the prompt's `name=`.
        word: the SQE word; "" for a field that no word holds alone.
        kind: how it is encoded and shown.
        doc: one line for help.
        default: what it is when it is not given.
        required: whether it must be given, or what another operand puts in its place.
        replaceable: whether another operand may stand in its place.
    """

    name: str
    word: str
    kind: Kind
    doc: str
    default: Any = None
    required: bool = False
    replaceable: bool = False


def operand(word: str, kind: Kind, doc: str, *, default: Any = MISSING) -> Any:
    """A field that must be given; with a default, its kind or `finish` says what may replace it."""
    return field(default=default, metadata={"word": word, "kind": kind, "doc": doc})


def option(word: str, kind: Kind, doc: str, *, default: Any) -> Any:
    """A field that may be given, by name. `None`: whatever the other operands make it."""
    return field(default=default, kw_only=True, metadata={"word": word, "kind": kind, "doc": doc})


@dataclass_transform(frozen_default=True, field_specifiers=(operand, option, field))
@dataclass(frozen=True)
class Op:
    """A request, encoded. Push it with `ring.sq().push(op)`, once or often.

    Attributes:
        user_data: 64 bits that come back in the CQE. Yours to choose.
        flags: IOSQE_*.
        personality: whose credentials it runs with: 0, or what
            `ring.personalities.register()` gave. IORING_REGISTER_PERSONALITY, 5.6.
        sqe: its bytes: 64, or 128 for what needs a ring with SQE128.
        holds: blocks it needs until its final CQE.
        lends: blocks it needs until its SQE is consumed: the kernel copies them then.
    """

    user_data: int = field(default=0, kw_only=True)
    flags: SqeFlags = field(default=SqeFlags(0), kw_only=True)
    personality: int = field(default=0, kw_only=True, repr=False)
    sqe: bytes = field(init=False, repr=False, compare=False, kw_only=True)
    holds: tuple[CData, ...] = field(init=False, repr=False, compare=False, kw_only=True)
    lends: tuple[CData, ...] = field(init=False, repr=False, compare=False, kw_only=True)
    prepared: Any = field(init=False, repr=False, compare=False, default=None, kw_only=True)

    opcode: ClassVar[Opcode]
    operands: ClassVar[tuple[Operand, ...]] = ()
    usage: ClassVar[tuple[str, ...]] = ()
    result: ClassVar[str] = ""
    example: ClassVar[str] = ""
    c_call: ClassVar[str] = ""
    man: ClassVar[str] = ""
    errnos: ClassVar[Mapping[str, str]] = {}
    constants: ClassVar[Mapping[str, int]] = {}
    claims: ClassVar[bool] = False

    def __init_subclass__(
        cls,
        *,
        opcode: Opcode,
        usage: tuple[str, ...] = (),
        result: str,
        example: str,
        c: str,
        man: str,
        errnos: Mapping[str, str] | None = None,
        constants: Mapping[str, int] | None = None,
    ) -> None:
        """Turn the subclass into a frozen dataclass and note its declaration.

        Args:
            opcode: its number.
            usage: the operands that the prompt takes by position, in order.
            result: what `res` of a successful CQE is.
            example: one line of the command language that runs as it stands after the
                session's own examples (`file f …`, `buf b0 …`).
            c: the same with liburing; `{name}` stands for an operand.
            man: the page that is the authority.
            errnos: what some errno means for this opcode in particular.
            constants: SQE words that are always the same for it.
        """
        super().__init_subclass__()
        cls.opcode = opcode
        dataclass(frozen=True)(cls)
        cls.operands = tuple(
            Operand(
                name=one.name,
                word=one.metadata["word"],
                kind=one.metadata["kind"],
                doc=one.metadata["doc"],
                default=None if not one.kw_only else one.default,
                required=not one.kw_only,
                replaceable=not one.kw_only and one.default is not MISSING,
            )
            for one in fields(cls)
            if "word" in one.metadata
        )
        cls.usage = usage
        cls.result = result
        cls.example = example
        cls.c_call = c
        cls.man = man
        cls.errnos = errnos or {}
        cls.constants = constants or {}
        cls.claims = cls.claim is not Op.claim
        vars(cls)["__init__"].__doc__ = _how_to_make(cls.operands, result)
        LOADED[opcode] = cls

    def __post_init__(self) -> None:
        """Encode.

        Raises:
            OperandError: an operand does not fit. Nothing was written anywhere.
        """
        draft = Draft()
        draft.words["opcode"] = int(self.opcode)
        draft.words["fd"] = -1
        draft.words |= self.constants
        draft.put("flags", int(self.flags), "flags")
        draft.put("user_data", self.user_data, "user_data")
        draft.put("personality", self.personality, "personality")
        for one in self.operands:
            value = getattr(self, one.name)
            if value is not None or one.required:
                one.kind.put(draft, one.word, value, one.name)
        self.finish(draft)
        draft.check_limits()
        words = (draft.words[word] for word in abi.SQE_WORDS)
        object.__setattr__(self, "sqe", _SQE.pack(*words) + draft.tail)
        object.__setattr__(self, "holds", tuple(draft.holds))
        object.__setattr__(self, "lends", tuple(draft.lends))

    def finish(self, draft: Draft) -> None:
        """Whatever depends on several operands at once. Most ops have nothing of the kind.

        Raises:
            OperandError: they do not go together.
        """

    def claim(self) -> Callable[[], None]:
        """Take over from Python what the request will own. Called right before it is staged.

        Before and not after: a KeyboardInterrupt in between then leaves something owned by
        nobody, and not by two.

        Returns:
            How to give it back, if there is no slot for the request.
        """
        return _nothing

    @property
    def may_bring_fds(self) -> bool:
        """Whether `new_fds` need be asked at all."""
        return self.sqe[0] in MAKERS

    def new_fds(self, res: int) -> tuple[int, ...]:
        """The fds of this process that a completion with that result brings; yours to close."""
        return (res,) if res >= 0 and makes_fd(self.words()) else ()

    def words(self) -> dict[str, int]:
        """Its SQE's words, by name."""
        return dict(zip(abi.SQE_WORDS, _SQE.unpack_from(self.sqe), strict=True))

    @classmethod
    def title(cls) -> str:
        """The opcode's name."""
        return cls.opcode.name


def _how_to_make(operands: tuple[Operand, ...], result: str) -> str:
    """What `help()` says of making one: every operand, in the words of its declaration."""
    return "\n".join(
        [
            "Encode it.\n\nArgs:",
            *(f"    {one.name}: {one.doc}." for one in operands),
            "    user_data: 64 bits that come back in the CQE. Yours to choose.",
            "    flags: IOSQE_*.",
            "    personality: whose credentials it runs with; 0: this process's.",
            f"\nIts CQE's res: {result}. Below zero a -errno: see `errnos`.",
            "\nRaises:\n    OperandError: an operand does not fit.",
        ]
    )


def _nothing() -> None:
    """Most requests own nothing but their memory, and that is counted."""


LOADED: dict[Opcode, type[Op]] = {}
"""The opcodes whose modules are loaded. All of them: `BY_OPCODE` in everything.py."""


def declared(opcode: Opcode) -> type[Op] | None:
    """The declaration of an opcode: its module is loaded when it is first asked for."""
    if opcode not in LOADED:
        from uringlab.core import ops  # noqa: PLC0415 (its modules use this one)

        getattr(ops, opcode.name.title().replace("_", ""), None)  # READ_FIXED is ReadFixed
    return LOADED.get(opcode)


@dataclass(frozen=True)
class DecodedSqe:
    """An SQE, read back: anybody's, from its bytes.

    Attributes:
        words: every word by its name (`abi.SQE_WORDS`), unsigned except fd.
        name: the opcode's name, or `OP 200` for a number nobody knows.
        op: its declaration, where there is one.
        operands: (name, text) of each operand the opcode has.
    """

    words: dict[str, int]
    name: str
    op: type[Op] | None
    operands: tuple[tuple[str, str], ...]

    @property
    def user_data(self) -> int:
        """The request's user_data."""
        return self.words["user_data"]

    @property
    def flags(self) -> SqeFlags:
        """IOSQE_*."""
        return SqeFlags(self.words["flags"])

    def __str__(self) -> str:
        """`READ fd=6 buf=0x7f… len=100 off=0 flags=IO_LINK`."""
        parts = [self.name, *(f"{name}={text}" for name, text in self.operands)]
        if self.flags:
            parts.append(f"flags={flag_names(SqeFlags, self.words['flags'])}")
        return " ".join(parts)


def decode(sqe: bytes) -> DecodedSqe:
    """Read the first 64 bytes of an SQE."""
    words = dict(zip(abi.SQE_WORDS, _SQE.unpack_from(sqe), strict=True))
    number = words["opcode"]
    try:
        opcode = Opcode(number)
    except ValueError:
        return DecodedSqe(words, f"OP {number}", None, ())
    op = declared(opcode)
    if op is None:
        raw = tuple((word, str(words[word])) for word in ("fd", "off", "addr", "len"))
        return DecodedSqe(words, opcode.name, None, raw)
    operands = tuple((one.name, one.kind.show(words, one.word)) for one in op.operands)
    return DecodedSqe(words, opcode.name, op, operands)
