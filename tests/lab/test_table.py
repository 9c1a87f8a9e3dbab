"""The table of commands: what is promised is what is made, and made only when it is asked for."""

from importlib import import_module

import pytest

from uringlab.core import ops
from uringlab.lab.spec import CommandSpec, CommandTable
from uringlab.lab.verbs import MODULES, OPERATIONS, names_of, standard_table


def spec(name, *aliases):
    return CommandSpec(name, "", print, name, "session", aliases=aliases)


@pytest.mark.parametrize("module", [name for name in MODULES if name != OPERATIONS])
def test_a_module_has_the_verbs_that_are_promised_for_it(module):
    specs = import_module(f"uringlab.lab.verbs.{module}").SPECS
    assert MODULES[module] == tuple("|".join((one.name, *one.aliases)) for one in specs)


def test_every_opcode_has_a_verb_and_its_aliases():
    table = standard_table()
    for opcode, op in ops.BY_OPCODE.items():
        found = table.find(names_of(opcode)[0])
        assert found.op is op
        assert (found.name, *found.aliases) == names_of(opcode)


def test_a_promise_is_kept_once_and_when_it_is_asked_for():
    made = []
    table = CommandTable()

    def make(name):
        made.append(name)
        return spec(name, "bye")

    table.promise(("leave", "bye"), make)
    assert table.names() == ["leave", "bye"]
    assert made == []
    assert table.find("bye") is table.find("leave")
    assert [one.name for one in table] == ["leave"]
    assert made == ["leave"]


def test_a_name_belongs_to_one_command():
    table = CommandTable([spec("leave", "bye")])
    with pytest.raises(ValueError, match="two commands are called 'bye'"):
        table.promise(("bye",), spec)


def test_one_operation_loads_no_other(run_python):
    done = run_python(
        "import sys\n"
        "from uringlab.lab.session import Session\n"
        "with Session() as session: session.run('do nop -> r1; expect r1 res=0')\n"
        "print(*(one for one in sys.modules if one.startswith('uringlab.core.ops.')))\n"
    )
    assert done.returncode == 0, done.stderr
    loaded = {name.removeprefix("uringlab.core.ops.") for name in done.stdout.split()}
    assert loaded & set(ops.MODULES) == {"declare", "nop"}
