"""What a ring is asked to be, and what the kernel made of it. Source: io_uring_setup(2)."""

from __future__ import annotations

from typing import TYPE_CHECKING

from uringlab.core.abi import Features, SetupFlags
from uringlab.core.errors import OperandError
from uringlab.core.native import ffi

if TYPE_CHECKING:
    from uringlab.core.native._native import CData

_U32 = 0xFFFFFFFF
_NO_FLAGS = SetupFlags(0)
_NO_FEATURES = Features(0)
_SQ_OFF = ("head", "tail", "ring_mask", "ring_entries", "flags", "dropped", "array")
_CQ_OFF = ("head", "tail", "ring_mask", "ring_entries", "overflow", "cqes", "flags")


class Params:
    """`struct io_uring_params`: filled in by you, then by the kernel.

    Attributes:
        flags: IORING_SETUP_*.
        cq_entries: asked for, with CQSIZE (set when this is not 0); then what it became.
        sq_thread_cpu: the CPU of the SQPOLL thread, with SQ_AFF.
        sq_thread_idle: milliseconds the SQPOLL thread spins before it sleeps (0: one second).
        wq_fd: the fd of the ring whose poll thread to share, with SQPOLL and ATTACH_WQ. (Workers
            are shared by a task's rings anyhow, from 5.12 on.)
        huge_pages: with NO_MMAP: bring huge pages, if there are any; then whether there were.
        sq_entries: answered: SQE slots, the asked number rounded up to a power of two.
        features: answered: IORING_FEAT_*.
        sq_off, cq_off: answered: byte offsets of each word in the mapping, by name.
    """

    def __init__(
        self,
        flags: SetupFlags = _NO_FLAGS,
        cq_entries: int = 0,
        sq_thread_cpu: int = 0,
        sq_thread_idle: int = 0,
        wq_fd: int = 0,
        *,
        huge_pages: bool = False,
        sq_entries: int = 0,
        features: Features = _NO_FEATURES,
        sq_off: dict[str, int] | None = None,
        cq_off: dict[str, int] | None = None,
    ) -> None:
        """What is wanted; the kernel fills in the rest."""
        self.flags = flags
        self.cq_entries = cq_entries
        self.sq_thread_cpu = sq_thread_cpu
        self.sq_thread_idle = sq_thread_idle
        self.wq_fd = wq_fd
        self.huge_pages = huge_pages
        self.sq_entries = sq_entries
        self.features = features
        self.sq_off = sq_off or {}
        self.cq_off = cq_off or {}

    def __eq__(self, other: object) -> bool:
        """The same values."""
        return isinstance(other, Params) and vars(self) == vars(other)

    __hash__ = None  # type: ignore[assignment]  # it changes

    def __repr__(self) -> str:
        """As it is made."""
        return f"Params({', '.join(f'{name}={value!r}' for name, value in vars(self).items())})"

    def to_c(self) -> CData:
        """Make a `struct io_uring_params *` of what was asked.

        Raises:
            OperandError: a number does not fit 32 bits.
        """
        flags = SetupFlags(self.flags)
        for name in ("cq_entries", "sq_thread_cpu", "sq_thread_idle"):
            if not 0 <= getattr(self, name) <= _U32:
                raise OperandError(f"{name}={getattr(self, name)} does not fit 32 bits")
        if not -1 <= self.wq_fd <= _U32:
            raise OperandError(f"wq_fd={self.wq_fd} is no fd")
        if self.cq_entries:
            flags |= SetupFlags.CQSIZE
        return ffi.new(
            "struct io_uring_params *",
            {
                "flags": int(flags),
                "cq_entries": self.cq_entries,
                "sq_thread_cpu": self.sq_thread_cpu,
                "sq_thread_idle": self.sq_thread_idle,
                "wq_fd": self.wq_fd & _U32,
            },
        )

    @classmethod
    def from_c(cls, params: CData) -> Params:
        """Read what the kernel answered."""
        return cls(
            flags=SetupFlags(params.flags),
            cq_entries=params.cq_entries,
            sq_thread_cpu=params.sq_thread_cpu,
            sq_thread_idle=params.sq_thread_idle,
            wq_fd=params.wq_fd,
            sq_entries=params.sq_entries,
            features=Features(params.features),
            sq_off={name: getattr(params.sq_off, name) for name in _SQ_OFF},
            cq_off={name: getattr(params.cq_off, name) for name in _CQ_OFF},
        )
