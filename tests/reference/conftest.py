"""For the reference behaviours: every test that takes a ring runs on every kind of ring.

`ring` is one of eight slots, `make_ring(entries, flags=…, cq_entries=…)` makes others. Where a
behaviour makes no sense on a kind, the test or its file is marked `not_on(KIND="why")`; where it
is about one kind, `only_on("KIND", why="…")`. What ran on what is counted: test_census.py.
"""

from __future__ import annotations

import gc
import sys
from collections import defaultdict
from pathlib import Path

import pytest

from uringlab import IoUring, Params
from uringlab.core.buffers import memory_stats

sys.path.insert(0, str(Path(__file__).parent))
from ring_kinds import BY_NAME, claimed

CENSUS = "test_census.py"


class Census:
    """What is to be counted: kinds by file.

    Attributes:
        claims: the kinds that a file claims: all but what its own marks leave out.
        ran: the kinds on which at least one of its tests passed.
        skipped: the kinds on which one was skipped, and the reason.
        there, lacking: the kinds that this kernel has, and has not.
        left_out: whether some tests were not selected.
    """

    def __init__(self):
        self.claims = {}
        self.ran = defaultdict(set)
        self.skipped = defaultdict(dict)
        self.there = set()
        self.lacking = set()
        self.left_out = False


KEY = pytest.StashKey[Census]()


def pytest_configure(config):
    config.stash[KEY] = Census()
    config.addinivalue_line("markers", "not_on(KIND='why'): not on those kinds of rings")
    config.addinivalue_line("markers", "only_on('KIND', why='…'): on those kinds only")


def pytest_generate_tests(metafunc):
    if "ring_kind" in metafunc.fixturenames:
        kinds = claimed(metafunc.definition.iter_markers())
        metafunc.parametrize("ring_kind", [kind.name for kind in kinds], indirect=True)


def pytest_collection_modifyitems(config, items):
    here = Path(__file__).parent
    census = config.stash[KEY]
    for item in items:
        if item.path.parent == here and item.path.name != CENSUS:
            marks = getattr(item.module, "pytestmark", [])
            marks = marks if isinstance(marks, list) else [marks]
            census.claims[item.path.name] = {kind.name for kind in claimed(marks)}
    # The counting comes last.
    items.sort(key=lambda item: item.path == here / CENSUS)


def pytest_deselected(items):
    if items:
        items[0].config.stash[KEY].left_out = True


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(item, call):
    report = yield
    kind = getattr(item, "callspec", None) and item.callspec.params.get("ring_kind")
    census = item.config.stash[KEY]
    if kind and report.when == "call" and report.passed:
        census.ran[item.path.name].add(kind)
    if kind and report.skipped and isinstance(report.longrepr, tuple):
        census.skipped[item.path.name][kind] = report.longrepr[2].removeprefix("Skipped: ")
    return report


@pytest.fixture
def census(request):
    return request.config.stash[KEY]


def held():
    return memory_stats(), len(list(Path("/proc/self/fd").iterdir()))


@pytest.fixture(autouse=True, scope="module")
def _no_old_garbage():
    """What others have left would be collected at some time, and be missed."""
    gc.collect()


@pytest.fixture(autouse=True)
def _nothing_is_left_behind():
    """As in tests/core: every block was freed, none was given up, every fd was closed."""
    before = held()
    yield
    if held() != before:
        gc.collect()  # slow, and so only where there is something to find
    assert held() == before, "blocks (alive, bytes, given up) and fds: after and before"


@pytest.fixture
def ring_kind(request, requires):
    kind = BY_NAME[request.param]
    census = request.config.stash[KEY]
    if kind.name not in census.there:
        census.lacking.add(kind.name)  # until it is tried
        requires(setup_flag=kind.flags)
        census.lacking.discard(kind.name)
        census.there.add(kind.name)
    return kind


@pytest.fixture
def make_ring(ring_kind):
    """`make_ring(entries=8, flags=0, **params)`: a ring of the kind, closed in the end."""
    rings = []

    def make(entries=8, *, flags=0, **params):
        params.setdefault("sq_thread_idle", ring_kind.idle)
        ring = IoUring(entries, Params(flags=ring_kind.flags | flags, **params))
        rings.append(ring)
        return ring

    yield make
    for ring in rings:
        ring.close()


@pytest.fixture
def ring(make_ring):
    return make_ring()
