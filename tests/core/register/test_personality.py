from __future__ import annotations

import errno
import os

import pytest

from uringlab import IoUring, OperandError, ops

NOBODY = 65534


def test_a_request_runs_with_the_credentials_that_were_kept(tmp_path, in_child):
    if os.geteuid() != 0:
        pytest.skip("needs root")
    secret = tmp_path / "secret"
    secret.write_bytes(b"x")
    secret.chmod(0o600)

    def results():
        # In a child, which may give its rights away.
        with IoUring(4) as ring:
            root = ring.personalities.register()
            where = os.open(tmp_path, os.O_PATH)
            os.setegid(NOBODY)
            os.seteuid(NOBODY)
            nobody = ring.personalities.register()
            found = []
            for who in (0, root, nobody):
                ring.sq().push(ops.Openat(b"secret", dir=where, personality=who))
                ring.submit_and_wait(1)
                found += [cqe.res for cqe in ring.cq()]
            ring.personalities.unregister(root)
            ring.sq().push(ops.Nop(personality=root))
            ring.submit_and_wait(1)
            found += [cqe.res for cqe in ring.cq()]
            return [res if res < 0 else "opened" for res in found]

    assert in_child(results) == str([-errno.EACCES, "opened", -errno.EACCES, -errno.EINVAL])


def test_ids_begin_at_one_and_are_forgotten_once(ring):
    first, second = ring.personalities.register(), ring.personalities.register()
    assert 0 < first < second
    ring.personalities.unregister(first)
    with pytest.raises(OSError, match="EINVAL: the ring has no personality with that id"):
        ring.personalities.unregister(first)
    with pytest.raises(OperandError, match="65536 is no id"):
        ring.personalities.unregister(1 << 16)
