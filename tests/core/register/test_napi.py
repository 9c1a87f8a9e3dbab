from __future__ import annotations

import errno

import pytest

from uringlab import IoUring, OperandError, Params, SetupFlags
from uringlab.core.abi import NapiMode, RegisterOp


@pytest.fixture
def napi(ring, needs):
    needs(RegisterOp.NAPI)
    try:
        ring.napi.register(0)
    except OSError as why:
        if why.errno == errno.EOPNOTSUPP:
            pytest.skip("needs CONFIG_NET_RX_BUSY_POLL")
        raise
    ring.napi.unregister()
    return ring.napi


def test_what_was_set_is_told_by_the_next(napi):
    napi.register(50, prefer=True)
    was = napi.register(20, prefer=False)
    assert (was.microseconds, was.prefer) == (50, True)
    gone = napi.unregister()
    assert (gone.microseconds, gone.prefer) == (20, False)
    assert napi.register(1).microseconds == 0


def test_static_ids_are_added_and_removed(napi, needs):
    needs(RegisterOp.MEM_REGION)  # 6.13, as the modes
    napi.register(50, mode=NapiMode.STATIC)
    assert napi.register(50, mode=NapiMode.STATIC).mode == NapiMode.STATIC
    napi.add(5000)
    with pytest.raises(OSError, match="EEXIST: that NAPI id is polled already"):
        napi.add(5000)
    napi.remove(5000)
    with pytest.raises(OSError, match="ENOENT: that NAPI id is not polled"):
        napi.remove(5000)
    napi.register(50, mode=NapiMode.DYNAMIC)
    with pytest.raises(OSError, match="EINVAL: .*an id where ids are found by themselves"):
        napi.add(5000)


def test_what_makes_no_sense_is_refused(napi, requires):
    with pytest.raises(OperandError, match="does not fit 32 bits"):
        napi.register(-1)
    with pytest.raises(OSError, match="EINVAL: no such mode"):
        napi.register(1, mode=77)
    requires(setup_flag=SetupFlags.IOPOLL)
    with (
        IoUring(2, Params(flags=SetupFlags.IOPOLL)) as polled,
        pytest.raises(OSError, match="EINVAL: .*a ring with IOPOLL"),
    ):
        polled.napi.register(1)


def test_without_busy_polling_in_the_kernel_it_says_so(ring, needs):
    needs(RegisterOp.NAPI)
    try:
        ring.napi.register(1)
    except OSError as why:
        assert why.errno == errno.EOPNOTSUPP
        assert "CONFIG_NET_RX_BUSY_POLL" in str(why)
