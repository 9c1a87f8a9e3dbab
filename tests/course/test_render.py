from __future__ import annotations

import pytest

from uringlab.course import all_lessons
from uringlab.course.render import plain, render_step


def test_words_are_wrapped_to_the_width():
    text = plain("word " * 40, 30)
    assert all(len(line) <= 30 for line in text.splitlines())
    assert text.split() == ["word"] * 40


def test_code_in_a_line_is_not_broken_over_two():
    text = plain("some words before it `ring new r0 entries=8` and after", 40)
    assert "`ring new r0 entries=8`" in text


def test_code_that_fits_on_no_line_is_broken_all_the_same():
    text = plain("`" + "very long code " * 5 + "`", 30)
    assert all(len(line) <= 30 for line in text.splitlines())


def test_a_code_fence_is_indented_and_left_as_it_is():
    text = plain("a\n\n```c\nint  x;\n\nx = 1;   /* one */\n```\n\nb", 20)
    assert text == "a\n\n    int  x;\n\n    x = 1;   /* one */\n\nb"


def test_bold_and_code_keep_their_marks_and_links_their_words():
    assert plain("**yes** `nop` *so* [the page](http://x/y)") == "**yes** `nop` *so* the page"


def test_headings_are_underlined():
    assert plain("# One\n\n## Two\n\n### Three") == "One\n===\n\nTwo\n---\n\nThree"


def test_lists_keep_their_marks_and_hang():
    assert plain("- one two three four five\n- six", 20) == "- one two three four\n  five\n- six"
    assert plain("3. a\n4. b") == "3. a\n4. b"
    assert plain("- a\n\n  b\n- c") == "- a\n\n  b\n\n- c"
    assert plain("- a\n  - b\n- c") == "- a\n\n  - b\n- c"


def test_quotes_and_rules_and_comments():
    assert plain("> said\n> so") == "| said so"
    assert plain("a\n\n---\n\nb", 10) == "a\n\n----------\n\nb"
    assert plain("a\n\n<!-- for authors -->\n\nb") == "a\n\nb"


def test_a_table_has_columns():
    text = plain("| byte | word |\n|---|---|\n| 0 | SQ head |\n| 12 | x |")
    assert text.splitlines() == ["byte  word", "----  -------", "0     SQ head", "12    x"]


def test_an_empty_text_is_empty():
    assert plain("") == ""


@pytest.mark.parametrize("lesson", all_lessons(), ids=lambda lesson: lesson.id)
@pytest.mark.parametrize("width", [40, 80, 120])
def test_every_real_lesson_fits_the_width_where_it_is_prose(lesson, width):
    for at, step in enumerate(lesson.steps):
        text = render_step(lesson, at, width)
        assert step.title in text
        assert ("Lesson" in text) == (at == 0)
        assert all(goal.text.split()[0] in text for goal in step.goals)
        for line in text.splitlines():
            assert (
                len(line) <= width
                or line.startswith("    ")
                or "  " in line
                or set(line) <= {"-", "="}
                or "Step" in line
            )
