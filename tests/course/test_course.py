"""A learner's way through lessons, with all the turns that learners take."""

from __future__ import annotations

import json
import threading

import pytest

from uringlab.course import Course, LessonError, Progress, all_lessons, find
from uringlab.course.verify import Report
from uringlab.lab import LineError, Session


class Learner:
    """Types lines as a front end would pass them on."""

    def __init__(self, session: Session, course: Course) -> None:
        self.session = session
        self.course = course
        self.said: list = []

    def __call__(self, *lines: str) -> str:
        """What was answered to the last line, as text."""
        replies = []
        for line in lines:
            replies = []
            try:
                replies += self.session.run(line)
            except LineError as error:
                replies.append(
                    type("Refused", (), {"text": error.short(), "json": {"type": "error"}})
                )
            replies += self.course.after_line()
        self.said = replies
        return "\n".join(one.text for one in replies)

    def kinds(self) -> list[str]:
        return [one.json["type"] for one in self.said]


@pytest.fixture
def lessons(good, parse):
    return (parse(good),)


@pytest.fixture
def course(session, progress, lessons):
    return Course(session, progress=progress, lessons=lessons)


@pytest.fixture
def learner(session, course):
    return Learner(session, course)


# -- nothing open ----------------------------------------------------------------------


def test_without_a_lesson_nothing_is_drawn_and_nothing_is_said(course, learner):
    assert (course.lesson, course.step, course.goal_states) == (None, None, [])
    assert (
        learner("nop", "publish") == "1 published: the kernel can see 1, and looks when you enter"
    )
    assert not course.finished
    assert course.tick() == []


@pytest.mark.parametrize("verb", ["check", "hint", "solution", "next"])
def test_without_a_lesson_its_verbs_say_how_to_open_one(learner, verb):
    assert learner(verb) == "no lesson is open   try: learn"


# -- through a lesson ------------------------------------------------------------------


def test_a_lesson_starts_with_a_fresh_session_its_setup_and_its_text(session, course, learner):
    learner("ring new mine", "nop")
    text = learner("learn 1")
    assert "An introduction." in text
    assert "Step 1 of 2: Stage one" in text
    assert "mine" not in session.names
    assert [one.name for one in session.rings()] == ["r0"]
    assert (course.lesson.id, course.step_index, course.step.title) == ("01-small", 0, "Stage one")
    assert course.goal_states == [("one SQE is staged", False), ("the local tail moved", False)]


def test_the_page_is_there_as_markdown_too(course, learner):
    learner("learn 1")
    page = course.page().json
    assert page["markdown"].startswith("An introduction.")
    assert "## Stage one" in page["markdown"]
    assert page["goals"] == ["one SQE is staged", "the local tail moved"]
    assert (page["lesson"], page["step"]) == ("01-small", 1)


def test_goals_are_told_when_they_are_reached_and_a_solved_step_tells_why(course, learner):
    learner("learn 1")
    text = learner("nop -> r1")
    assert "✔ one SQE is staged" in text
    assert "It was staged." in text
    assert "Go on when you like: next" in text
    assert learner.kinds() == ["note", "goal", "goal", "solved", "why", "onward"]
    assert course.solved
    assert not course.finished


def test_nothing_advances_by_itself(course, learner):
    learner("learn 1", "nop -> r1", "publish", "enter", "reap")
    assert course.step_index == 0
    assert course.goal_states == [("one SQE is staged", True), ("the local tail moved", True)]


def test_next_goes_on_in_the_same_session(session, course, learner):
    learner("learn 1", "nop -> r1")
    text = learner("next")
    assert "Step 2 of 2: Publish it" in text
    assert "An introduction." not in text
    assert (course.step_index, course.solved) == (1, False)
    assert session.names["r1"].request.state == "staged"


def test_next_is_refused_while_goals_are_open(course, learner):
    learner("learn 1")
    assert learner("next") == "2 of 2 goals are not reached yet   try: hint"
    assert course.step_index == 0


