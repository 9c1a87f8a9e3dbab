"""What the README shows is what happens."""

import re
from pathlib import Path

import pytest

TOP = Path(__file__).parent.parent
PAGES = ("README.md", "docs/recipes.md")
CODE = [
    pytest.param(code, id=f"{page} {at}")
    for page in PAGES
    for at, code in enumerate(
        re.findall(r"```python\n(.*?)```", (TOP / page).read_text(), re.DOTALL)
    )
]


@pytest.mark.parametrize("code", CODE)
def test_the_python_of_the_pages_runs_and_says_something(code, monkeypatch, capsys):
    monkeypatch.chdir(TOP)
    exec(code, {})  # noqa: S102 (our own pages)
    assert capsys.readouterr().out


def test_the_pages_have_python_in_them():
    assert len(CODE) > 15


@pytest.mark.parametrize("page", [*PAGES, "docs/json-lines.md", "CHANGELOG.md"])
def test_every_file_that_a_page_links_to_is_there(page):
    links = re.findall(r"\]\(((?!http|#)[^)#]+)", (TOP / page).read_text())
    assert links
    for link in links:
        assert ((TOP / page).parent / link).exists(), link
