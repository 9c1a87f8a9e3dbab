"""The C library liburing: is it here, and how it is installed. `python -m benchmarks.liburing`.

The benchmark compares with it, and the programs that `c` prints are compiled with it.
"""

from __future__ import annotations

import os
import shutil
import subprocess
import sys

MANAGERS = (
    ("apt-get", ("update", "--quiet"), "liburing-dev"),
    ("dnf", (), "liburing-devel"),
)
"""What installs packages, what it must do first, and what it calls the headers."""


class MissingError(Exception):
    """It is not here, and only the user can bring it."""


def find_compiler() -> str:
    """A C compiler.

    Raises:
        MissingError: there is none.
    """
    found = shutil.which("cc") or shutil.which("gcc") or shutil.which("clang")
    if found is None:
        raise MissingError("a C compiler is missing: apt install gcc, or dnf install gcc")
    return found


def has_liburing(compiler: str) -> bool:
    """Whether a program that includes liburing.h compiles and links."""
    done = subprocess.run(
        [compiler, "-x", "c", "-", "-o", "/dev/null", "-luring"],
        input="#include <liburing.h>\nint main(void) { return 0; }\n",
        capture_output=True,
        text=True,
        check=False,
    )
    return done.returncode == 0


def install_liburing() -> None:
    """Install it where that is allowed and known how.

    Raises:
        MissingError: it is not; or it failed.
    """
    found = next((one for one in MANAGERS if shutil.which(one[0])), None)
    if found is None or os.geteuid() != 0:
        raise MissingError(
            "liburing is missing: apt install liburing-dev, or dnf install liburing-devel"
        )
    manager, first, package = found
    print(f"installing {package}", file=sys.stderr)
    if first:
        _run(manager, *first)
    without = ("--no-install-recommends",) if manager == "apt-get" else ()
    done = _run(manager, "install", "--yes", "--quiet", *without, package)
    if done.returncode:
        raise MissingError(f"{manager} install {package} failed:\n{done.stderr}")


def set_up_liburing() -> str:
    """See that it is here. Returns the compiler that finds it.

    Raises:
        MissingError: says what to install.
    """
    compiler = find_compiler()
    if not has_liburing(compiler):
        install_liburing()
    if not has_liburing(compiler):
        raise MissingError("liburing's headers are not found, though they were installed")
    return compiler


def liburing_version() -> str:
    """Ask pkg-config, or the package manager."""
    asking = (
        ("pkg-config", "--modversion", "liburing"),
        ("dpkg-query", "--show", "--showformat=${Version}", "liburing-dev"),
        ("rpm", "--query", "--queryformat=%{VERSION}", "liburing-devel"),
    )
    for command in asking:
        if shutil.which(command[0]):
            done = _run(*command)
            if done.returncode == 0:
                return done.stdout.strip()
    return "of unknown version"


def _run(*command: str) -> subprocess.CompletedProcess[str]:
    environment = os.environ | {"DEBIAN_FRONTEND": "noninteractive"}
    return subprocess.run(command, capture_output=True, text=True, check=False, env=environment)


def main() -> int:
    """Install it if it is missing; 1, and one sentence, if that cannot be done."""
    try:
        set_up_liburing()
    except MissingError as why:
        print(f"{why}\nThe tests that compile with it are skipped.", file=sys.stderr)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
