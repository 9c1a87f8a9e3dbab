from __future__ import annotations

from uringlab import Features, IoUring, Params, SetupFlags


def test_what_was_asked_reaches_the_kernels_structure():
    asked = Params(
        flags=SetupFlags.SQPOLL, cq_entries=32, sq_thread_cpu=1, sq_thread_idle=9, wq_fd=3
    )
    c = asked.to_c()
    assert c.flags == SetupFlags.SQPOLL | SetupFlags.CQSIZE
    assert (c.cq_entries, c.sq_thread_cpu, c.sq_thread_idle, c.wq_fd) == (32, 1, 9, 3)
    assert c.sq_entries == 0


def test_nothing_asked_asks_for_nothing():
    c = Params().to_c()
    assert (c.flags, c.cq_entries, c.wq_fd) == (0, 0, 0)


def test_the_kernels_answer_is_read_back():
    params = Params()
    with IoUring(8, params) as ring:
        got = ring.params
        assert params.sq_entries == 0, "what was asked stays as it was asked"
        assert (got.sq_entries, got.cq_entries) == (8, 16)
        assert Features.NODROP in got.features
        assert set(got.sq_off) >= {"head", "tail", "ring_mask", "ring_entries", "array"}
        assert set(got.cq_off) >= {"head", "tail", "ring_mask", "ring_entries", "cqes"}
        assert got.sq_off["head"] != got.sq_off["tail"]


def test_the_flags_the_kernel_was_given_are_kept(requires):
    flags = SetupFlags.SINGLE_ISSUER | SetupFlags.DEFER_TASKRUN
    requires(setup_flag=flags)
    with IoUring(8, Params(flags=flags)) as ring:
        assert ring.params.flags == flags


def test_huge_pages_are_asked_for_and_answered(requires):
    requires(setup_flag=SetupFlags.NO_MMAP)
    asked = Params(flags=SetupFlags.NO_MMAP, huge_pages=True)
    with IoUring(8, asked) as ring:
        assert asked.huge_pages
        assert ring.params.huge_pages in {True, False}
        assert ring.params.cq_off["cqes"] > 0
    with IoUring(8) as plain:
        assert not plain.params.huge_pages


def test_an_answer_can_be_asked_for_again():
    with IoUring(8, Params(cq_entries=32)) as first, IoUring(8, first.params) as second:
        assert second.params == first.params


def test_minus_one_is_no_fd_and_is_sent_as_such():
    assert Params(wq_fd=-1).to_c().wq_fd == 2**32 - 1
