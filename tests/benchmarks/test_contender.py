"""Those that are compared: what they answer is checked, and ours still run."""

import os
import sys
from pathlib import Path

import pytest

from benchmarks.contender import (
    Answer,
    Contender,
    Cost,
    DeadContenderError,
    Work,
    WrongAnswerError,
    wrong,
)
from benchmarks.measuring import measure

LOOPS = Path(__file__).parents[2] / "benchmarks" / "contenders"
HONEST = """
import sys
for line in sys.stdin:
    _, kind, batch, batches = line.split()
    batch, batches = int(batch), int(batches)
    requests = batch * batches
    res = requests * (4096 if kind == "read" else 0)
    user_data = requests * (batch + 1) // 2
    print(requests * 100_000, requests * 150_000, requests, res, user_data, flush=True)
"""
LAZY = HONEST.replace("150_000, requests,", "150_000, requests - 1,")
NOPS = Work("nop", 8)


def contender(code, name="one", **more):
    return Contender(name, [sys.executable, "-c", code], **more)


@pytest.mark.parametrize("work", [Work("nop", 1), Work("nop", 32), Work("read", 8)])
def test_an_honest_answer_is_right(work):
    with contender(HONEST) as one:
        assert one.run(work, 5).cqes == 5 * work.batch


def test_work_that_was_skipped_is_found():
    with contender(LAZY) as one, pytest.raises(WrongAnswerError, match="cqes is 39, and should"):
        one.run(NOPS, 5)


def test_every_sum_is_checked():
    right = Answer(cpu_ns=1, wall_ns=1, cqes=16, sum_res=16 * 4096, sum_user_data=72)
    assert wrong(Work("read", 8), 2, right, every=True) == ""
    for field in ("cqes", "sum_res", "sum_user_data"):
        bent = right._replace(**{field: getattr(right, field) - 1})
        assert field in wrong(Work("read", 8), 2, bent, every=True)


def test_who_leaves_results_in_a_buffer_answers_for_the_last_batch():
    answer = Answer(cpu_ns=1, wall_ns=1, cqes=16, sum_res=8 * 4096, sum_user_data=36)
    assert wrong(Work("read", 8), 2, answer, every=False) == ""
    assert wrong(Work("read", 8), 2, answer, every=True) != ""


def test_a_contender_that_dies_is_told_with_its_last_words():
    dying = "import sys; input(); sys.exit('no such ring')"
    with contender(dying) as one, pytest.raises(DeadContenderError, match="no such ring") as died:
        one.run(NOPS, 1)
    assert died.value.status == 1


def test_a_contender_that_is_killed_is_told_with_the_signal():
    killed = "import os; input(); os.kill(os.getpid(), 4)"
    with contender(killed) as one, pytest.raises(DeadContenderError) as died:
        one.run(NOPS, 1)
    assert died.value.status == -4


def test_a_round_is_calibrated_to_its_length():
    # It claims 100 µs a request, so 80 ms are 100 batches of 8.
    with contender(HONEST) as one:
        one.calibrate(NOPS, round_ns=80e6)
        assert one.round(NOPS) == Cost(cpu=100_000, wall=150_000)
        assert one._batches == {NOPS: 100}


def test_contenders_take_turns_and_each_has_all_its_rounds():
    with contender(HONEST, "a") as a, contender(HONEST, "b") as b:
        taken = measure([a, b], NOPS, rounds=3, round_ns=1e6)
    cost = Cost(100_000, 150_000)
    assert taken == {"a": [cost] * 3, "b": [cost] * 3}


@pytest.mark.parametrize("way", ["loop", "columns", "buffer"])
@pytest.mark.parametrize("work", [Work("nop", 1), Work("nop", 8), Work("read", 8)])
def test_our_own_contender_does_its_work_on_the_kernel(way, work, tmp_path):
    file = tmp_path / "file"
    file.write_bytes(os.urandom(1 << 20))
    command = [sys.executable, str(LOOPS / "uringlab_loop.py"), str(file), "0", way]
    with Contender(way, command, every=way != "buffer") as ours:
        ours.run(work, 7)
