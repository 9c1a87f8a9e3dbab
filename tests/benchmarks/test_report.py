"""What a run says."""

import json

import pytest

from benchmarks import report
from benchmarks.__main__ import arguments
from benchmarks.contender import Cost, Work
from benchmarks.environment import Environment
from benchmarks.names import ALL, EACH, LOOP, C
from benchmarks.results import WORKS, Results
from benchmarks.spread import Spread

ENVIRONMENT = Environment("2.3", "2024.5.3", ["2026.3.30: Illegal instruction"], 0x3000)
COSTS = dict(zip(ALL, (100, 400, 220, 200, 150, 110), strict=True))


@pytest.fixture
def results():
    """Rounds in which the machine grew slower, for all alike."""
    taken = {
        work: {
            name: [Cost(cost * slow, cost * slow * 2) for slow in (1, 2, 3)]
            for name, cost in COSTS.items()
        }
        for work in WORKS
    }
    return Results(taken, imports=[Cost(ms, ms + 20) for ms in (30.0, 31.0, 35.0)])


def test_speeds_are_compared_round_by_round(results):
    assert results.speed(Work("nop", 32), C, than=LOOP) == Spread(2.0, 2.0, 2.0)
    assert results.speed(Work("nop", 32), LOOP, than=EACH) == Spread(2.0, 2.0, 2.0)


def test_requests_a_second_are_those_of_the_median_round(results):
    assert results.per_second(Work("nop", 1), C) == 1e9 / 200


def test_speed_is_by_processor_time_unless_the_wall_is_asked_for(results):
    assert results._replace(clock="wall").per_second(Work("nop", 1), C) == 1e9 / 400
    assert results._replace(clock="wall").import_ms().median == 51.0
    assert results.disturbance() == 2.0
    assert "by processor time; on the wall all took 2.00 times" in report.times(results)
    assert "by time on the wall" in report.times(results._replace(clock="wall"))


def test_every_target_of_the_project_has_a_verdict(results):
    verdicts = {one.target.name: one for one in results.verdicts()}
    assert verdicts["nop, batch 32, C / loop"].met
    assert verdicts["nop, batch 128, C / buffer"].met
    assert verdicts["nop, batch 1, loop / PyPI each"].met
    assert not verdicts["nop, batch 32, loop / PyPI each"].met
    assert verdicts["nop, batch 32, columns / PyPI each"].met
    assert verdicts["nop, batch 128, columns / PyPI put_sqe"].out_of_reach
    assert verdicts["import uringlab, over a bare interpreter"].met
    assert len(verdicts) == 3 + 12 + 1


def test_the_table_has_a_row_for_each_work_and_its_columns_are_aligned(results):
    lines = report.table(results)
    assert len(lines) == 1 + len(WORKS)
    assert lines[0].startswith("work")
    assert lines[0].endswith("loop / PyPI put_sqe")
    assert len({len(line) for line in lines}) == 1
    assert "2.00 [2.00-2.00]" in lines[1]


def test_what_could_not_be_measured_is_said(results):
    told = report.text(ENVIRONMENT, results)
    assert "  not 2026.3.30: Illegal instruction\n" in told
    assert "SINGLE_ISSUER|DEFER_TASKRUN" in told


def test_the_json_has_every_round(results):
    told = json.loads(json.dumps(report.as_json(ENVIRONMENT, results)))
    first = told["works"][0]
    assert (first["kind"], first["batch"]) == ("nop", 1)
    assert first["ns_per_request"]["C"][0] == {"cpu": 100, "wall": 200}
    assert len(first["ns_per_request"]["C"]) == 3
    assert first["ratios"]["C / loop"] == {"median": 2.0, "low": 2.0, "high": 2.0}
    assert told["import_ms"]["median"] == 31.0
    assert told["import_ms"]["rounds"][2] == {"cpu": 35.0, "wall": 55.0}
    assert {"name", "bound", "median", "met", "out_of_reach"} <= set(told["verdicts"][0])


def test_quick_is_shorter_and_can_be_overruled():
    normal, quick = arguments([]), arguments(["--quick"])
    assert quick.rounds < normal.rounds
    assert quick.seconds < normal.seconds
    assert arguments(["--quick", "--rounds", "3"]).rounds == 3


@pytest.mark.parametrize("bad", [["--rounds", "-1"], ["--seconds", "-1"], ["--rounds", "many"]])
def test_bad_arguments_are_refused(bad, capsys):
    with pytest.raises(SystemExit) as ended:
        arguments(bad)
    assert ended.value.code == 2
    assert "usage: python -m benchmarks" in capsys.readouterr().err
