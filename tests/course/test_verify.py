from __future__ import annotations

import os
import signal
import threading
from pathlib import Path

import pytest

from uringlab.course import all_lessons, needs
from uringlab.course.verify import verify
from uringlab.lab import Session


def failures(folder, **more) -> str:
    return "\n".join(verify(folder, **more).failures)


# -- the real lessons ----------------------------------------------------------------


def test_the_real_lessons_hold_on_this_kernel():
    report = verify(repeat=3)
    assert report.failures == []
    assert report.checked + len(report.skips) == len(all_lessons()) >= 4
    # A run that skips everything proves nothing.
    assert report.skips == []


@pytest.mark.parametrize("lesson", all_lessons(), ids=lambda lesson: lesson.id)
def test_a_real_lesson_is_complete(lesson):
    assert 2 <= len(lesson.steps) <= 4
    assert 5 <= lesson.minutes <= 10
    assert sum(len(step.wrongs) for step in lesson.steps) >= 2
    assert all(len(step.hints) >= 2 for step in lesson.steps)
    assert all("```c" in step.why and "strace" in step.why for step in lesson.steps)
    assert lesson.further


# -- what it catches -----------------------------------------------------------------


def test_a_good_lesson_passes_and_is_counted(good, write):
    told: list[str] = []
    report = verify(write(good), tell=told.append)
    assert report.failures == []
    assert report.ok
    assert (report.checked, report.skips) == (1, [])
    assert report.proofs > 10
    assert told == ["ok  01-small"]


def test_a_goal_that_holds_before_anything_is_done_is_caught(good, write):
    text = good.replace("expect sq.local=1", "expect sq.tail=0")
    found = failures(write(text))
    assert "the goal “the local tail moved” holds before anything is done" in found
    line = next(i for i, one in enumerate(text.splitlines(), 1) if one == "expect sq.tail=0")
    assert found.startswith(f"01-small.md:{line}: ")


def test_one_holding_goal_among_failing_ones_is_still_caught(good, write):
    text = good.replace("# it is published", "# no CQE\nexpect cq.ready=0\n# it is published")
    assert "the goal “no CQE” holds before anything is done" in failures(write(text))


def test_a_solution_that_does_not_reach_the_goal_is_caught(good, write):
    text = good.replace("solution\npublish\n", "solution\nwait 0\n")
    found = failures(write(text))
    assert "the goal “it is published” does not hold after the solution" in found
    assert "expected sq.tail=1, but it is 0" in found


def test_a_solution_that_does_not_run_is_caught(good, write):
    text = good.replace("solution\npublish\n", "solution\nring new r0\n")
    assert "the solution does not run" in failures(write(text))


def test_a_line_that_is_to_be_refused_and_is_not_is_caught(good, write):
    text = good.replace("solution\npublish\n", "solution\npublish  # refused\n")
    assert "this line was to be refused, and was not" in failures(write(text))


def test_a_line_that_is_refused_as_it_should_be_is_fine(good, write):
    text = good.replace("solution\npublish\n", "solution\nring new r0   # refused\npublish\n")
    assert failures(write(text)) == ""


def test_a_setup_that_does_not_run_is_caught(good, write):
    text = good.replace("ring new r0 entries=4", "ring new r0 entries=0")
    assert "the setup does not run" in failures(write(text))


def test_a_wrong_that_is_not_recognised_is_caught(good, write):
    text = good.replace("expect sq.tail=1\n```\n\n### Why", "expect sq.tail=2\n```\n\n### Why", 1)
    assert "wrong “published” is not recognised" in failures(write(text))


def test_a_wrong_that_reaches_every_goal_is_caught(good, write):
    text = good.replace("nop\npublish\n# You", "nop\n# You")
    assert "wrong “published” reaches every goal" in failures(write(text))


def test_a_wrong_that_is_recognised_before_anything_is_done_is_caught(good, write):
    text = good.replace("expect sq.tail=1\n```\n\n### Why", "expect cq.ready=0\n```\n\n### Why", 1)
    assert "wrong “published” is recognised before anything is done" in failures(write(text))


