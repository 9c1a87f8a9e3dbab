"""What is shipped: the wheel and the sdist, installed as a stranger would."""

import os
import subprocess
import sys
import tarfile
import zipfile
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent
LESSONS = sorted(path.name for path in (ROOT / "lessons").glob("*.md"))


def run(*command, cwd, **more):
    env = {key: value for key, value in os.environ.items() if key != "PYTHONPATH"}
    done = subprocess.run(
        command, cwd=cwd, env=env, capture_output=True, text=True, check=False, **more
    )
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


@pytest.fixture(scope="module")
def built(tmp_path_factory):
    """The sdist, and the wheel that is built from it and not from this tree."""
    tree = tmp_path_factory.mktemp("tree")
    listed = run("git", "ls-files", "-co", "--exclude-standard", cwd=ROOT).splitlines()
    for name in listed:
        target = tree / name
        target.parent.mkdir(parents=True, exist_ok=True)
        target.write_bytes((ROOT / name).read_bytes())
    run(sys.executable, "-m", "build", "--no-isolation", ".", cwd=tree)
    return tree / "dist"


@pytest.fixture(scope="module")
def installed(built, tmp_path_factory):
    """The program of a clean environment that has the wheel and nothing of this tree."""
    place = tmp_path_factory.mktemp("clean")
    run(sys.executable, "-m", "venv", str(place / "env"), cwd=place)
    pip = (str(place / "env/bin/python"), "-m", "pip", "--disable-pip-version-check")
    run(*pip, "install", "--quiet", str(next(built.glob("*.whl"))), cwd=place)
    return place / "env/bin/uringlab", place


def test_the_wheel_is_for_every_python_from_3_11_on(built):
    assert "-cp311-abi3-linux" in next(built.glob("*.whl")).name


def test_the_wheel_has_the_lessons_the_style_and_the_types_in_it(built):
    names = zipfile.ZipFile(next(built.glob("*.whl"))).namelist()
    assert sorted(n.split("/")[-1] for n in names if n.startswith("uringlab/lessons/")) == LESSONS
    assert "uringlab/py.typed" in names
    assert "uringlab/tui/app.tcss" in names
    assert not [name for name in names if name.startswith(("tests/", "lessons/", "tools/"))]


def test_the_sdist_has_all_that_a_build_needs(built):
    with tarfile.open(next(built.glob("*.tar.gz"))) as archive:
        names = {name.partition("/")[2] for name in archive.getnames()}
    assert {f"lessons/{name}" for name in LESSONS} <= names
    assert {"Makefile", "README.md", "LICENSE", "uringlab/core/native/api.h"} <= names


def test_a_lesson_of_the_installed_wheel_is_proved(installed):
    program, place = installed
    told = run(str(program), "lessons", "verify", "3", cwd=place)
    assert "ok  03-first-nop" in told
    assert "1 lessons proved, 0 failures, 0 skipped" in told


def test_the_installed_program_runs_a_line(installed):
    program, place = installed
    assert run(str(program), "run", "-q", "-c", "do nop -> r1", cwd=place) == "r1  res=0\n"


def test_an_editable_install_has_the_lessons_too():
    listed = run(sys.executable, "-m", "uringlab", "lessons", "list", cwd=ROOT.parent)
    assert len(listed.splitlines()) == len(LESSONS)
