"""An operation in C: take a slot, fill it in, give it its number."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from uringlab.core.abi import Opcode, SqeFlags
from uringlab.lab.c.calls import field_of, prep_call
from uringlab.lab.c.constant import choice, flags, has_name
from uringlab.lab.c.literal import number
from uringlab.lab.c.operand import Sqe, fill
from uringlab.lab.c.packed import PACKED, SKIPPED
from uringlab.lab.values import Fixed, Ref

if TYPE_CHECKING:
    from uringlab.core.ops.declare import Op
    from uringlab.lab.c.writer import Request, Writer
    from uringlab.lab.spec import Command
    from uringlab.lab.steps_taken import Step

_U32 = 2**32 - 1
_BY_HAND = ("fd", "addr", "len", "off")
"""What `io_uring_prep_rw` takes."""


def stage(writer: Writer, command: Command, step: Step) -> Request | None:
    """Say an operation in C.

    Returns:
        The request; None if nothing was staged.
    """
    op = command.spec.op
    if not step.staged:
        return None
    if op is None:
        return _stage_raw(writer, command, step)
    first = step.staged[0]
    multishot = bool(command.get("multishot"))
    request = writer.stage(first, op, multishot=multishot)
    for more in step.staged[1:]:
        writer.stage(more, op, multishot=multishot)
    _fds_that_come(writer, command)
    ring = writer.ring(first.ring)
    sqe = Sqe(writer, command, step, request.constant.removeprefix("REQ_").lower())
    skipped = SKIPPED.get(op.opcode, frozenset())
    for one in op.operands:
        if one.name not in skipped:
            fill(sqe, one)
    if op.opcode in PACKED:
        PACKED[op.opcode](sqe)
    if op.opcode == Opcode.PIPE and command.get("slot") is None:
        request.room = sqe.values["fds"].partition("[")[0]
    writer.say(f"sqe = {writer.call('get_sqe')}(&{ring});")
    _prepare(sqe, op)
    all_flags = int(command.get("flags", 0)) | sqe.flags
    if all_flags:
        writer.say(f"sqe->flags |= {flags(SqeFlags, all_flags)};")
    if command.get("personality"):
        writer.say(f"sqe->personality = {command.get('personality')};")
    writer.say(f"io_uring_sqe_set_data64(sqe, {_user_data(writer, step, request)});")
    return request


def _stage_raw(writer: Writer, command: Command, step: Step) -> Request:
    """An SQE of words as they were typed: `sqe`."""
    get = command.get
    request = writer.stage(step.staged[0], None, multishot=False)
    for more in step.staged[1:]:
        writer.stage(more, None, multishot=False)
    _fds_that_come(writer, command)
    sqe = Sqe(writer, command, step, request.constant.removeprefix("REQ_").lower())
    ring = writer.ring(step.staged[0].ring)
    code = choice(Opcode, int(get("opcode")))
    fd = "-1" if get("fd") is None else sqe.fd(get("fd"))
    addr = get("addr")
    where = writer.buffer(addr.name).variable if isinstance(addr, Ref) else "NULL"
    writer.say(f"sqe = {writer.call('get_sqe')}(&{ring});")
    words = f"{fd}, {where}, {number(get('len', 0))}, {number(get('off', 0))}"
    writer.say(f"io_uring_prep_rw({code}, sqe, {words});")
    for word in ("op_flags", "ioprio", "buf_index", "personality", "file_index"):
        if get(word):
            field = "rw_flags" if word == "op_flags" else word
            writer.say(f"sqe->{field} = {number(get(word))};")
    if isinstance(get("addr3"), Ref):
        writer.say(f"sqe->addr3 = (uintptr_t){writer.buffer(get('addr3').name).variable};")
    bits = int(get("flags", 0))
    bits |= int(SqeFlags.FIXED_FILE) if isinstance(get("fd"), Fixed) else 0
    if bits:
        writer.say(f"sqe->flags = {flags(SqeFlags, bits)};")
    writer.say(f"io_uring_sqe_set_data64(sqe, {_user_data(writer, step, request)});")
    return request


def _fds_that_come(writer: Writer, command: Command) -> None:
    """A file that a request opens can be used as soon as its CQE is there."""
    for value in command.values.values():
        if isinstance(value, Ref):
            request = writer.brought_by_request(value.name)
            if request is None or request.multishot or request.op is None:
                continue
            if command.spec.op is not None and value.name in _requests_named(command):
                continue
            if request.name not in writer.reaped:
                writer.say(f"{writer.call('look_for_fds')}(&{writer.ring(request.ring)});")
                writer.reaped.add(request.name)


def _requests_named(command: Command) -> set[str]:
    """Names that stand for the requests themselves, not for their files."""
    found = set()
    for name in ("target", "data"):
        value = command.get(name)
        param = command.spec.param(name)
        if isinstance(value, Ref) and param is not None and param.value.label == "REQUEST":
            found.add(value.name)
    return found


def _user_data(writer: Writer, step: Step, request: Request) -> str:
    first = step.staged[0]
    if not writer.loop or first.step == 0:
        return request.constant
    if len(step.staged) == 1:
        return f"{request.constant} + {writer.loop}"
    numbers = [
        number(run.user_data + place * run.step)
        for run in step.staged
        for place in range(run.count)
    ]
    array = writer.names.fresh("numbers")
    writer.declare(array, f"const __u64 {array}[] = {{ {', '.join(numbers)} }};")
    return f"{array}[{writer.loop}]"


def _prepare(sqe: Sqe, op: type[Op]) -> None:
    command, writer = sqe.command, sqe.writer
    given = {name for name, value in command.values.items() if value not in (None, 0, False)}
    if op.opcode == Opcode.CLOSE and isinstance(command.get("fd"), Fixed):
        given.add("slot")
    call = None if _needs_hand(command, op) else prep_call(op.opcode, given)
    if op.opcode == Opcode.POLL_REMOVE and given & {"poll_events", "new_user_data", "multishot"}:
        call = None
    if op.opcode == Opcode.ASYNC_CANCEL and command.get("fd") is not None:
        only_fd = command.get("target") is None and command.get("opcode_of") is None
        plain = only_fd and not isinstance(command.get("fd"), Fixed)
        call = "io_uring_prep_cancel_fd(sqe, {fd}, {cancel_flags});" if plain else None
    if op.opcode == Opcode.ASYNC_CANCEL and command.get("opcode_of") is not None:
        call = None
    if call is None:
        _by_hand(sqe, op)
        return
    covered = set(re.findall(r"\{(\w+)\}", call))
    covered |= {name for name in given if prep_call(op.opcode, {name}) != prep_call(op.opcode, ())}
    if op.opcode == Opcode.CLOSE:
        covered |= {"slot", "fd"}
    writer.say(call.format_map(_Values(sqe.values)))
    if "to" in sqe.values and op.opcode in (Opcode.SEND, Opcode.SEND_ZC):
        where, length = sqe.values["to"], sqe.values["to_len"]
        writer.say(f"io_uring_prep_send_set_addr(sqe, {where}, {length});")
        covered.add("to")
    for name, words in sqe.words.items():
        # A buffer's length is in the call, whatever word it lies in; its flags are not.
        for word, text, address in words:
            extra = (word, text, address) not in words[:1]
            if (name in covered and not (extra and _says_more(op, word))) or text == "0":
                continue
            if name not in command.values and not extra:
                continue
            _assign(sqe, op, word, text, address=address)
    group = sqe.group and "group" in covered
    if group and op.opcode not in (Opcode.PROVIDE_BUFFERS, Opcode.REMOVE_BUFFERS):
        _assign(sqe, op, "buf_index", sqe.values["group"], address=False)


def _needs_hand(command: Command, op: type[Op]) -> bool:
    """Whether liburing 2.3's function has no way to say it."""
    length = command.get("len")
    if op.opcode in (Opcode.FADVISE, Opcode.MADVISE) and length is not None and length > _U32:
        return True
    return op.opcode in (Opcode.SEND, Opcode.SEND_ZC) and command.get("bufs") is not None


