"""What the README shows is what happens."""

import re
from pathlib import Path

import pytest

TOP = Path(__file__).parent.parent
CODE = re.findall(r"```python\n(.*?)```", (TOP / "README.md").read_text(), re.DOTALL)


@pytest.mark.parametrize("code", CODE, ids=[f"block {at}" for at in range(len(CODE))])
def test_the_python_of_the_readme_runs_and_says_something(code, monkeypatch, capsys):
    monkeypatch.chdir(TOP)
    exec(code, {})  # noqa: S102 (our own README)
    assert capsys.readouterr().out


def test_the_readme_has_python_in_it():
    assert len(CODE) > 3


def test_every_file_that_the_readme_links_to_is_there():
    links = re.findall(r"\]\(((?!http|#)[^)#]+)", (TOP / "README.md").read_text())
    assert links
    for link in links:
        assert (TOP / link).exists(), link
