"""Which verb makes which call of io_uring_register(2), or refuses it. A test holds it so."""

from __future__ import annotations

from uringlab.core.abi import RegisterOp


def _by_name(op: RegisterOp) -> str:
    if op.name.startswith("UNREGISTER_"):
        return op.name.lower().replace("_", " ", 1)
    return f"register {op.name.lower()}"


VERBS: dict[RegisterOp, str] = {op: _by_name(op) for op in RegisterOp} | {
    RegisterOp.FILES2: "register files",
    RegisterOp.FILES_UPDATE2: "register files_update",
    RegisterOp.BUFFERS2: "register buffers",
}
"""The call's own name, but for those that came twice: which of two is made depends on what is
said (tags, empty places)."""
