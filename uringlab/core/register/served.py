"""Which opcode of io_uring_register(2) is served by what. A test holds it to the kernel."""

from __future__ import annotations

from uringlab.core.abi import RegisterOp
from uringlab.core.register.zcrx import WHY

_RING = "uringlab.core.ring.IoUring"
_HERE = "uringlab.core.register"
_FILES = f"{_HERE}.files.Files"
_BUFFERS = f"{_HERE}.buffers.Buffers"
_BUFFER_RING = f"{_HERE}.buffer_ring.BufferRing"
_WORKERS = f"{_HERE}.workers.Workers"

SERVED: dict[RegisterOp, str] = {
    RegisterOp.BUFFERS: f"{_BUFFERS}.register",
    RegisterOp.UNREGISTER_BUFFERS: f"{_BUFFERS}.unregister",
    RegisterOp.FILES: f"{_FILES}.register",
    RegisterOp.UNREGISTER_FILES: f"{_FILES}.unregister",
    RegisterOp.EVENTFD: f"{_HERE}.eventfd.EventFd.register",
    RegisterOp.UNREGISTER_EVENTFD: f"{_HERE}.eventfd.EventFd.unregister",
    RegisterOp.FILES_UPDATE: f"{_FILES}.update",
    RegisterOp.EVENTFD_ASYNC: f"{_HERE}.eventfd.EventFd.register",
    RegisterOp.PROBE: "uringlab.core.probe.supported_opcodes",
    RegisterOp.PERSONALITY: f"{_HERE}.personality.Personalities.register",
    RegisterOp.UNREGISTER_PERSONALITY: f"{_HERE}.personality.Personalities.unregister",
    RegisterOp.RESTRICTIONS: f"{_RING}.restrict",
    RegisterOp.ENABLE_RINGS: f"{_RING}.enable",
    RegisterOp.FILES2: f"{_FILES}.register",
    RegisterOp.FILES_UPDATE2: f"{_FILES}.update",
    RegisterOp.BUFFERS2: f"{_BUFFERS}.register",
    RegisterOp.BUFFERS_UPDATE: f"{_BUFFERS}.update",
    RegisterOp.IOWQ_AFF: f"{_WORKERS}.pin",
    RegisterOp.UNREGISTER_IOWQ_AFF: f"{_WORKERS}.unpin",
    RegisterOp.IOWQ_MAX_WORKERS: f"{_WORKERS}.limit",
    RegisterOp.RING_FDS: f"{_RING}.register_fd",
    RegisterOp.UNREGISTER_RING_FDS: f"{_RING}.unregister_fd",
    RegisterOp.PBUF_RING: f"{_RING}.buffer_ring",
    RegisterOp.UNREGISTER_PBUF_RING: f"{_BUFFER_RING}.unregister",
    RegisterOp.SYNC_CANCEL: f"{_RING}.sync_cancel",
    RegisterOp.FILE_ALLOC_RANGE: f"{_FILES}.alloc_range",
    RegisterOp.PBUF_STATUS: f"{_BUFFER_RING}.head",
    RegisterOp.NAPI: f"{_HERE}.napi.Napi.register",
    RegisterOp.UNREGISTER_NAPI: f"{_HERE}.napi.Napi.unregister",
    RegisterOp.CLOCK: f"{_RING}.set_clock",
    RegisterOp.CLONE_BUFFERS: f"{_BUFFERS}.clone",
    RegisterOp.SEND_MSG_RING: f"{_HERE}.message.send_msg_ring",
    RegisterOp.RESIZE_RINGS: f"{_RING}.resize",
    RegisterOp.MEM_REGION: f"{_RING}.wait_region",
    RegisterOp.QUERY: f"{_HERE}.query.query",
}
"""The name of what makes the call, module and all."""

DECLARED: dict[RegisterOp, str] = {
    RegisterOp.ZCRX_IFQ: WHY,
    RegisterOp.ZCRX_CTRL: "it controls a ZCRX_IFQ, and there is none without such a card",
    RegisterOp.BPF_FILTER: "it came with Linux 7.0, and needs a BPF program",
}
"""Why there is nothing that makes the call."""