def test_after_the_last_step_a_lesson_is_complete(course, learner, progress):
    learner("learn 1", "nop -> r1", "next")
    text = learner("publish")
    assert "Do more." in text
    assert "Lesson 1 is complete." in text
    assert learner.kinds()[-3:] == ["why", "further", "onward"]
    assert course.finished
    assert Progress(progress.path).of("01-small").completed
    assert "last lesson" in learner("next")


def test_next_after_the_last_step_starts_the_next_lesson(session, progress, good, tmp_path):
    from uringlab.course.parse import parse_lesson

    lessons = [
        parse_lesson(good.replace("01-small", one), tmp_path / f"{one}.md")
        for one in ("01-first", "02-second", "03-third")
    ]
    course = Course(session, progress=progress, lessons=lessons)
    learner = Learner(session, course)
    learner("learn first", "nop -> r1", "next")
    assert "Lesson 2, Small: next" in learner("publish")
    learner("next")
    assert (course.lesson.id, course.step_index) == ("02-second", 0)
    assert "r1" not in session.names


def test_a_goal_that_is_lost_again_is_told(good, parse, session, progress):
    lesson = parse(
        good.replace("# the local tail moved", "# enter\nexpect call io_uring_enter\n# x")
    )
    course = Course(session, progress=progress, lessons=[lesson])
    learner = Learner(session, course)
    learner("learn 1", "nop -> r1")
    assert course.goal_states[0][1] is True
    assert "✘ no longer so: one SQE is staged" in learner("publish")
    assert course.goal_states[0][1] is False


def test_a_timer_sees_what_the_kernel_did_meanwhile(good, parse, session, progress):
    text = good.replace("expect sq.staged=1", "expect cq.ready=1").replace(
        '"wait"', '"wait", "timeout"'
    )
    course = Course(session, progress=progress, lessons=[parse(text)])
    learner = Learner(session, course)
    learner("learn 1", "timeout 20ms", "submit")
    assert course.goal_states[0][1] is False
    session.run("sleep 100ms")
    assert [one.json["type"] for one in course.tick()][:2] == ["goal", "solved"]
    assert course.tick() == []


# -- mistakes --------------------------------------------------------------------------


def test_a_mistake_is_recognised_once_and_its_message_stays(course, learner):
    learner("learn 1")
    text = learner("nop; publish")
    assert "You published it. Type reset." in text
    assert "wrong" in learner.kinds()
    assert course.message == "You published it. Type reset."
    assert "You published it" not in learner("show sq")
    assert course.message == "You published it. Type reset."


def test_a_mistake_in_a_line_that_fails_is_recognised_too(course, learner):
    learner("learn 1")
    text = learner("nop; publish; ring new r0")
    assert "r0" in text
    assert "You published it." in text


def test_reset_takes_back_to_the_start_of_the_step(session, course, learner):
    learner("learn 1", "nop -> r1", "next", "publish", "enter", "ring close")
    text = learner("reset")
    assert "back at the start of this step" in text
    assert (course.step_index, course.solved, course.message) == (1, False, "")
    assert session.names["r1"].request.state == "staged"
    assert [one.name for one in session.rings()] == ["r0"]


def test_reset_without_a_lesson_is_only_a_reset(session, learner):
    learner("nop")
    assert learner("reset") == "everything is closed and removed; a new session begins"
    assert session.rings() == []


def test_the_lines_spent_are_told_without_those_of_the_course(course, learner):
    learner("learn 1", "check", "hint", "learn", "show sq")
    text = learner("nop -> r1")
    assert "Solved in 2 lines, 1 hint. Ours takes 1 line." in text
    assert course.spent == 2


# -- the verbs -------------------------------------------------------------------------