def _says_more(op: type[Op], word: str) -> bool:
    """Whether a word is none that the call sets."""
    if op.opcode == Opcode.ASYNC_CANCEL:
        return False
    return word in ("op_flags", "ioprio")


class _Values(dict[str, str]):
    """An operand that was not given is 0, unless it has a default."""

    def __missing__(self, name: str) -> str:
        return "0"


def _assign(sqe: Sqe, op: type[Op], word: str, text: str, *, address: bool) -> None:
    field = field_of(op.opcode, word, group=sqe.group)
    sign = "|=" if word in ("op_flags", "ioprio") else "="
    note = ""
    if word == "file_index" and text.endswith(" + 1"):
        note = " /* places count from 1 here */"
    text = pointer_value(text) if address else text
    sqe.writer.say(f"sqe->{field} {sign} {text};{note}")


def pointer_value(text: str) -> str:
    """An address as a number."""
    return (
        f"(uintptr_t){text}"
        if re.fullmatch(r'&?[\w\[\]]+|"[^"]*"', text)
        else f"(uintptr_t)({text})"
    )


def _by_hand(sqe: Sqe, op: type[Op]) -> None:
    """As liburing's functions do it themselves: for what is younger than they are."""
    writer = sqe.writer
    words: dict[str, list[tuple[str, bool]]] = {}
    for entries in sqe.words.values():
        for word, text, address in entries:
            if text != "0" or word == "fd":
                words.setdefault(word, []).append((text, address))
    for word, value in op.constants.items():
        words.setdefault(word, [] if value == 0 and word != "fd" else [(number(value), False)])
    fd = " | ".join(text for text, _ in words.pop("fd", [("-1", False)]))
    pointer = "NULL"
    if len(words.get("addr", ())) == 1 and words["addr"][0][1]:
        pointer = words.pop("addr")[0][0]
    length = " | ".join(text for text, _ in words.pop("len", [("0", False)]))
    offset = " | ".join(
        pointer_value(text) if is_address else text for text, is_address in words.pop("off", [])
    )
    name = op.opcode.kernel_name
    code = name if has_name(op.opcode) else f"{int(op.opcode)} /* {name} */"
    writer.say(f"io_uring_prep_rw({code}, sqe, {fd}, {pointer}, {length}, {offset or '0'});")
    for word, texts in words.items():
        field = field_of(op.opcode, word, group=sqe.group)
        joined = " | ".join(
            pointer_value(text) if is_address else text for text, is_address in texts
        )
        note = " /* places count from 1 here */" if joined.endswith(" + 1") else ""
        writer.say(f"sqe->{field} = {joined};{note}")