def test_a_wrong_that_is_recognised_after_the_solution_is_caught(good, write):
    text = good.replace("expect sq.tail=1\n```\n\n### Why", "expect sq.local=1\n```\n\n### Why", 1)
    assert "wrong “published” is recognised after the solution" in failures(write(text))


def test_a_wrong_that_is_taken_for_another_is_caught(good, write):
    second = (
        '```uring wrong "published two"\nrepeat 2 nop\npublish\n# Two.\nexpect sq.tail>=2\n```\n\n'
    )
    text = good.replace("expect sq.tail=1\n```\n\n### Why", "expect sq.tail>=1\n```\n\n### Why", 1)
    text = text.replace("### Why", second + "### Why", 1)
    assert "wrong “published two” is taken for “published”, which comes first" in failures(
        write(text)
    )


def test_an_error_that_a_mistake_itself_raises_is_allowed(good, write):
    text = good.replace("nop\npublish\n# You", "ring new r0\nnop\npublish\n# You")
    assert failures(write(text)) == ""


def test_an_example_that_does_not_run_is_caught(good, write):
    text = good.replace("expect r9 res=0", "expect r9 res=1")
    assert "an example does not run: expect r9 res=1" in failures(write(text))


def test_an_example_in_the_text_after_a_step_is_run_too(good, write):
    text = good.replace("It was published.", "```uring example\nexpect sq.tail=9\n```")
    assert "an example does not run: expect sq.tail=9" in failures(write(text))


def test_a_verb_before_it_is_taught_is_caught(good, write):
    text = good.replace('"publish", ', "")
    found = failures(write(text))
    assert '"publish" is used, but neither this lesson nor an earlier one teaches it' in found


def test_a_verb_inside_another_is_caught_too(good, write):
    text = good.replace('teaches = ["nop", ', "teaches = [").replace("do nop -> r9", "do nop")
    assert '"nop" is used' in failures(write(text))


def test_a_flag_before_it_is_taught_is_caught(good, write):
    text = good.replace("nop -> r1\n```\n\n```uring wrong", "nop flags=link\n```\n\n```uring wrong")
    assert '"LINK" is used' in failures(write(text))
    taught = text.replace('"ring new"', '"ring new", "IOSQE_IO_LINK"')
    assert '"LINK" is used' not in failures(write(taught))


def test_what_an_earlier_lesson_teaches_may_be_used_and_what_a_later_one_does_may_not(good, write):
    write(good, "01-first")
    later = good.replace('teaches = ["nop", "publish"', 'teaches = ["nop"')
    folder = write(later, "02-second")
    assert failures(folder) == ""
    assert failures(folder, only=["second"]) == ""
    write(good.replace('teaches = ["nop", "publish"', 'teaches = ["nop"'), "01-first")
    write(good, "02-second")
    assert failures(folder).startswith("01-first.md:")


def test_a_lesson_that_is_not_well_written_is_a_failure_and_not_the_end(good, write):
    write(good, "01-first")
    folder = write(good.replace("minutes = 1", ""), "02-second")
    report = verify(folder)
    assert report.failures == ['02-second.md:3: the card lacks "minutes"']
    assert report.checked == 1
    assert not report.ok


def test_two_lessons_of_one_number_are_caught(good, write):
    write(good, "01-first")
    assert "01-first.md has the same number" in failures(write(good, "01-second"))


def test_no_lesson_at_all_is_no_success(tmp_path):
    assert "there is no lesson" in failures(tmp_path)


def test_an_order_that_nobody_makes_is_caught(good, write):
    text = good.replace("expect sq.local=1", "expect r2 after r1")
    text = text.replace("# `nop -> r1`", "Two.").replace('"published"', '"published it"')
    assert "the order of completions is promised only where" in failures(write(text))


# -- leaks ------------------------------------------------------------------------------


def leaking(leak):
    class Leaking(Session):
        def close(self):
            super().close()
            leak(self)

    return Leaking


