"""A batch from its start to its exit."""

from benchmarks import starting


def test_it_tells_the_difference_and_the_ratio(capsys):
    assert starting.main(["--rounds", "1"]) == starting.MET
    over, ratio = capsys.readouterr().out.splitlines()
    assert over.startswith("run -c nop, over python -c pass: ")
    assert "at most 120 ms" in over
    assert ratio.startswith("run -c nop / python -c pass: ")


def test_a_batch_takes_longer_than_a_bare_interpreter():
    _, ratio = starting.measure(1)
    assert ratio.median > 1
