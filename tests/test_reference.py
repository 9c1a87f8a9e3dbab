"""The reference pages say what the declarations say."""

import subprocess
import sys
from pathlib import Path

TOP = Path(__file__).parent.parent


def test_the_pages_are_what_the_declarations_make_of_them():
    command = [sys.executable, "tools/reference.py", "--check"]
    done = subprocess.run(command, cwd=TOP, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