def test_check_says_what_is_in_the_way(learner):
    learner("learn 1")
    text = learner("check")
    assert "Lesson 1, step 1 of 2: Stage one" in text
    assert "[ ] one SQE is staged\n      expected sq.staged=1, but it is 0" in text
    assert "reset: back to the start" in text
    learner("nop -> r1")
    text = learner("check")
    assert "[x] one SQE is staged" in text
    assert "next" in text


def test_hints_open_one_at_a_time(course, learner, progress):
    learner("learn 1")
    assert learner("hint") == "Hint 1 of 2: What stages?"
    assert course.hints_shown == 1
    assert learner("hint") == "Hint 2 of 2: `nop -> r1`"
    assert learner("hint") == "all hints of this step are open   try: solution"
    assert (course.hints_shown, progress.of("01-small").hints) == (2, 2)
    learner("nop -> r1", "next")
    assert course.hints_shown == 0


def test_the_solution_is_shown_and_not_run(session, course, learner):
    learner("learn 1")
    assert "    nop -> r1" in learner("solution")
    assert "r1" not in session.names
    assert not course.solved


def test_learn_shows_the_open_step_again_and_touches_nothing(session, course, learner):
    learner("learn 1", "nop -> r1")
    log = session.log
    assert "Stage a NOP." in learner("learn")
    assert session.log is log
    assert course.solved


def test_learn_list_shows_what_was_done(course, learner):
    assert "> [ ]  1  Small  (1 min)" in learner("learn list")
    learner("learn 1", "nop -> r1")
    assert "> [-]  1  Small" in learner("learn list")
    learner("next", "publish")
    assert "> [x]  1  Small" in learner("learn list")


def test_learn_goes_on_where_the_learner_stopped(learner, session, progress, lessons):
    learner("learn 1", "nop -> r1")
    with Session() as later:
        course = Course(later, progress=Progress(progress.path), lessons=lessons)
        again = Learner(later, course)
        text = again("learn")
        assert "from step 2 on" in text
        assert course.step_index == 1
        assert later.names["r1"].request.state == "staged"
        assert "✔ it is published" in again("publish")


def test_a_lesson_can_be_started_at_any_step(course, learner):
    learner("learn 1 step=2")
    assert course.step_index == 1
    learner("learn 1 step=1")
    assert course.step_index == 0
    learner("learn step=2")
    assert course.step_index == 1
    assert learner("learn 1 step=3").startswith("lesson 1 has 2 steps")
    assert course.step_index == 1


def test_a_lesson_that_was_completed_starts_from_its_beginning(course, learner, progress):
    progress.step_done("01-small", 0, of=2)
    progress.step_done("01-small", 1, of=2)
    learner("learn 1")
    assert course.step_index == 0
    assert course.where_stopped() is None


def test_a_lesson_that_does_not_exist_changes_nothing(session, course, learner):
    learner("learn 1", "nop -> r1")
    assert (
        learner("learn smell")
        == 'no lesson "smell". Did you mean "small"? They go from 1 to 1   try: learn list'
    )
    assert course.lesson.id == "01-small"
    assert "r1" in session.names


def test_the_verbs_are_in_help_and_in_completion(session, course):
    assert "learn [LESSON]" in session("help learn")
    assert "lessons" in session("help")
    param = session.table.find("learn").param("lesson")
    assert param.value.options() == {"list": "all lessons", "01-small": "Small"}


def test_every_example_of_a_verb_parses(session, course):
    from uringlab.lab.parser import parse_line

    mine = [spec for spec in session.table if spec.group == "lessons"]
    assert {spec.name for spec in mine} == {"learn", "check", "hint", "solution", "next"}
    for spec in mine:
        assert parse_line(spec.example, session.table)


def test_the_verbs_outlive_a_reset(session, course, learner):
    learner("reset")
    assert session.table.find("learn") is not None
    assert "Small" in learner("learn 1")


# -- what can go wrong -----------------------------------------------------------------


