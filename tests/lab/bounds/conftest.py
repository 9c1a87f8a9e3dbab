"""A canary outside of every session's directory, which no script may read, change or join."""

import os
import sys
from pathlib import Path

import pytest

from uringlab.lab import LineError, Session
from uringlab.lab.names import BufferThing

sys.path.insert(0, str(Path(__file__).parent))

SONG = "the canary sings"
SIZE = 4217
XATTR = "a ring on its leg"


def picture(folder):
    """All there is to see of a directory: names, contents, attributes."""
    found = []
    for path in sorted(folder.rglob("*")):
        stat = path.lstat()
        more = path.read_bytes() if path.is_file() and not path.is_symlink() else b""
        attributes = [(name, os.getxattr(path, name)) for name in os.listxattr(path)]
        found.append((path, stat.st_mode, stat.st_nlink, stat.st_size, more, attributes))
    return found


class Outside:
    """The directory outside, and whether it is as it was."""

    def __init__(self, folder):
        self.folder = folder
        (folder / "cage").mkdir()
        self.canary = folder / "canary"
        self.canary.write_text(SONG.ljust(SIZE))
        os.setxattr(self.canary, "user.leg", XATTR.encode())
        self.before = picture(folder)

    def check(self, session, said):
        """Nothing outside is changed or new, and nothing of it was learned."""
        assert picture(self.folder) == self.before
        for what in (SONG, XATTR, f"{SIZE} bytes"):
            assert what not in said
            for thing in session.names.values():
                if isinstance(thing, BufferThing) and thing.name != "bad":
                    assert what.encode() not in bytes(thing.buffer.view)


@pytest.fixture
def outside(tmp_path, monkeypatch):
    """The canary is where the program was started, too."""
    folder = tmp_path / "outside"
    folder.mkdir()
    monkeypatch.chdir(folder)
    return Outside(folder)


@pytest.fixture
def session(tmp_path, monkeypatch):
    scratches = tmp_path / "scratches"
    scratches.mkdir()
    monkeypatch.setattr("tempfile.tempdir", str(scratches))
    with Session() as made:
        yield made
    assert list(scratches.iterdir()) == []


@pytest.fixture
def attack(session, outside):
    """Run lines as a script that goes on whatever fails, and see that nothing came of it.

    Answers with what was said, refusals and all.
    """

    def run(*lines, session=session):
        said = []
        for line in lines:
            text = line.format(out=outside.folder, canary=outside.canary)
            try:
                said.append(session(text))
            except LineError as error:
                # What the script itself wrote is no news to it.
                said.append(f"refused: {error.message}")
        outside.check(session, "\n".join(said))
        return said

    return run


@pytest.fixture
def canary_fd(outside):
    """The canary, open in this program: its fd is none of the script's."""
    fd = os.open(outside.canary, os.O_RDWR)
    yield fd
    assert os.fstat(fd).st_size == SIZE, "closed, or another file"
    os.close(fd)
