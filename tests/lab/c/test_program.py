"""The program that `c` prints compiles without a warning, runs, and does what the session did."""

import random
import re
from contextlib import suppress
from pathlib import Path

import pytest

from uringlab.core.abi import Opcode
from uringlab.core.probe import kernel_opcodes
from uringlab.lab import LineError, Session
from uringlab.lab.c.naming import Names
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


def test_a_session_and_its_program_have_the_same_cqes(both):
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


@pytest.fixture(scope="module")
def everything(tmp_path_factory):
    """The steps of every verb's example, each in a session of its own, as if they were one."""
    taken = StepsTaken("/nowhere")
    with pytest.MonkeyPatch.context() as patch:
        patch.chdir(tmp_path_factory.mktemp("here"))  # `record` writes there
        for spec in SPECS:
            if spec.name not in NO_PROGRAM:
                taken.steps += steps_of(*SETUP, spec.example)
    return taken


def test_every_verb_and_every_opcode_has_a_program_that_compiles(everything, syntax):
    staged = {step.command.spec.op.opcode for step in everything.steps if one_is_staged(step)}
    assert staged >= kernel_opcodes() - {Opcode.NOP128, Opcode.URING_CMD128}
    assert syntax([program(everything)]) == ""


def one_is_staged(step):
    return step.command.spec.op is not None and step.staged


def test_no_variable_has_the_name_of_a_function_that_main_calls(everything):
    main = program(everything).split("int main(void)")[1]
    code = re.sub(r'"(?:[^"\\]|\\.)*"|/\*.*?\*/', "", main)
    called = set(re.findall(r"\b([a-z_]\w*)\(", code))
    assert len(called) > 40
    assert [name for name in called if Names().declare(name) == name] == []


def lines_at_random(chance, known):
    """A session of lines that were written for others, some with a word of another in them."""
    for _ in range(40):
        words = chance.choice(known).split(" ")
        if chance.random() < 0.3:
            words[chance.randrange(len(words))] = chance.choice(chance.choice(known).split(" "))
        line = " ".join(words)
        if chance.random() < 0.1:
            line = f"repeat {chance.randrange(1, 5)} {line}"
        yield line
        if chance.random() < 0.3:
            yield "reap"


BLOCKS = re.compile(r"\b(wait|do|sleep|storm|source|record|save|c|quit|reset|sqpoll|sync_cancel)\b")


def test_any_session_has_a_program_that_compiles(syntax, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    known = [spec.example for spec in SPECS]
    known += (Path(__file__).parent / "sessions.txt").read_text().splitlines()
    known = [line.removeprefix("do ") for line in known if line and not line.startswith("#")]
    texts = []
    for seed in range(8):
        chance = random.Random(seed)
        with Session() as made:
            for line in SETUP:
                made.run(line)
            for line in lines_at_random(chance, known):
                if BLOCKS.search(line):
                    continue
                with suppress(LineError):
                    made.run(line)
            texts.append(program(made.taken))
    assert syntax(texts) == ""
