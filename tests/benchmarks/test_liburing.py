"""liburing is installed where it is missing, or a sentence says how."""

import subprocess

import pytest

from benchmarks import liburing


@pytest.fixture
def machine(monkeypatch):
    """A machine without liburing: what is run there, and what can be found."""

    class Machine:
        def __init__(self):
            self.ran = []
            self.programs = {"cc", "apt-get"}
            self.has = False

        def run(self, command, **_):
            self.ran.append(" ".join(command))
            if "install" in command:
                self.has = True
            failed = command[0] == "cc" and not self.has
            return subprocess.CompletedProcess(command, int(failed), "", "")

    made = Machine()
    monkeypatch.setattr(subprocess, "run", made.run)
    monkeypatch.setattr(
        liburing.shutil, "which", lambda name: name if name in made.programs else None
    )
    monkeypatch.setattr(liburing.os, "geteuid", lambda: 0)
    return made


@pytest.mark.parametrize(
    ("manager", "package"), [("apt-get", "liburing-dev"), ("dnf", "liburing-devel")]
)
def test_it_is_installed_by_whatever_this_machine_has(machine, manager, package):
    machine.programs = {"cc", manager}
    assert liburing.main() == 0
    assert [one for one in machine.ran if f"{manager} install" in one and package in one]


def test_nothing_is_installed_where_it_is_there(machine):
    machine.has = True
    assert liburing.main() == 0
    assert len(machine.ran) == 2  # it is asked, and asked again


def test_whoever_may_not_install_is_told_what_to_do(machine, monkeypatch, capsys):
    monkeypatch.setattr(liburing.os, "geteuid", lambda: 1000)
    assert liburing.main() == 1
    assert "apt install liburing-dev" in capsys.readouterr().err


def test_a_compiler_is_needed_first(machine, capsys):
    machine.programs = {"apt-get"}
    assert liburing.main() == 1
    assert "a C compiler is missing" in capsys.readouterr().err
