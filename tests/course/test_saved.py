"""What a learner did in a lesson can be saved, and passes as a script."""

import pytest

from uringlab.course.library import all_lessons
from uringlab.lab import LineError, Session
from uringlab.lab.script import statements

LESSONS = all_lessons()


@pytest.mark.parametrize("lesson", LESSONS, ids=[one.id for one in LESSONS])
def test_a_solved_lesson_saved_is_a_script_that_passes(lesson, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    script = list(lesson.setup)
    for step in lesson.steps:
        script += [*step.setup, *step.solution]
    with Session() as session:
        for line in script:
            try:
                session.run(line.text)
            except LineError:
                assert line.refused, line
        session.run("save solved.uring")
    with Session() as session:
        for _, line in statements((tmp_path / "solved.uring").read_text().splitlines()):
            session.run(line)
