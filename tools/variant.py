"""Tests in another build of the C floor: `variant.py BUILD [--tree DIR] [PYTEST ARGUMENT]…`.

    plain        as it is always built
    quarantine   what is freed is filled with a pattern and kept; one changed byte fails
    asan         with AddressSanitizer and UndefinedBehaviorSanitizer

The tree is copied to a temporary directory and built there, never in place: two builds of one
extension in one tree would be mixed up. Ends with the exit code of pytest, or with 86 where
freed memory was written to.
"""

from __future__ import annotations

import argparse
import os
import shutil
import subprocess
import sys
import tempfile
import time
from pathlib import Path

ROOT = Path(__file__).parent.parent
PARTS = ("uringlab", "tests", "tools", "lessons", "docs", "benchmarks")
FILES = ("setup.py", "pyproject.toml", "README.md", "LICENSE", "Makefile")
NOT_COPIED = shutil.ignore_patterns("__pycache__", "*.so", "*.o", "_native.c", "*.egg-info")

FLAGS = {
    "plain": "",
    "quarantine": "-DURINGLAB_QUARANTINE",
    "asan": "-fsanitize=address,undefined -fno-sanitize-recover=all -fno-omit-frame-pointer -g",
}

SANITIZED = {
    # Python's own allocator would hide what is freed from the sanitizer; and what Python never
    # frees at exit is no leak of ours: the tests count blocks and fds themselves.
    "PYTHONMALLOC": "malloc",
    "ASAN_OPTIONS": "detect_leaks=0:detect_stack_use_after_return=1:strict_string_checks=1",
    "UBSAN_OPTIONS": "print_stacktrace=1",
}


def copy(tree: Path) -> None:
    """Bring the copy up to date."""
    for part in PARTS:
        shutil.rmtree(tree / part, ignore_errors=True)
        if (ROOT / part).is_dir():
            shutil.copytree(ROOT / part, tree / part, ignore=NOT_COPIED, dirs_exist_ok=True)
    for name in FILES:
        shutil.copy2(ROOT / name, tree / name)


def build(tree: Path, flags: str) -> None:
    """Build the extensions in the copy, all of them anew."""
    env = os.environ | {"CFLAGS": flags, "LDFLAGS": flags}
    argv = [sys.executable, "setup.py", "--quiet", "build_ext", "--inplace", "--force"]
    subprocess.run(argv, cwd=tree, env=env, check=True)


def environment(tree: Path, build: str) -> dict[str, str]:
    """What the tests need to find the copy, and the sanitizer."""
    env = os.environ | {"PYTHONPATH": str(tree), "URINGLAB_BUILD": build}
    if build == "asan":
        where = subprocess.run(
            ["gcc", "-print-file-name=libasan.so"], capture_output=True, text=True, check=True
        )
        env |= SANITIZED | {"LD_PRELOAD": str(Path(where.stdout.strip()).resolve())}
    return env


def check_that_it_is_the_copy(tree: Path, env: dict[str, str]) -> None:
    """See that Python takes the extension from the copy.

    Raises:
        SystemExit: it does not; the tests would prove nothing.
    """
    code = "import uringlab.core.native._native as n; print(n.__file__)"
    argv = [sys.executable, "-c", code]
    done = subprocess.run(argv, cwd=tree, env=env, capture_output=True, text=True, check=True)
    if not Path(done.stdout.strip()).is_relative_to(tree):
        raise SystemExit(f"the extension was taken from {done.stdout.strip()}")


def main() -> int:
    """Copy, build, test."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("build", choices=FLAGS)
    parser.add_argument("--tree", type=Path, help="where; kept (else a temporary directory)")
    args, pytest_args = parser.parse_known_args()
    with tempfile.TemporaryDirectory(prefix="uringlab-") as temporary:
        tree = (args.tree or Path(temporary)).resolve()
        tree.mkdir(parents=True, exist_ok=True)
        copy(tree)
        build(tree, FLAGS[args.build])
        env = environment(tree, args.build)
        check_that_it_is_the_copy(tree, env)
        started = time.monotonic()
        argv = [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", *pytest_args]
        code = subprocess.run(argv, cwd=tree, env=env, check=False).returncode
        print(f"{args.build}: exit code {code} after {time.monotonic() - started:.0f} s")
    return code


if __name__ == "__main__":
    sys.exit(main())
