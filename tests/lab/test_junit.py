"""The report in JUnit's format."""

from xml.etree import ElementTree as ET

import pytest

from uringlab.lab.batch import Outcome, Told
from uringlab.lab.errors import ExpectationFailed, LineError, Span
from uringlab.lab.junit import JUnit
from uringlab.lab.script import statements
from uringlab.lab.verbs import standard_table


@pytest.fixture
def report(tmp_path):
    made = JUnit(tmp_path / "report.xml")
    made.read = lambda: ET.parse(tmp_path / "report.xml").getroot()  # noqa: S314 - our own
    return made


def failed(outcome, error, text="expect r1 res=5"):
    error.line, error.place = text, "a.uring:2"
    return Told("a.uring", 2, text, 0.25, outcome, error)


def numbers(element):
    return [element.get(one) for one in ("tests", "failures", "errors", "skipped")]


def test_an_expectation_is_a_case_and_other_lines_are_none(report):
    report.line(Told("a.uring", 1, "do nop -> r1", 0.5))
    report.line(Told("a.uring", 2, "expect r1 res=0", 0.25))
    report.close()
    root = report.read()
    assert numbers(root) == ["1", "0", "0", "0"]
    [case] = root.iter("testcase")
    assert case.attrib == {
        "classname": "a.uring",
        "name": "2: expect r1 res=0",
        "file": "a.uring",
        "line": "2",
        "time": "0.250000",
    }
    assert root.find("testsuite").get("time") == "0.750000"
    assert [one.get("name") for one in root.iter("property")] == ["uringlab", "kernel"]


def test_an_expectation_that_fails_is_a_failure(report):
    error = ExpectationFailed("expected r1 res=5, but it is 0\nthe last events:", Span(10, 15))
    report.line(failed(Outcome.EXPECTATION, error))
    report.close()
    assert numbers(report.read()) == ["1", "1", "0", "0"]
    [problem] = report.read().iter("failure")
    assert problem.get("message") == "expected r1 res=5, but it is 0"
    assert "          ^^^^^" in problem.text


@pytest.mark.parametrize("outcome", [Outcome.ERROR, Outcome.TIMED_OUT, Outcome.UNAVAILABLE])
def test_any_other_line_that_fails_is_an_error(report, outcome):
    report.line(failed(outcome, LineError("no"), "wait 1"))
    report.close()
    assert numbers(report.read()) == ["1", "0", "1", "0"]
    [problem] = report.read().iter("error")
    assert problem.get("type") == outcome


def test_expectations_that_were_not_reached_are_skipped(report):
    report.rest(
        "b.uring",
        statements(["nop", "expect r1 res=0", "rubbish", "expect", "expect sq.tail=0"]),
        TABLE,
    )
    report.close()
    assert numbers(report.read()) == ["2", "0", "0", "2"]


def test_an_input_that_expects_nothing_is_one_case(report):
    report.line(Told("a.uring", 1, "nop", 0.5))
    report.close()
    assert [one.get("name") for one in report.read().iter("testcase")] == ["1: runs to its end"]


def test_each_run_has_its_suite(report):
    for report.run in (1, 2):
        report.line(Told("a.uring", 1, "expect sq.tail=0", 0.5))
    report.close()
    names = [one.get("name") for one in report.read().iter("testsuite")]
    assert names == ["a.uring (run 1)", "a.uring (run 2)"]


def test_what_xml_cannot_say_is_said_otherwise(report):
    report.line(Told("a.uring", 1, 'expect b text="\x00\x1b<&\udcff"', 0.5))
    report.close()
    [case] = report.read().iter("testcase")
    assert case.get("name") == '1: expect b text="\\x00\\x1b<&\\xdcff"'


TABLE = standard_table()
