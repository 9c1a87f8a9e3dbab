"""Sets up what is compared with: liburing for C, and the PyPI package in a venv of its own.

Everything that is made lies below `benchmarks/.work/`; delete it to begin anew.
"""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import venv
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

from benchmarks.contender import Contender, DeadContenderError, Work, WrongAnswerError
from benchmarks.liburing import MissingError, liburing_version, set_up_liburing
from benchmarks.names import BUFFER, COLUMNS, EACH, LOOP, PUT, C

if TYPE_CHECKING:
    from collections.abc import Sequence

HERE = Path(__file__).parent
LOOPS = HERE / "contenders"
WORK = HERE / ".work"
PYPI_PYTHON = WORK / "pypi" / "bin" / "python"
C_PROGRAM = WORK / "liburing_loop"
FILE = WORK / "file"
FILE_BYTES = 1 << 20

DEFER = 1 << 12 | 1 << 13
"""IORING_SETUP_SINGLE_ISSUER | IORING_SETUP_DEFER_TASKRUN."""
PLAIN = 0
NO_SUCH_FLAGS = 3
"""The exit status of liburing_loop for an EINVAL."""
TRIES = 4
"""Releases of the PyPI package, the newest first, until one works."""
SMOKE = (Work("nop", 1), Work("read", 8))


class SetupError(Exception):
    """Something is missing that only the user can bring."""


class Environment(NamedTuple):
    """What a run is made of.

    Attributes:
        liburing: the version of the C library.
        pypi: the version of the PyPI package.
        broken: newer releases of it that do not work here, each with what happened.
        flags: IORING_SETUP_* of every ring.
    """

    liburing: str
    pypi: str
    broken: Sequence[str]
    flags: int

    def contenders(self) -> list[Contender]:
        """Start them, in the order in which they take turns."""
        rings = str(FILE), hex(self.flags)
        ours = sys.executable, str(LOOPS / "uringlab_loop.py"), *rings
        pypi = str(PYPI_PYTHON), str(LOOPS / "pypi_loop.py"), *rings
        return [
            Contender(C, [str(C_PROGRAM), *rings]),
            Contender(EACH, [*pypi, "each"]),
            Contender(PUT, [*pypi, "prepared"]),
            Contender(LOOP, [*ours, "loop"]),
            Contender(COLUMNS, [*ours, "columns"]),
            Contender(BUFFER, [*ours, "buffer"], every=False),
        ]


def set_up() -> Environment:
    """Install and build what is missing, and find out what works here.

    Raises:
        SetupError: says what to install.
    """
    liburing, flags = set_up_c()
    pypi, broken = install_pypi(flags)
    return Environment(liburing, pypi, broken, flags)


def set_up_c() -> tuple[str, int]:
    """Only what the C program needs: the version of liburing, and the flags of every ring.

    Raises:
        SetupError: says what to install.
    """
    WORK.mkdir(exist_ok=True)
    if not FILE.exists() or FILE.stat().st_size != FILE_BYTES:
        FILE.write_bytes(os.urandom(FILE_BYTES))
    FILE.read_bytes()  # into the page cache
    return build_c(), find_flags()


def run(*command: str) -> subprocess.CompletedProcess[str]:
    """Run a command, and keep what it says."""
    return subprocess.run(command, capture_output=True, text=True, check=False)


# -- C ------------------------------------------------------------------------------


def build_c() -> str:
    """Compile liburing_loop.c; answer the version of liburing."""
    try:
        compiler = set_up_liburing()
    except MissingError as why:
        raise SetupError(str(why)) from why
    source = LOOPS / "liburing_loop.c"
    if not C_PROGRAM.exists() or C_PROGRAM.stat().st_mtime <= source.stat().st_mtime:
        print("compiling liburing_loop.c", file=sys.stderr)
        done = run(compiler, "-O2", "-o", str(C_PROGRAM), str(source), "-luring")
        if done.returncode:
            raise SetupError(f"liburing_loop.c does not compile:\n{done.stderr}")
    return liburing_version()


def find_flags() -> int:
    """Ask the kernel: SINGLE_ISSUER and DEFER_TASKRUN (6.1) where it has them.

    That is what a program with one thread asks for, and every contender can. The C program
    tries; the others are given the same.
    """
    for flags in (DEFER, PLAIN):
        try:
            with Contender("C", [str(C_PROGRAM), str(FILE), hex(flags)]) as contender:
                contender.run(Work("nop", 1), 1)
        except DeadContenderError as why:
            if why.status != NO_SUCH_FLAGS or flags == PLAIN:
                raise SetupError(str(why)) from why
        else:
            return flags
    return PLAIN


# -- the PyPI package -------------------------------------------------------------------


def install_pypi(flags: int) -> tuple[str, list[str]]:
    """Install the newest release that works on this machine.

    Some wheels were built for the processor of their author's machine, and die of an illegal
    instruction on another.

    Returns:
        Its version, and what happened to the newer ones.
    """
    if not PYPI_PYTHON.exists():
        print("making a virtual environment for the PyPI package", file=sys.stderr)
        venv.create(WORK / "pypi", with_pip=True, clear=True)
    remembered = WORK / "pypi" / "broken.txt"
    broken = remembered.read_text().splitlines() if remembered.exists() else []
    version = pypi_version()
    for _ in range(TRIES):
        if version is None:
            wanted = f"liburing<{broken[-1].split(':')[0]}" if broken else "liburing"
            print(f"installing {wanted} from PyPI", file=sys.stderr)
            pip = (str(PYPI_PYTHON), "-m", "pip", "--disable-pip-version-check", "install")
            done = run(*pip, "--quiet", wanted)
            version = pypi_version()
            if done.returncode or version is None:
                raise SetupError(f"pip install '{wanted}' failed:\n{done.stderr}")
        problem = smoke(flags)
        if not problem:
            return version, broken
        broken.append(f"{version}: {problem}")
        remembered.write_text("\n".join(broken))
        run(str(PYPI_PYTHON), "-m", "pip", "uninstall", "--yes", "liburing")
        version = None
    raise SetupError("no release of the PyPI package works here:\n" + "\n".join(broken))


def pypi_version() -> str | None:
    """Ask its environment; it is not imported."""
    code = "import importlib.metadata as m; print(m.version('liburing'))"
    done = run(str(PYPI_PYTHON), "-c", code)
    return done.stdout.strip() if done.returncode == 0 else None


def smoke(flags: int) -> str:
    """Say what goes wrong with the installed release; nothing if nothing does."""
    for way in ("each", "prepared"):
        command = [str(PYPI_PYTHON), str(LOOPS / "pypi_loop.py"), str(FILE), hex(flags), way]
        try:
            with Contender("the PyPI package", command) as contender:
                for work in SMOKE:
                    contender.run(work, 3)
        except DeadContenderError as why:
            return signal.strsignal(-why.status) or "killed" if why.status < 0 else str(why)
        except WrongAnswerError as why:
            return str(why)
    return ""