def test_an_fd_that_is_left_open_is_caught(good, write):
    left = []
    found = failures(
        write(good), make_session=leaking(lambda _s: left.append(os.open("/dev/null", os.O_RDONLY)))
    )
    for fd in left:
        os.close(fd)
    assert f"fd {left[0]} (/dev/null) was left open" in found


def test_a_ring_that_is_left_mapped_is_caught(good, write):
    class Forgetful(Session):
        kept: list = []  # noqa: RUF012 - it keeps what the test closes

        def close_ring(self, thing):
            self.kept.append(thing)

    found = failures(write(good), make_session=Forgetful)
    for thing in Forgetful.kept:
        thing.ring.close()
    assert "mappings of rings were left" in found
    assert "io_uring" in found


def test_a_scratch_directory_that_is_left_is_caught(good, write):
    found = failures(write(good), make_session=leaking(lambda s: s.scratch.path.mkdir()))
    lines = [line for line in found.splitlines() if "the scratch directory" in line]
    assert lines
    for line in lines:
        Path(line.split("the scratch directory ")[1].split(" was left")[0]).rmdir()


def test_a_child_process_that_is_left_is_caught(good, write):
    children = []

    def leak(_session):
        if not children:
            children.append(os.posix_spawn("/bin/sleep", ["sleep", "60"], {}))

    found = failures(write(good), make_session=leaking(leak))
    os.kill(children[0], signal.SIGKILL)
    os.waitpid(children[0], 0)
    assert f"the process {children[0]} was left" in found


# -- needs, repeats, waits -----------------------------------------------------------------


def test_what_this_kernel_lacks_skips_a_lesson_and_says_why(good, write, monkeypatch):
    monkeypatch.setattr(needs, "kernel_opcodes", frozenset)
    report = verify(write(good))
    assert report.skips == [("01-small", "this kernel has no NOP (it came with Linux 5.1)")]
    assert (report.checked, report.failures) == (0, [])


def test_a_repeat_finds_what_fails_only_sometimes(good, write):
    sessions = []

    class Moody(Session):
        def __init__(self):
            super().__init__()
            sessions.append(self)
            # A run takes three: for the steps, for the wrong, for the example.
            if len(sessions) == 7:
                self.run("ring new r0")

    folder = write(good)
    assert verify(folder, repeat=2, make_session=Moody).ok
    sessions.clear()
    report = verify(folder, repeat=50, make_session=Moody)
    assert "the setup does not run" in "\n".join(report.failures)
    assert report.checked == 1
    assert len(sessions) == 9


def test_a_wait_without_end_is_given_up_and_named(good, write):
    text = good.replace("solution\npublish\n", "solution\nwait 1\n")
    before = signal.getsignal(signal.SIGURG)
    report = verify(write(text), seconds=0.3)
    assert any("the solution does not run: wait 1: gave up waiting" in f for f in report.failures)
    assert signal.getsignal(signal.SIGURG) == before
    assert not [t for t in threading.enumerate() if t.name == "uringlab-watchdog"]


def test_a_wanted_lesson_that_does_not_exist_is_an_error(good, write):
    with pytest.raises(LookupError, match='no lesson "9"'):
        verify(write(good), only=["9"])


def test_a_step_has_a_setup_of_its_own_that_later_steps_build_on(good, write):
    text = good.replace("## Publish it\n", "## Publish it\n\n```uring setup\nnop -> r2\n```\n")
    text = text.replace(
        "expect sq.tail=1\n```\n\n```uring hint\nPublish",
        "expect sq.tail=2\n```\n\n```uring hint\nPublish",
    )
    assert failures(write(text)) == ""


def test_calls_of_an_earlier_step_do_not_count_in_a_later_one(good, write):
    text = good.replace("solution\nnop -> r1\n", "solution\nnop -> r1\nenter 7\n")
    text = text.replace(
        "# it is published\n",
        "# you entered\nexpect call io_uring_enter to_submit=7\n# it is published\n",
    )
    assert "the goal “you entered” does not hold after the solution" in failures(write(text))
    done = text.replace("solution\npublish\n", "solution\nenter 7\npublish\n")
    assert failures(write(done)) == ""
