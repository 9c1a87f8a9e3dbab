"""Register calls in C: those that liburing 2.3 has a function for."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from uringlab.core.abi import CancelFlags, Opcode, RegisterOp, SqeFlags
from uringlab.lab.c.constant import flags
from uringlab.lab.c.literal import number
from uringlab.lab.values import Fixed, Listed, Ref

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from uringlab.lab.c.writer import Writer
    from uringlab.lab.spec import Command
    from uringlab.lab.steps_taken import Step

    Say = Callable[[Writer, Command, Step], bool]
    """Returns whether there are words for it."""

NS = 1_000_000_000
_NONE = "none"
_CLOSING = (RegisterOp.SYNC_CANCEL, RegisterOp.FILES, RegisterOp.FILES_UPDATE)


def _items(typed: Any) -> Sequence[Any]:
    return typed.items if isinstance(typed, Listed) else ()


def _call(writer: Writer, step: Step, name: str, *args: str) -> bool:
    """`io_uring_NAME(&ring, …)`, which must not fail."""
    ring = writer.ring(step.ring)
    joined = ", ".join([f"&{ring}", *args])
    text = f'io_uring_{name}({joined}), "io_uring_{name}"'
    writer.say(f"{writer.call('check_uring')}({text});")
    return True


def _by_number(writer: Writer, step: Step, opcode: str, arg: str, count: int) -> bool:
    """The system call itself: liburing 2.3 declares these functions, and forgot to export them."""
    ring = writer.ring(step.ring)
    call = f"io_uring_register({ring}.ring_fd, {opcode}, {arg}, {count})"
    writer.say(f'{writer.call("check_uring")}({call}, "io_uring_register");')
    return True


def _array(writer: Writer, what: str, kind: str, rows: Sequence[str]) -> str:
    name = writer.names.fresh(what)
    writer.declare(name, f"{kind} {name}[] = {{ {', '.join(rows)} }};")
    return name


def _tags(writer: Writer, command: Command) -> str:
    typed = command.get("tags")
    if typed is None:
        return ""
    return _array(writer, "tags", "const __u64", [number(one) for one in _items(typed)])


# -- buffers --------------------------------------------------------------------------


def _pieces(writer: Writer, command: Command) -> tuple[str, str]:
    rows = []
    for one in _items(command.get("buffers")):
        if isinstance(one, Ref):
            found = writer.buffer(one.name)
            rows.append(f"{{ {found.variable}, {number(found.size)} }}")
        else:
            rows.append("{ NULL, 0 }")
    return _array(writer, "pieces", "const struct iovec", rows), str(len(rows))


def _buffers(writer: Writer, command: Command, step: Step) -> bool:
    if command.get("sparse") is not None:
        return _call(writer, step, "register_buffers_sparse", number(command.get("sparse")))
    pieces, count = _pieces(writer, command)
    tags = _tags(writer, command)
    if tags:
        return _call(writer, step, "register_buffers_tags", pieces, tags, count)
    return _call(writer, step, "register_buffers", pieces, count)


def _buffers_update(writer: Writer, command: Command, step: Step) -> bool:
    pieces, count = _pieces(writer, command)
    tags = _tags(writer, command)
    if not tags:
        tags = _array(writer, "no_tags", "const __u64", ["0"] * int(count))
    place = number(command.get("place"))
    return _call(writer, step, "register_buffers_update_tag", place, pieces, tags, count)


def _unregister_buffers(writer: Writer, command: Command, step: Step) -> bool:
    return _call(writer, step, "unregister_buffers")


# -- files ----------------------------------------------------------------------------


def _fds(writer: Writer, command: Command, step: Step) -> tuple[str, str]:
    rows = []
    for one in _items(command.get("fds")):
        if isinstance(one, Ref):
            rows.append(writer.fd(one.name))
        elif isinstance(one, int):
            name = step.files.get(one)
            rows.append(number(one) if name is None else writer.fd(name))
        else:
            rows.append("-1" if one == _NONE else "IORING_REGISTER_FILES_SKIP")
    return _array(writer, "files", "const int", rows), str(len(rows))


def _files(writer: Writer, command: Command, step: Step) -> bool:
    if command.get("sparse") is not None:
        return _call(writer, step, "register_files_sparse", number(command.get("sparse")))
    fds, count = _fds(writer, command, step)
    tags = _tags(writer, command)
    if tags:
        return _call(writer, step, "register_files_tags", fds, tags, count)
    return _call(writer, step, "register_files", fds, count)


def _files_update(writer: Writer, command: Command, step: Step) -> bool:
    fds, count = _fds(writer, command, step)
    tags = _tags(writer, command)
    place = number(command.get("place"))
    if tags:
        return _call(writer, step, "register_files_update_tag", place, fds, tags, count)
    return _call(writer, step, "register_files_update", place, fds, count)


def _alloc_range(writer: Writer, command: Command, step: Step) -> bool:
    place, count = number(command.get("place")), number(command.get("count"))
    return _call(writer, step, "register_file_alloc_range", place, count)


def _unregister_files(writer: Writer, command: Command, step: Step) -> bool:
    return _call(writer, step, "unregister_files")


# -- rings of provided buffers ----------------------------------------------------------


class Pool:
    """A ring of provided buffers in C.

    Attributes:
        variable: the ring.
        entries: how many it has room for.
        buffers: (where, how many bytes) of each buffer, by its id.
        added: how many were written behind the tail since that was moved.
    """

    def __init__(self, variable: str, entries: int, buffers: list[tuple[str, int]]) -> None:
        """An empty one."""
        self.variable = variable
        self.entries = entries
        self.buffers = buffers
        self.added = 0


def _pool(writer: Writer, command: Command, step: Step) -> bool:
    if command.get("incremental") or command.get("mmap"):
        return False
    group = command.get("group")
    if step.made:
        name, total = step.made[0]
        whole = writer.new_buffer(name, total)
        size = command.get("size") or _default(command, "size")
        buffers = [(f"{whole.variable} + {at}", size) for at in range(0, total, size)]
    else:
        named = [writer.buffer(one.name) for one in _items(command.get("bufs"))]
        buffers = [(one.variable, one.size) for one in named]
    entries = command.get("entries", 1 << max(len(buffers) - 1, 0).bit_length())
    variable = writer.names.fresh(f"pool_{group}")
    size_text = f"{entries} * sizeof(struct io_uring_buf)"
    writer.declare(
        variable,
        f"struct io_uring_buf_ring *{variable} = {writer.call('buffer')}({size_text});",
    )
    registered = writer.names.fresh(f"pool_{group}_reg")
    writer.declare(
        registered,
        f"struct io_uring_buf_reg {registered} = {{ .ring_addr = (uintptr_t){variable}, "
        f".ring_entries = {entries}, .bgid = {group} }};",
    )
    _call(writer, step, "register_buf_ring", f"&{registered}", "0")
    writer.say(f"io_uring_buf_ring_init({variable});")
    pool = writer.pools[step.ring, group] = Pool(variable, entries, buffers)
    if command.get("fill", 1):
        _add_all(writer, pool, list(range(len(buffers))))
        _advance_by(writer, pool)
    return True


def _default(command: Command, name: str) -> int:
    param = command.spec.param(name)
    return int(param.default) if param is not None else 0


def _add_all(writer: Writer, pool: Pool, ids: Sequence[int]) -> None:
    for bid in ids:
        where, size = pool.buffers[bid]
        writer.say(
            f"io_uring_buf_ring_add({pool.variable}, {where}, {size}, {bid}, "
            f"io_uring_buf_ring_mask({pool.entries}), {pool.added});"
        )
        pool.added += 1


def _advance_by(writer: Writer, pool: Pool) -> None:
    writer.say(f"io_uring_buf_ring_advance({pool.variable}, {pool.added});")
    pool.added = 0


def _with_pool(writer: Writer, command: Command, step: Step, *, add: bool, advance: bool) -> bool:
    pool = writer.pools.get((step.ring, command.get("group")))
    if pool is None:
        return False
    if add:
        _add_all(writer, pool, step.ids)
    if advance:
        _advance_by(writer, pool)
    return True


def _recycle(writer: Writer, command: Command, step: Step) -> bool:
    return _with_pool(writer, command, step, add=True, advance=True)


def _add(writer: Writer, command: Command, step: Step) -> bool:
    return _with_pool(writer, command, step, add=True, advance=False)


def _advance(writer: Writer, command: Command, step: Step) -> bool:
    return _with_pool(writer, command, step, add=False, advance=True)


def _unregister_pool(writer: Writer, command: Command, step: Step) -> bool:
    group = command.get("group")
    if writer.pools.pop((step.ring, group), None) is None:
        return False
    return _call(writer, step, "unregister_buf_ring", number(group))


# -- the rest ---------------------------------------------------------------------------


def _make_eventfd(writer: Writer, command: Command, step: Step) -> bool:
    variable = writer.names.declare(command.get("name"))
    call = writer.checked(f"eventfd({number(command.get('count', 0))}, EFD_CLOEXEC)", "eventfd")
    writer.declare(variable, f"int {variable} = {call};")
    return True


def _signalled(writer: Writer, command: Command, step: Step, name: str) -> bool:
    typed = command.get("fd")
    found = typed.name if isinstance(typed, Ref) else step.files.get(typed)
    return _call(writer, step, name, number(typed) if found is None else writer.fd(found))


def _eventfd(writer: Writer, command: Command, step: Step) -> bool:
    return _signalled(writer, command, step, "register_eventfd")


def _eventfd_async(writer: Writer, command: Command, step: Step) -> bool:
    return _signalled(writer, command, step, "register_eventfd_async")


def _no_eventfd(writer: Writer, command: Command, step: Step) -> bool:
    return _call(writer, step, "unregister_eventfd")


def _ring(writer: Writer, command: Command, step: Step) -> bool:
    return _call(writer, step, "register_ring_fd")


def _no_ring(writer: Writer, command: Command, step: Step) -> bool:
    return _call(writer, step, "unregister_ring_fd")


def _restrictions(writer: Writer, command: Command, step: Step) -> bool:
    calls = [one for one in _items(command.get("calls")) if isinstance(one, int)]
    if command.get("closable", 1):
        calls += [int(one) for one in _CLOSING if one not in calls]
    rows = [
        f"{{ .opcode = IORING_RESTRICTION_REGISTER_OP, .register_op = {one} }}"
        for one in dict.fromkeys(calls)
    ]
    for one in _items(command.get("ops")):
        note = f" /* {Opcode(one).name} */" if one in set(Opcode) else ""
        rows.append(f"{{ .opcode = IORING_RESTRICTION_SQE_OP, .sqe_op = {one}{note} }}")
    for name, kind in (("flags", "ALLOWED"), ("required", "REQUIRED")):
        if command.get(name) is not None:
            bits = flags(SqeFlags, command.get(name))
            rows.append(f"{{ .opcode = IORING_RESTRICTION_SQE_FLAGS_{kind}, .sqe_flags = {bits} }}")
    array = _array(writer, "rules", "struct io_uring_restriction", rows)
    return _by_number(writer, step, "IORING_REGISTER_RESTRICTIONS", array, len(rows))


def _enable(writer: Writer, command: Command, step: Step) -> bool:
    return _by_number(writer, step, "IORING_REGISTER_ENABLE_RINGS", "NULL", 0)


def _personality(writer: Writer, command: Command, step: Step) -> bool:
    return _call(writer, step, "register_personality")


def _no_personality(writer: Writer, command: Command, step: Step) -> bool:
    return _call(writer, step, "unregister_personality", number(command.get("personality")))


def _sync_cancel(writer: Writer, command: Command, step: Step) -> bool:
    get = command.get
    if get("op") is not None or step.error:
        return False
    how = CancelFlags(0)
    fields = []
    request = get("request")
    if request is not None:
        found = writer.request(request.name) if isinstance(request, Ref) else None
        user_data = found[1] if found is not None else number(0)
        fields.append(f".addr = {number(request) if isinstance(request, int) else user_data}")
    typed = get("fd")
    if typed is not None:
        how |= CancelFlags.FD | (CancelFlags.FD_FIXED if isinstance(typed, Fixed) else 0)
        name = typed.name if isinstance(typed, Ref) else step.files.get(typed)
        place = typed.index if isinstance(typed, Fixed) else typed
        fields.append(f".fd = {number(place) if name is None else writer.fd(name)}")
    how |= CancelFlags.ALL if get("every") else CancelFlags(0)
    how |= CancelFlags.ANY if get("anything") else CancelFlags(0)
    if typed is not None and request is not None:
        return False  # by both: that is younger than liburing 2.3
    seconds, rest = (-1, -1) if get("timeout") is None else divmod(get("timeout"), NS)
    fields += [
        f".flags = {flags(CancelFlags, int(how))}",
        f".timeout = {{ .tv_sec = {seconds}, .tv_nsec = {rest} }}",
    ]
    name = writer.names.fresh("wanted")
    writer.declare(name, f"struct io_uring_sync_cancel_reg {name} = {{ {', '.join(fields)} }};")
    return _call(writer, step, "register_sync_cancel", f"&{name}")


def _workers(writer: Writer, command: Command, step: Step) -> bool:
    most = [number(command.get(name, 0)) for name in ("bounded", "unbounded")]
    array = _array(writer, "most", "unsigned", most)
    return _call(writer, step, "register_iowq_max_workers", array)


REGISTERING: Mapping[str, Say] = {
    "register buffers": _buffers,
    "register buffers_update": _buffers_update,
    "unregister buffers": _unregister_buffers,
    "register files": _files,
    "register files_update": _files_update,
    "register file_alloc_range": _alloc_range,
    "unregister files": _unregister_files,
    "register pbuf_ring": _pool,
    "recycle": _recycle,
    "buf_ring add": _add,
    "buf_ring advance": _advance,
    "unregister pbuf_ring": _unregister_pool,
    "eventfd": _make_eventfd,
    "register eventfd": _eventfd,
    "register eventfd_async": _eventfd_async,
    "unregister eventfd": _no_eventfd,
    "register ring_fds": _ring,
    "unregister ring_fds": _no_ring,
    "register restrictions": _restrictions,
    "register enable_rings": _enable,
    "register personality": _personality,
    "unregister personality": _no_personality,
    "register sync_cancel": _sync_cancel,
    "register iowq_max_workers": _workers,
}
"""By verb. The others need a newer library, or only ask."""
