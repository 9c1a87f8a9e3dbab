"""`python -m fuzz.guided parser|session LINES SEED [OPTION…]`: one run guided by coverage.

Atheris (libFuzzer) keeps what reaches new code and changes it further; the changes are made by
the grammar, token by token. It ends after so many lines with one line of JSON on standard output.
"""

from __future__ import annotations

import sys
import tempfile
from pathlib import Path
from random import Random
from typing import TYPE_CHECKING

import atheris

from fuzz.everything import import_everything, unseen

_HIDDEN = unseen(sys.argv[1]) if sys.argv[1:] else []
with atheris.instrument_imports(["uringlab"], _HIDDEN, enable_loader_override=False):
    import_everything()
    from fuzz.grammar import Grammar
    from fuzz.seeds import examples, scripts
    from fuzz.targets import TARGETS, Run
    from uringlab.lab.verbs import standard_table

if TYPE_CHECKING:
    from collections.abc import Sequence

FULL_OF_ITS_OWN = "-rss_limit_mb=0", "-timeout=600", "-handle_xfsz=0"
"""What the session looks after itself: its memory, hangs, and files that get too large."""


class Mutator:
    """Changes scripts by the grammar, and sometimes as libFuzzer would: byte by byte."""

    def __init__(self, grammar: Grammar, most: int) -> None:
        """Scripts of so many lines at most."""
        self._grammar = grammar
        self._most = most

    def __call__(self, data: bytes, max_size: int, seed: int) -> bytes:
        """Change it: the same seed, the same change."""
        grammar = self._grammar
        grammar.random = random = Random(seed)
        if random.randrange(10) == 0:
            return bytes(atheris.Mutate(data, max_size))
        lines = data.decode(errors="surrogateescape").split("\n")
        at = random.randrange(len(lines))
        match random.randrange(6):
            case 0 if len(lines) < self._most:
                lines.insert(at, grammar.line())
            case 1 if len(lines) > 1:
                del lines[at]
            case 2:
                lines[at] = grammar.line()
            case _:
                lines[at] = grammar.mutate(lines[at])
        return encoded("\n".join(lines))[:max_size]


def encoded(text: str) -> bytes:
    """As bytes; half characters as the bytes they would have."""
    return text.encode(errors="surrogatepass")


def corpus(folder: Path, most: int) -> Grammar:
    """Write what to begin with, and learn from it."""
    table = standard_table()
    grammar = Grammar(table, Random(0))
    lines = [[line] for line in examples(table)]
    for script in scripts(table):
        for line in script:
            grammar.learn(line)
        lines += [script[at : at + most] for at in range(0, len(script), most)]
    for number, script in enumerate(lines):
        (folder / str(number)).write_bytes(encoded("\n".join(script)))
    return grammar


def main(given: Sequence[str]) -> None:
    """Fuzz. It does not return: it ends the process, with 0 when nothing was found."""
    name, lines, seed, *options = given
    with tempfile.TemporaryDirectory() as folder:
        target = TARGETS[name]()
        run = Run(target, int(lines))
        mutator = Mutator(corpus(Path(folder), target.most), target.most)
        argv = [
            *("fuzz", f"-seed={seed}", "-max_len=2000", "-mutate_depth=2", "-len_control=0"),
            *FULL_OF_ITS_OWN,
            # What is found is told line by line: a single input says little of a session.
            f"-artifact_prefix={folder}/found-",
            *options,
            folder,
        ]
        atheris.Setup(argv, run.one, custom_mutator=mutator)
        atheris.Fuzz()


if __name__ == "__main__":
    main(sys.argv[1:])
