"""The indices are 32 bits and wrap; a real ring gets there after 2³² requests (`make wrap`).

Here the floor's own C runs over memory whose indices begin near the wrap: see floor.c.
"""

from __future__ import annotations

import ast
import re
import shutil
import subprocess
from collections import Counter, deque
from pathlib import Path

import cffi
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

import uringlab.core.native

HERE = Path(__file__).parent
CC = shutil.which("cc") or shutil.which("gcc") or shutil.which("clang")
U32 = 2**32 - 1
FULL = -10003
STARTS = [0, 2**32 - 1, 2**32 - 5, 2**31 - 3, 2**31, 2**32 - 64]

FLOOR = """
ul_ring *floor_new(uint32_t entries, uint32_t start);
void floor_consume(ul_ring *ring, uint32_t n, int later);
void floor_post(ul_ring *ring, uint64_t user_data, int32_t res);
void floor_free(ul_ring *ring);
"""


@pytest.fixture(scope="session")
def floor(tmp_path_factory):
    if CC is None:
        pytest.skip("needs a C compiler")
    native = Path(uringlab.core.native.__file__).parent
    text = (native / "build.py").read_text()
    listed = re.search(r"^SOURCES = (\[.*?\])$", text, re.DOTALL | re.MULTILINE)
    others = [native / name for name in ast.literal_eval(listed[1]) if name != "sq.c"]
    target = tmp_path_factory.mktemp("floor") / "floor.so"
    argv = [CC, "-std=gnu11", "-O1", "-g", "-fPIC", "-shared", "-pthread", f"-I{native}"]
    argv += ["-o", str(target), str(HERE / "floor.c"), *map(str, others)]
    done = subprocess.run(argv, capture_output=True, text=True, timeout=120, check=False)
    assert done.returncode == 0, done.stderr
    ffi = cffi.FFI()
    ffi.cdef((native / "api.h").read_text() + FLOOR)
    return ffi, ffi.dlopen(str(target))


def alive(floor):
    ffi, lib = floor
    stats = ffi.new("struct ul_mem_stats *")
    lib.ul_mem_get_stats(stats)
    return stats.live


def push(floor, ring, user_data, held=0, lent=0):
    """Push one NOP that needs so many new blocks. Its index, or what it was refused with."""
    ffi, lib = floor
    mems = [lib.ul_mem_new(8, 0) for _ in range(held + lent)]
    sqe = ffi.new("uint8_t[64]")
    sqe[32:40] = user_data.to_bytes(8, "little")
    c_mems = ffi.new("ul_mem *[]", mems or 1)
    counts = ffi.new("uint16_t[]", [held, lent])
    bulk = {"n": 1, "size": 64, "sqes": sqe, "mems": c_mems, "counts": counts}
    answer = lib.ul_sq_push(ring, ffi.new("struct ul_ops *", bulk))
    for mem in mems:
        lib.ul_mem_unref(mem)
    return answer


def drain(floor, ring, most):
    ffi, lib = floor
    out = ffi.new("struct ul_cqe[]", max(most, 1))
    count = lib.ul_cq_drain(ring, out, most, ffi.sizeof("struct ul_cqe"))
    return [out[at].user_data for at in range(count)]


STEPS = st.lists(
    st.tuples(
        st.sampled_from(["push", "push", "take", "publish", "consume", "post", "peek", "drain"]),
        st.integers(0, 3),
        st.integers(0, 4),
    ),
    min_size=20,
    max_size=120,
)


@pytest.mark.parametrize("start", STARTS)
@settings(max_examples=40, deadline=None, suppress_health_check=list(HealthCheck))
@given(steps=STEPS)
def test_the_queues_do_not_notice_where_the_indices_wrap(floor, start, steps):  # noqa: PLR0915
    ffi, lib = floor
    entries, before = 4, alive(floor)
    ring = lib.floor_new(entries, start)
    words = ffi.new("struct ul_words *")
    staged, published, flying, posted = deque(), deque(), deque(), deque()
    held, out = Counter(), Counter()
    local = tail = head = cq_head = start
    peeked = ffi.new("struct ul_cqe[16]")
    for what, user_data, count in steps:
        if what == "push":
            answer = push(floor, ring, user_data, held=1, lent=1)
            if len(staged) + len(published) == entries:
                assert answer == FULL
            else:
                assert answer == local & U32
                staged.append((user_data, 1, True))
                local += 1
        elif what == "take":
            answer = lib.ul_sq_take(ring)
            if len(staged) + len(published) == entries:
                assert answer == FULL
            else:
                assert answer == local & U32
                nop = bytes(32) + user_data.to_bytes(8, "little") + bytes(24)
                assert lib.ul_sq_poke(ring, answer, 0, nop, 64) == 0
                assert lib.ul_sq_vouch(ring, answer, nop, 64) == 0
                staged.append((user_data, 0, False))
                local += 1
        elif what == "publish":
            assert lib.ul_sq_publish(ring) == len(staged)
            for one, blocks, _ in staged:
                out[one] += 1
                held[one] += blocks
            published += staged
            staged.clear()
            tail = local
        elif what == "consume":
            some = min(count, len(published))
            lib.floor_consume(ring, some, 0)
            flying += [published.popleft()[0] for _ in range(some)]
            head += some
        elif what == "post":
            for _ in range(min(count, len(flying), 2 * entries - len(posted))):
                lib.floor_post(ring, flying[0], 0)
                posted.append(flying.popleft())
        elif what == "peek":
            assert lib.ul_cq_peek(ring, peeked, count) == min(count, len(posted))
            assert [peeked[at].user_data for at in range(min(count, len(posted)))] == list(posted)[
                :count
            ]
        else:
            came = drain(floor, ring, count)
            assert came == [posted.popleft() for _ in range(min(count, len(posted)))]
            cq_head += len(came)
            for one in came:
                out[one] -= 1
                held[one] *= out[one] > 0
        assert lib.ul_ring_words(ring, words) == 0
        seen = (words.sq_head, words.sq_tail, words.sq_local, words.cq_head)
        assert seen == tuple(number & U32 for number in (head, tail, local, cq_head))
        assert lib.ul_sq_space(ring) == entries - len(staged) - len(published)
        assert lib.ul_cq_ready(ring) == len(posted)
        needed = held.total() + sum(blocks for _, blocks, _ in staged)
        needed += sum(lent for _, _, lent in (*staged, *published))
        lent_by_consumed = alive(floor) - before - needed
        assert 0 <= lent_by_consumed <= entries, "swept by the next push, at the latest"
    lib.floor_free(ring)
    assert alive(floor) == before


@pytest.mark.parametrize("start", STARTS)
@pytest.mark.parametrize("n", [1, 3, 4])
def test_a_head_that_moves_between_two_looks_frees_no_other_slots_memory(floor, start, n):
    # The slot that becomes free behind the sweeper's back must not be given new blocks: they
    # would be let go of with the old ones, before the kernel has seen them.
    _, lib = floor
    before = alive(floor)
    ring = lib.floor_new(4, start)
    for _ in range(4):
        assert push(floor, ring, 1, lent=1) >= 0
    lib.ul_sq_publish(ring)
    lib.floor_consume(ring, n, 1)
    answer = push(floor, ring, 1, lent=1)
    if answer == FULL:
        answer = push(floor, ring, 1, lent=1)
    assert answer == (start + 4) & U32
    assert alive(floor) == before + 4 - n + 1
    push(floor, ring, 1)  # sweeps once more, as far as there is anything
    assert alive(floor) == before + 4 - n + 1
    lib.floor_free(ring)
    assert alive(floor) == before
