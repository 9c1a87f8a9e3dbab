"""Rings that share something."""

import pytest

from uringlab.lab import LineError, Session


@pytest.fixture
def session():
    with Session() as made:
        yield made


@pytest.mark.parametrize("flags", ["sqpoll", "sqpoll|single_issuer"])
def test_rings_share_a_poll_thread(session, flags):
    session.run(f"ring new a flags={flags} idle=1ms; ring new z flags={flags} wq=a idle=1ms")
    session.run("do nop -> n; expect n res=0; expect setup.flags>0; ring close a")
    session.run("do nop -> m; expect m res=0; ring new plain")
    with pytest.raises(LineError, match="ATTACH_WQ"):
        session.run("ring new y flags=sqpoll wq=plain")
