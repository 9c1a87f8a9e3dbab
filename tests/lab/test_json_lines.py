"""Every line of `--json` is what its schema promises."""

import io
import json
from pathlib import Path

import jsonschema
import pytest

from uringlab.core.probe import kernel_opcodes, register_ops
from uringlab.lab.batch import SCHEMA, Batch, Outcome
from uringlab.lab.bench import Bench
from uringlab.lab.examples import SETUP
from uringlab.lab.script import statements
from uringlab.lab.verbs import standard_table
from uringlab.lab.verbs.registering.served import VERBS
from uringlab.lab.verbs.registering.zcrx import REFUSED

DOCS = Path(__file__).parents[2] / "docs"
VALIDATOR = jsonschema.Draft202012Validator(
    json.loads((DOCS / "json-lines.schema.json").read_text())
)
NOT_BUILT = frozenset(REFUSED)
SESSIONS = (
    "do nop -> r1; rings; show requests; show r1; show kernel; explain r1; history; help nop",
    "nop; diff; submit; peek; reap; expect cq.ready=0",
    "ring new r0 entries=2 cq=2; repeat 2 nop; submit; repeat 2 nop; submit; nop; submit; reap",
    "ring new r0 flags=sqpoll idle=1ms; do nop; do nop",
    "storm nop count=5; storm read 999 5 count=5; pipe rd wr; storm read rd 1 time=1ms",
    "raed f",
    "expect sq.tail=7",
    "ring new r0; expect sq.tail=7",
    "ring new r0 flags=0x80000000",
)


def run(*lines):
    """The objects that are printed, each held to the schema."""
    out = io.StringIO()
    with Bench() as bench:
        batch = Batch(bench, out, io.StringIO(), as_json=True)
        batch.begin()
        batch.run(list(statements(lines)), "here")
        batch.end(str(batch.outcome), 0)
    found = [json.loads(line) for line in out.getvalue().splitlines()]
    for one in found:
        VALIDATOR.validate(one)
    return found


@pytest.mark.parametrize("lines", SESSIONS)
def test_every_line_keeps_the_promise(lines):
    first, *between, last = run(lines)
    assert (first["type"], first["schema"], last["type"]) == ("session", SCHEMA, "end")
    assert {one["type"] for one in between} & {"session", "end"} == set()


@pytest.mark.parametrize("group", sorted({spec.group for spec in standard_table()}))
def test_what_every_verb_prints_is_in_the_schema(group, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    known = kernel_opcodes()
    for spec in standard_table():
        refused = {op for op, verb in VERBS.items() if verb == spec.name} - (
            register_ops() - NOT_BUILT
        )
        if spec.group == group and (spec.op is None or spec.op.opcode in known) and not refused:
            assert run(*SETUP, spec.example)[-1]["outcome"] in (Outcome.OK, Outcome.EXPECTATION)


@pytest.mark.parametrize(
    "broken",
    [
        {},
        {"type": "nosuch"},
        {"type": "cqe", "request": "r1"},
        {"type": "note", "text": 3},
        {"type": "event", "event": "nosuch"},
        {"type": "event", "event": "closed", "actor": "you", "ring": "r0", "time_ns": "now"},
        {"type": "session", "schema": SCHEMA + 1},
    ],
)
def test_the_schema_refuses_what_is_not_promised(broken):
    assert not VALIDATOR.is_valid(broken)


def test_the_page_names_every_type_and_the_version():
    page = (DOCS / "json-lines.md").read_text()
    for name in VALIDATOR.schema["properties"]["type"]["enum"]:
        assert f"`{name}`" in page
    assert f"**`schema` of the first object is the version**, now {SCHEMA}." in page
