"""Each floor uses only what is below it: seen in a fresh interpreter, deferred imports included."""

from __future__ import annotations

import pytest

HEAVY = {"textual", "prompt_toolkit", "click", "markdown_it"}
ALL_OF = """
import importlib, pkgutil, sys
package = importlib.import_module({name!r})
for found in pkgutil.walk_packages({path}, {name!r} + "."):
    importlib.import_module(found.name)
print(*sorted({{name.partition(".")[0] for name in sys.modules}} & {heavy!r}))
print(*sorted(name for name in sys.modules if name.startswith("uringlab.")))
"""
BELOW = {
    "uringlab": {"core"},
    "uringlab.core": {"core"},
    "uringlab.observe": {"core", "observe"},
    "uringlab.lab": {"core", "observe", "lab"},
}


@pytest.mark.parametrize("floor", BELOW)
def test_a_floor_loads_no_screen_and_nothing_above_itself(floor, run_python):
    # `uringlab` itself is imported as a user would; of the floors, every module is.
    path = "()" if floor == "uringlab" else "package.__path__"
    done = run_python(ALL_OF.format(name=floor, heavy=HEAVY, path=path))
    assert done.returncode == 0, done.stderr
    heavy, loaded = done.stdout.split("\n")[:2]
    assert heavy == ""
    floors = {name.split(".")[1] for name in loaded.split()}
    assert floors <= BELOW[floor]
    assert floors


def test_core_needs_cffi_and_the_standard_library(run_python):
    code = """
import sys
before = set(sys.modules)
import uringlab
new = {name.partition(".")[0] for name in set(sys.modules) - before}
print(*sorted(new - set(sys.stdlib_module_names) - {"uringlab"}))
"""
    done = run_python(code)
    assert done.returncode == 0, done.stderr
    assert set(done.stdout.split()) <= {"cffi", "_cffi_backend"}


def test_the_example_of_the_package_works():
    import doctest

    import uringlab
    import uringlab.core.ops

    for module in (uringlab, uringlab.core.ops):
        failed, tried = doctest.testmod(module)
        assert (failed, tried > 0) == (0, True)


def test_what_is_loaded_later_is_there_all_the_same(run_python):
    done = run_python(
        """
import sys, uringlab
assert not any(name.startswith("uringlab.core.ops.") and not name.endswith(".prepared")
               for name in sys.modules), sorted(sys.modules)
assert "dataclasses" not in sys.modules
for name in uringlab.__all__:
    assert getattr(uringlab, name) is not None, name
assert set(uringlab.__all__) <= set(dir(uringlab))
for name in uringlab.ops.__all__:
    assert getattr(uringlab.ops, name) is not None, name
try:
    uringlab.nonsense
except AttributeError as why:
    assert "nonsense" in str(why)
"""
    )
    assert done.returncode == 0, done.stderr
