"""What does this kernel know? Asked in one call, with no ring."""

from __future__ import annotations

import errno
from dataclasses import dataclass

from uringlab.core import abi
from uringlab.core.abi import EnterFlags, Features, QueryOp, RegisterOp, SetupFlags, SqeFlags
from uringlab.core.native import ffi, lib
from uringlab.core.register.call import address, block, explain, must_know

_NO_RING = -1
_LAYOUTS = {
    QueryOp.OPCODES: abi.QUERY_OPCODE,
    QueryOp.ZCRX: abi.QUERY_ZCRX,
    QueryOp.SCQ: abi.QUERY_SCQ,
}


@dataclass(frozen=True)
class Known:
    """What the kernel says that it knows.

    Attributes:
        request_opcodes: how many opcodes of requests: those from 0 on. Some may be switched off
            in this kernel: PROBE tells.
        register_opcodes: the same for io_uring_register.
        features: IORING_FEAT_*.
        setup_flags: IORING_SETUP_*.
        enter_flags: IORING_ENTER_*.
        sqe_flags: IOSQE_*.
        zcrx: zero-copy receive, by the names of `abi.QUERY_ZCRX`; None before 6.19.
        scq: the rings' header, by the names of `abi.QUERY_SCQ`; None before 6.19.
    """

    request_opcodes: int
    register_opcodes: int
    features: Features
    setup_flags: SetupFlags
    enter_flags: EnterFlags
    sqe_flags: SqeFlags
    zcrx: dict[str, int] | None
    scq: dict[str, int] | None


def query() -> Known:
    """Ask. IORING_REGISTER_QUERY, 6.18. Source: linux/io_uring/query.h, query.c.

    All questions go in one chain; one that the kernel does not know yet is answered with
    EOPNOTSUPP, and is None here.

    Raises:
        NotSupported: the kernel is older: see `core.probe`.
        OSError: EPERM and the like: io_uring is forbidden here.
    """
    must_know(RegisterOp.QUERY)
    answers = {op: block(bytes(layout.size)) for op, layout in _LAYOUTS.items()}
    heads = {}
    following = 0
    for op in reversed(_LAYOUTS):
        heads[op] = block(
            abi.QUERY_HDR.pack(
                next_entry=following,
                query_data=address(answers[op]),
                query_op=int(op),
                size=_LAYOUTS[op].size,
            )
        )
        following = address(heads[op])
    first = heads[QueryOp.OPCODES]
    explain(lib.ul_sys_register(_NO_RING, int(RegisterOp.QUERY), first, 0), RegisterOp.QUERY)
    found = {}
    for op, layout in _LAYOUTS.items():
        result = abi.QUERY_HDR.unpack(bytes(ffi.buffer(heads[op])))["result"]
        if result != -errno.EOPNOTSUPP:
            explain(result, RegisterOp.QUERY)
            found[op] = layout.unpack(bytes(ffi.buffer(answers[op])))
    opcodes = found[QueryOp.OPCODES]
    return Known(
        request_opcodes=opcodes["nr_request_opcodes"],
        register_opcodes=opcodes["nr_register_opcodes"],
        features=Features(opcodes["feature_flags"]),
        setup_flags=SetupFlags(opcodes["ring_setup_flags"]),
        enter_flags=EnterFlags(opcodes["enter_flags"]),
        sqe_flags=SqeFlags(opcodes["sqe_flags"]),
        zcrx=found.get(QueryOp.ZCRX),
        scq=found.get(QueryOp.SCQ),
    )
