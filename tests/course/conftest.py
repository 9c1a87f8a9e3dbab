"""Small lessons, written by the tests themselves."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

from uringlab.course.parse import parse_lesson
from uringlab.course.progress import Progress
from uringlab.lab import Session

CARD = """\
```toml lesson
id = "{id}"
title = "Small"
needs = ["NOP"]
teaches = ["nop", "publish", "enter", "reap", "do", "ring new", "repeat", "wait"]
minutes = 1
```
"""

GOOD = (
    "# Small\n\n"
    + CARD
    + """
An introduction.

```uring setup
ring new r0 entries=4
```

```uring example
do nop -> r9
expect r9 res=0
```

## Stage one

Stage a NOP.

```uring goal
# one SQE
# is staged
expect sq.staged=1
# the local tail moved

expect sq.local=1
```

```uring hint
What stages?
```

```uring hint
# `nop -> r1`
```

```uring solution
nop -> r1
```

```uring wrong "published"
nop
publish
# You published it.
# Type reset.
expect sq.tail=1
```

### Why it worked

It was staged.

## Publish it

```uring goal
# it is published
expect sq.tail=1
```

```uring hint
Publish.
```

```uring solution
publish
```

### Why it worked

It was published.

## Go further

Do more.
"""
)


@pytest.fixture(autouse=True)
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """No test writes into the real state folder."""
    state = tmp_path / "state"
    monkeypatch.setenv("XDG_STATE_HOME", str(state))
    return state


@pytest.fixture
def session() -> Iterator[Session]:
    with Session() as one:
        yield one


@pytest.fixture
def progress(tmp_path: Path) -> Progress:
    return Progress(tmp_path / "progress.json")


@pytest.fixture
def good() -> str:
    """The text of a lesson that is well written; `{id}` is its id."""
    return GOOD.replace("{id}", "01-small")


@pytest.fixture
def parse(tmp_path: Path):
    """Parse a text as if it were the file 01-small.md."""
    return lambda text: parse_lesson(text, tmp_path / "01-small.md")


@pytest.fixture
def write(tmp_path: Path) -> Callable[..., Path]:
    """Write lessons into a folder of their own; gives the folder."""

    def writer(text: str, name: str = "01-small") -> Path:
        folder = tmp_path / "lessons"
        folder.mkdir(exist_ok=True)
        (folder / f"{name}.md").write_text(text.replace("01-small", name), encoding="utf-8")
        return folder

    return writer
