"""What a run says: a table, a line for each target; and the same for programs, as JSON."""

from __future__ import annotations

import platform
from typing import TYPE_CHECKING, Any

from benchmarks.names import ALL, BUFFER, COLUMNS, EACH, LOOP, PUT, C

if TYPE_CHECKING:
    from collections.abc import Sequence

    from benchmarks.contender import Work
    from benchmarks.environment import Environment
    from benchmarks.results import Results

RATIOS = (
    (C, LOOP),
    (C, COLUMNS),
    (C, BUFFER),
    (LOOP, EACH),
    (LOOP, PUT),
)
"""Whose speed is divided by whose, a column each."""


def head(environment: Environment) -> list[str]:
    """What was compared, where."""
    flags = "SINGLE_ISSUER|DEFER_TASKRUN" if environment.flags else "none"
    return [
        f"Linux {platform.release()}, Python {platform.python_version()}, ring flags: {flags}",
        f"C: liburing {environment.liburing}",
        f"{EACH}, {PUT}: liburing {environment.pypi} from PyPI",
        *(f"  not {one}" for one in environment.broken),
        f"{LOOP}, {COLUMNS}: uringlab, reading every result",
        f"{BUFFER}: uringlab, results left in a buffer",
    ]


def times(results: Results) -> str:
    """Which time was meant."""
    meant = "processor time" if results.clock == "cpu" else "time on the wall"
    return (
        f"speeds are by {meant}; on the wall all took {results.disturbance():.2f} times "
        "its processor time"
    )


def table(results: Results) -> list[str]:
    """One row for each work: millions a second, then speeds divided: median [quartiles]."""
    titles = ["work", *(f"{name} M/s" for name in ALL), *(f"{a} / {b}" for a, b in RATIOS)]
    return aligned([titles, *(row(results, work) for work in results.taken)])


def row(results: Results, work: Work) -> list[str]:
    """One work."""
    return [
        str(work),
        *(f"{results.per_second(work, name) / 1e6:.2f}" for name in ALL),
        *(results.speed(work, name, than).text() for name, than in RATIOS),
    ]


def aligned(rows: Sequence[Sequence[str]]) -> list[str]:
    """Columns as wide as they must be: the first to the left, the others to the right."""
    widths = [max(map(len, column)) for column in zip(*rows, strict=True)]
    return [
        "  ".join(
            cell.rjust(width) if at else cell.ljust(width)
            for at, (cell, width) in enumerate(zip(cells, widths, strict=True))
        ).rstrip()
        for cells in rows
    ]


def text(environment: Environment, results: Results) -> str:
    """All of it."""
    return "\n".join(
        [
            *head(environment),
            times(results),
            "",
            *table(results),
            "",
            *(verdict.text() for verdict in results.verdicts()),
        ]
    )


def as_json(environment: Environment, results: Results) -> dict[str, Any]:
    """All of it, with every round."""
    return {
        "kernel": platform.release(),
        "python": platform.python_version(),
        "environment": environment._asdict(),
        "clock": results.clock,
        "works": [
            {
                "kind": work.kind,
                "batch": work.batch,
                "ns_per_request": {
                    name: [cost._asdict() for cost in costs] for name, costs in taken.items()
                },
                "ratios": {
                    f"{name} / {than}": results.speed(work, name, than)._asdict()
                    for name, than in RATIOS
                },
            }
            for work, taken in results.taken.items()
        ],
        "import_ms": {
            "rounds": [cost._asdict() for cost in results.imports],
            **results.import_ms()._asdict(),
        },
        "verdicts": [
            {
                "name": verdict.target.name,
                "bound": verdict.target.bound,
                "at_least": verdict.target.at_least,
                **verdict.reached._asdict(),
                "met": verdict.met,
                "out_of_reach": verdict.out_of_reach,
            }
            for verdict in results.verdicts()
        ],
    }
