"""Queues of another size, at the prompt."""

DEFERRED = "ring new d flags=single_issuer|defer_taskrun entries=4"


def test_another_size_takes_what_is_in_the_queues_with_it(session, needs, refused):
    needs("RESIZE_RINGS")
    session.run(f"{DEFERRED}; nop -> a; submit; register resize 16 cq=64")
    session.run("expect sq.entries=16 cq.entries=64; submit; reap; expect a res=0")
    session.run("ring new plain; expect sq.entries=8")
    assert "defer_taskrun" in refused("register resize 16").hint


def test_what_is_staged_cannot_change_its_size_and_no_call_is_made(session, needs, refused):
    needs("RESIZE_RINGS")
    session.run(f"{DEFERRED}; nop")
    assert "staged" in refused("register resize 16").message
    refused("expect call io_uring_register opcode=REGISTER_RESIZE_RINGS")
