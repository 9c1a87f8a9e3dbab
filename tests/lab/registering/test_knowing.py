"""What the kernel knows, asked at the prompt."""

from uringlab.lab import Session


def test_the_kernel_says_what_it_knows(session, needs):
    [probe] = session.run("register probe")
    assert {"NOP", "READ"} <= set(probe.json["known"])
    needs("QUERY")
    with Session() as other:  # it needs no ring
        [query] = other.run("register query")
        assert query.json["request_opcodes"] >= len(probe.json["known"])
        assert not other.rings()
        other.run("expect call io_uring_register opcode=REGISTER_QUERY fd=-1 res=0")
