"""`python -m fuzz.plain parser|session LINES SEED`: lines by the grammar alone.

Nobody sees where they lead, so they are made, and run, much faster than guided ones.
"""

from __future__ import annotations

import sys
from random import Random
from typing import TYPE_CHECKING

from fuzz.grammar import Grammar
from fuzz.seeds import scripts
from fuzz.targets import TARGETS, Run
from uringlab.lab.verbs import standard_table

if TYPE_CHECKING:
    from collections.abc import Sequence


def main(given: Sequence[str]) -> None:
    """Fuzz. It ends the process, with 0 when nothing was found."""
    name, lines, seed = given
    table = standard_table()
    grammar = Grammar(table, Random(int(seed)))
    for script in scripts(table):
        for line in script:
            grammar.learn(line)
    target = TARGETS[name]()
    run = Run(target, int(lines))
    while True:
        run.script(grammar.script(target.most))


if __name__ == "__main__":
    main(sys.argv[1:])
