"""The ring by its index, at the prompt."""


def test_a_registered_ring_is_entered_by_its_index(session, refused):
    said = session("register ring; do nop -> n; expect n res=0")
    assert "r0 is number 0 in this thread's table" in said
    assert refused("register ring").hint == "unregister ring"
    session.run("unregister ring; do nop -> m; expect m res=0")
    assert refused("unregister ring").hint == "register ring"
    # What the library knows without asking is no system call.
    session.run("expect call io_uring_register opcode=REGISTER_RING_FDS res=1")
    refused("expect call io_uring_register opcode=UNREGISTER_RING_FDS res=-ENXIO")
