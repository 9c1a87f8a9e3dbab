"""What a lesson needs of the kernel: asked of the kernel, never derived from its version."""

from __future__ import annotations

import re
from functools import cache

from uringlab.core.abi import Features, Opcode, SetupFlags
from uringlab.core.params import Params
from uringlab.core.probe import kernel_opcodes, setup_flags
from uringlab.core.ring import IoUring

_PREFIXES: dict[str, type[Opcode | Features | SetupFlags]] = {
    "IORING_OP_": Opcode,
    "IORING_FEAT_": Features,
    "IORING_SETUP_": SetupFlags,
}
_LAYOUT = re.compile(r"(sq_off|cq_off)\.(\w+)=(\d+)")


def _meaning(need: str) -> Opcode | Features | SetupFlags | None:
    for prefix, kind in _PREFIXES.items():
        name = need.removeprefix(prefix)
        if (name != need or "IORING_" not in need) and name in kind.__members__:
            return kind[name]
    return None


def known_need(need: str) -> bool:
    """Whether it is the name of an opcode, a feature or a setup flag, or a place of a word.

    `sq_off.tail=4` needs a kernel that puts the SQ tail at byte 4. Where words lie is the
    kernel's own affair: older kernels gave each head and tail a cache line of its own.
    """
    return _meaning(need) is not None or _LAYOUT.fullmatch(need) is not None


def missing(needs: tuple[str, ...]) -> str:
    """Why a lesson with these needs cannot run here, or "" if it can.

    Raises:
        Unavailable: there is no io_uring here at all.
    """
    for need in needs:
        meaning = _meaning(need)
        if meaning is None:
            if why := _misplaced(need):
                return why
            continue
        if isinstance(meaning, Opcode) and meaning not in kernel_opcodes():
            return f"this kernel has no {need} (it came with Linux {meaning.since})"
        if isinstance(meaning, Features) and not meaning & _params().features:
            return f"this kernel has no IORING_FEAT_{meaning.name} (Linux {meaning.since})"
        if isinstance(meaning, SetupFlags) and meaning not in setup_flags():
            return f"io_uring_setup refuses {meaning.name} (it came with Linux {meaning.since})"
    return ""


def _misplaced(need: str) -> str:
    match = _LAYOUT.fullmatch(need)
    if match is None:
        return f"nothing is called {need}"
    params = _params()
    offset = (params.sq_off if match[1] == "sq_off" else params.cq_off).get(match[2])
    if offset is None:
        return f"this kernel has no {match[1]}.{match[2]}"
    if offset == int(match[3]):
        return ""
    return f"this kernel has {match[1]}.{match[2]} at {offset}, not at {match[3]}"


@cache
def _params() -> Params:
    with IoUring(1) as ring:
        return ring.params
