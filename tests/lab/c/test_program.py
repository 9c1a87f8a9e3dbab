"""The program that `c` prints compiles without a warning, runs, and does what the session did."""

import re
from contextlib import suppress

from uringlab.core.abi import Opcode
from uringlab.core.probe import kernel_opcodes
from uringlab.lab import LineError, Session
from uringlab.lab.c.program import program
from uringlab.lab.examples import SETUP
from uringlab.lab.steps_taken import StepsTaken
from uringlab.lab.verbs import standard_table

SPECS = list(standard_table())
NO_PROGRAM = ("reset", "quit")
"""Verbs after which there is nothing left to print."""


def alike(line, makers):
    """Fds are other numbers in another process."""
    name = line.split(" ", 1)[0]
    return re.sub(r"res=\d+", "res=an fd", line) if name in makers else line


def test_a_session_and_its_program_have_the_same_cqes(session_name, twice):
    both = twice[session_name]
    assert both.said == ""
    assert both.ran.returncode == 0, both.ran.stderr
    told = both.ran.stdout.splitlines()
    assert [alike(line, both.makers) for line in told] == [
        alike(line, both.makers) for line in both.wanted
    ]


def steps_of(*lines):
    with Session() as made:
        for line in lines:
            with suppress(LineError):  # some examples show what is refused
                made.run(line)
        return made.taken.steps


def test_every_verb_and_every_opcode_has_a_program_that_compiles(syntax, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)  # `record` writes there
    examples = [spec.example for spec in SPECS if spec.name not in NO_PROGRAM]
    # Each in a session of its own; all in one program, which is compiled, and not run.
    taken = StepsTaken("/nowhere")
    for example in examples:
        taken.steps += steps_of(*SETUP, example)
    staged = {step.command.spec.op.opcode for step in taken.steps if one_is_staged(step)}
    assert staged >= kernel_opcodes() - {Opcode.NOP128, Opcode.URING_CMD128}
    assert syntax([program(taken)]) == ""


def one_is_staged(step):
    return step.command.spec.op is not None and step.staged
