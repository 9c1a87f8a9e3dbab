from __future__ import annotations

import pytest

from uringlab.course.lesson import LessonError


def test_a_lesson_is_read_with_all_its_parts(good, parse):
    lesson = parse(good)
    assert (lesson.id, lesson.number, lesson.title) == ("01-small", 1, "Small")
    assert (lesson.needs, lesson.minutes) == (("NOP",), 1)
    assert [line.text for line in lesson.setup] == ["ring new r0 entries=4"]
    assert [step.title for step in lesson.steps] == ["Stage one", "Publish it"]
    assert lesson.further == "Do more."
    assert len(lesson.examples) == 1


def test_the_comments_of_a_goal_are_its_text_and_the_expectations_its_check(good, parse):
    first, second = parse(good).steps[0].goals
    assert first.text == "one SQE is staged"
    assert [line.text for line in first.checks] == ["expect sq.staged=1"]
    assert second.text == "the local tail moved"
    assert [line.text for line in second.checks] == ["expect sq.local=1"]


def test_a_wrong_has_a_script_a_message_and_what_it_is_recognised_by(good, parse):
    (wrong,) = parse(good).steps[0].wrongs
    assert wrong.title == "published"
    assert [line.text for line in wrong.script] == ["nop", "publish"]
    assert wrong.message == "You published it. Type reset."
    assert [line.text for line in wrong.recognise] == ["expect sq.tail=1"]


def test_the_text_of_a_hint_is_prose_with_or_without_comment_signs(good, parse):
    assert parse(good).steps[0].hints == ("What stages?", "`nop -> r1`")


def test_prose_keeps_examples_and_leaves_out_what_has_another_role(good, parse):
    lesson = parse(good)
    assert "```uring\ndo nop -> r9\nexpect r9 res=0\n```" in lesson.intro
    assert "ring new r0" not in lesson.intro
    assert lesson.intro.startswith("An introduction.")
    assert lesson.steps[0].prose == "Stage a NOP."
    assert lesson.steps[0].why == "It was staged."


def test_lines_know_where_they_stand_in_the_file(good, parse):
    lesson = parse(good)
    for script in lesson.scripts():
        for line in script:
            assert good.splitlines()[line.number - 1].strip() == line.text


def test_other_fences_are_prose(good, parse):
    text = good.replace("It was staged.", "```c\nio_uring_submit(&ring);\n```")
    assert "io_uring_submit" in parse(text).steps[0].why


def test_a_line_whose_comment_says_refused_is_to_fail(good, parse):
    text = good.replace("solution\npublish\n", "solution\npublish  # refused: why\n")
    assert text.count("# refused") == 1
    lesson = parse(text)
    assert [line.refused for line in lesson.steps[1].solution] == [True]
    assert [line.refused for line in lesson.steps[0].solution] == [False]


def test_a_hash_in_a_string_is_no_comment(good, parse):
    text = good.replace("ring new r0 entries=4", 'file f "# refused" text="# refused"')
    assert parse(text).setup[0].refused is False


