"""Say, before anything is installed, what this machine lacks. Run by the Makefile."""

import shutil
import sys
import sysconfig
from pathlib import Path

OLDEST = (3, 11)


def main() -> int:
    """Print each thing that is missing and how to get it; 1 if there is any."""
    missing = []
    if sys.version_info < OLDEST:
        found = ".".join(map(str, sys.version_info[:2]))
        missing.append(
            f"Python {'.'.join(map(str, OLDEST))} or newer (this is {found}): "
            "make PYTHON=/path/to/python3.12 lab"
        )
    if not any(shutil.which(name) for name in ("cc", "gcc", "clang")):
        missing.append("a C compiler: apt install gcc, or dnf install gcc")
    if not (Path(sysconfig.get_paths()["include"]) / "Python.h").exists():
        missing.append("Python's headers: apt install python3-dev, or dnf install python3-devel")
    try:
        import ensurepip  # noqa: F401, PLC0415 - only whether it is there
    except ImportError:
        missing.append("the venv module: apt install python3-venv")
    if sys.platform != "linux":
        missing.append("Linux: io_uring is a part of its kernel")
    for one in missing:
        print(f"missing: {one}", file=sys.stderr)
    return 1 if missing else 0


if __name__ == "__main__":
    sys.exit(main())
