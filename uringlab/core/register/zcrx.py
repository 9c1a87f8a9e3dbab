"""Zero-copy receive: known, and not built."""

from __future__ import annotations

from typing import NoReturn

from uringlab.core.errors import NotSupported

WHY = (
    "zero-copy receive needs a network card whose queue can be had for oneself, with header "
    "and data split, CAP_NET_ADMIN, and a ring with DEFER_TASKRUN and CQE32 or CQE_MIXED: "
    "there is nothing to try it on, so it is not built"
)


def register_ifq() -> NoReturn:
    """IORING_REGISTER_ZCRX_IFQ, 6.15: receive from a network card's queue without copying.

    Raises:
        NotSupported: always; says why.
    """
    raise NotSupported(WHY)
