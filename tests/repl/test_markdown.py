"""Lessons in a terminal: the marks become styles, and code is left as it is."""

from uringlab.repl.markdown import marked


def test_marks_become_styles():
    found = marked("Type `do nop`: it is **all** steps, *one\nby one*.", "class:lesson")
    assert "".join(text for _, text, *_ in found) == ("Type do nop: it is all steps, one\nby one.")
    styled = {text: style.split()[-1] for style, text, *_ in found if " " in style}
    assert styled == {
        "do nop": "class:code",
        "all": "class:strong",
        "one\nby one": "class:stress",
    }


def test_code_and_what_only_looks_like_a_mark_stay():
    text = "2 * 3 * 4, a*b*c, one ` alone\n\n    `in C` **is not** it\n\nend"
    assert "".join(text for _, text, *_ in marked(text, "")) == text