ERRORS = [
    # what is replaced, by what, what the line of the error then says, the message
    ("```toml lesson", "```toml", "```toml", "the first fence must be the card"),
    ("minutes = 1", "minutes = ", "```toml", "the card is not TOML"),
    ("minutes = 1", "minute = 1", "```toml", 'the card has no "minute". Did you mean "minutes"?'),
    ("minutes = 1\n", "", "```toml", 'the card lacks "minutes"'),
    ("minutes = 1", 'minutes = "1"', "```toml", "minutes in the card must be of type int"),
    ("minutes = 1", "minutes = true", "```toml", "minutes in the card must be of type int"),
    ('needs = ["NOP"]', "needs = [1]", "```toml", "needs in the card must be a list of strings"),
    ('["NOP"]', '["NAP"]', "```toml", 'no opcode, feature or setup flag is called "NAP"'),
    ('"publish", ', '"pubish", ', "```toml", 'no verb, opcode or flag is called "pubish"'),
    ('"01-small"', '"1-small"', "```toml", "expected NN-name, as in 04-two-tails"),
    ('"01-small"', '"01-other"', "```toml", "must be the file's name"),
    ("# Small", "# Big", "# Big", 'the heading is "Big"'),
    ("## Stage one", "# Stage one", "# Stage one", "a lesson has one # heading"),
    ("uring goal", "uring gaol", "uring gaol", 'no role "gaol". Did you mean "goal"?'),
    ("uring goal", "uring", "```uring", 'a fence has no role ""'),
    ("uring goal", "uring goal now", "uring goal now", 'nothing comes after "goal"'),
    ('wrong "published"', "wrong published", "wrong published", "a wrong has a title"),
    ("# one SQE\n# is staged\n", "", "expect sq.staged", "a goal begins with a comment"),
    ("expect sq.local=1\n", "", "uring goal", '"the local tail moved" has no expect line'),
    ("expect sq.local=1", "show sq", "show sq", "a goal is checked by expect lines only"),
    ("expect sq.local=1", "expect sq.local=1; nop", "; nop", "expect stands on a line of its own"),
    ("expect sq.local=1", "expect", "expect", "expect what?"),
    ("nop -> r1\n```", "nap -> r1\n```", "nap -> r1", 'no command "nap". Did you mean "nop"?'),
    ("# `nop -> r1`", "# `nop -> r1 r2`", "r1 r2", "after -> comes one name"),
    ("What stages?", "", "```uring hint", "this hint is empty"),
    ("# You published it.\n# Type reset.\n", "", "wrong", "lacks a comment: what the learner is"),
    ("expect sq.tail=1\n```\n\n### Why", "```\n\n### Why", "wrong", "lacks an expect line"),
    ("nop\npublish\n# You", "# You", "wrong", "lacks lines that make the mistake"),
    ("```uring hint\nPublish.\n```", "", "## Publish it", '"Publish it" has no hint'),
    ("```uring solution\npublish\n```", "", "## Publish it", '"Publish it" has no solution'),
    ("publish\n```\n\n### Why", "# publish\n```\n\n### Why", "solution", "this solution is empty"),
    ("# it is published\nexpect sq.tail=1\n", "", "uring goal", "this goal has no expect line"),
    ("### Why it worked\n\nIt was pub", "It was pub", "## Publish it", "is not followed by"),
    ("## Go further", "## Go furhter", "Go furhter", 'the step "Go furhter" has no goal'),
    ("Do more.", "Do more.\n\n## More", "## More", "“Go further” is the last section"),
    ("It was published.", "## Why it worked", "## Why", "“Why it worked” comes right after a"),
    ("Do more.", "```uring goal\n# x\nexpect sq.head=1\n```", "goal", "a goal belongs to a step"),
    ("An introduction.", "```uring hint\nx\n```", "uring hint", "a hint belongs to a step"),
    ("Do more.", "```uring example\ndo nop", "uring example", "this fence does not end"),
    ("Do more.", "- a\n\n  ```uring example\n  nop\n  ```", "example", "not in a list or a quote"),
    ("Do more.", "```toml lesson\n```", "```toml", "a second card"),
]


@pytest.mark.parametrize(("old", "new", "at", "message"), ERRORS, ids=[e[3][:40] for e in ERRORS])
def test_an_error_says_where_and_what_was_expected(good, parse, old, new, at, message):
    assert old in good
    text = good.replace(old, new, 1)
    with pytest.raises(LessonError) as caught:
        parse(text)
    assert message in caught.value.message
    name, line = caught.value.place.split(":")
    assert name == "01-small.md"
    assert at in text.splitlines()[int(line) - 1]
    assert str(caught.value) == f"{caught.value.place}: {caught.value.message}"


def test_a_lesson_without_steps_is_none(good, parse):
    with pytest.raises(LessonError, match="needs at least one step"):
        parse(good[: good.index("## Stage one")])