def test_a_lesson_that_this_kernel_cannot_run_says_why_and_changes_nothing(
    learner, session, monkeypatch
):
    from uringlab.course import needs

    learner("ring new mine")
    monkeypatch.setattr(needs, "kernel_opcodes", frozenset)
    assert "lesson 1 cannot run here: this kernel has no NOP" in learner("learn 1")
    assert "mine" in session.names


def test_a_setup_that_fails_is_told(good, parse, session, progress):
    lesson = parse(good.replace("ring new r0 entries=4", "ring new r0 entries=0"))
    learner = Learner(session, Course(session, progress=progress, lessons=[lesson]))
    assert "the lesson could not be set up" in learner("learn 1")
    assert learner.course.lesson is None


def test_a_damaged_file_of_progress_is_told_once(session, progress, lessons):
    progress.path.write_text("{")
    learner = Learner(session, Course(session, progress=Progress(progress.path), lessons=lessons))
    assert "was damaged" in learner("learn 1")
    assert "was damaged" not in learner("learn 1")


def test_a_library_that_is_not_well_written_is_an_error_of_the_line(session, progress, monkeypatch):
    from uringlab.course import course as module

    def broken():
        raise LessonError("01-x.md", 3, "the card lacks an id")

    monkeypatch.setattr(module, "all_lessons", broken)
    learner = Learner(session, Course(session, progress=progress))
    assert "01-x.md:3: the card lacks an id" in learner("learn")
    assert session.table.find("learn").param("lesson").value.options() == {"list": "all lessons"}


def test_replies_are_plain_json(learner):
    for line in (
        "learn 1",
        "hint",
        "nop; publish",
        "check",
        "reset",
        "nop -> r1",
        "next",
        "publish",
    ):
        learner(line)
        for one in learner.said:
            json.dumps(one.json)


def test_another_thread_may_read_what_is_drawn_at_any_time(course, learner):
    stop, errors = threading.Event(), []

    def draw():
        while not stop.is_set():
            try:
                step, states = course.step, course.goal_states
                assert step is None or states
            except Exception as error:  # noqa: BLE001 - whatever it is, it must not be
                errors.append(error)
                return

    thread = threading.Thread(target=draw)
    thread.start()
    for _ in range(8):
        learner("learn 1 step=1", "nop -> r1", "next", "publish", "learn 1 step=2")
    stop.set()
    thread.join()
    assert errors == []


# -- the real lessons, played ----------------------------------------------------------


@pytest.mark.parametrize("lesson", all_lessons(), ids=lambda lesson: lesson.id)
def test_whoever_types_the_solutions_completes_the_lesson(session, progress, lesson):
    course = Course(session, progress=progress)
    learner = Learner(session, course)
    learner(f"learn {lesson.number}")
    for at in range(len(lesson.steps)):
        assert course.step_index == at
        for line in lesson.steps[at].solution:
            assert not course.solved or line is not lesson.steps[at].solution[0]
            learner(line.text)
        assert course.solved
        if at + 1 < len(lesson.steps):
            learner("next")
    assert course.finished
    assert Progress(progress.path).of(lesson.id).completed


@pytest.mark.parametrize("lesson", all_lessons(), ids=lambda lesson: lesson.id)
def test_whoever_makes_a_mistake_is_told_and_can_go_back_and_solve_it(session, progress, lesson):
    course = Course(session, progress=progress)
    learner = Learner(session, course)
    for at, step in enumerate(lesson.steps):
        for wrong in step.wrongs:
            learner(f"learn {lesson.number} step={at + 1}")
            # On one line: line by line, some mistakes pass through the solved state.
            learner("; ".join(line.text for line in wrong.script))
            assert course.message == wrong.message
            assert not course.solved
            learner("reset")
            assert course.message == ""
            learner(*(line.text for line in step.solution))
            assert course.solved


def test_the_package_gives_what_a_front_end_needs():
    assert find("1").id == all_lessons()[0].id
    assert Report().ok
