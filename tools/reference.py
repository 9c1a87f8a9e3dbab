"""Makes the pages of docs/ that come from the declarations. `--check` only compares."""

from __future__ import annotations

import inspect
import re
import sys
from pathlib import Path
from typing import TYPE_CHECKING

from commands_page import commands_page
from json_schema import schema

from uringlab.core.ops.everything import BY_OPCODE
from uringlab.core.ops.liburing import LEFT_OUT, PREP
from uringlab.lab.verbs import standard_table

if TYPE_CHECKING:
    from uringlab.core.ops.declare import Op, Operand
    from uringlab.lab.spec import CommandSpec

_BY_PLACE = inspect.Parameter.POSITIONAL_OR_KEYWORD
DOCS = Path(__file__).parent.parent / "docs"
MADE = "<!-- Made by `make reference` from the declarations. Do not edit. -->\n"


def cell(text: str) -> str:
    """Text that a table's cell can hold."""
    return text.replace("|", "\\|").replace("\n", " ")


def anchor(op: type[Op]) -> str:
    """The heading's link."""
    return op.opcode.name.lower()


def signature(op: type[Op]) -> str:
    """The op as it is made in Python."""
    parameters = inspect.signature(op).parameters
    placed = [one for one in op.operands if parameters[one.name].kind is _BY_PLACE]
    named = [one.name for one in op.operands if one not in placed]
    parts = [one.name + ("=…" if one.replaceable or not one.required else "") for one in placed]
    parts += ["*", *(f"{name}=…" for name in named), "user_data=0", "flags=…", "personality=0"]
    return f"ops.{op.__name__}({', '.join(parts)})"


def word(one: Operand) -> str:
    """Where it lies."""
    return f"`{one.word}`" if one.word else "—"


def opcode_page(specs: dict[type[Op], CommandSpec]) -> str:
    """All opcodes, one after the other."""
    ops = [op for _, op in sorted(BY_OPCODE.items())]
    lines = [
        MADE,
        "# The opcodes\n",
        f"All {len(ops)} of them, by number. Each is one class in `uringlab/core/ops/`: what it "
        "says there is the builder, the decoder, the prompt's verb, and this page. Words of the "
        "SQE have the name of their first use (`off`, `addr`, `op_flags`, …).\n",
        "In Python an `fd` is a number, an `Fd`, an `OwnedFd` or a `FixedFd`: of a Python "
        "file or socket, give its `fileno()`, and keep it open. Rooms that the kernel fills in "
        "(`Statx`, `ChildInfo`, `EpollRoom`, `FdRoom`, `PeerAddress`) come from `uringlab`, not "
        "from `ops`: `ops.Statx` is the request, `uringlab.Statx` its room.\n",
        "| | opcode | since | |",
        "|---|---|---|---|",
    ]
    for op in ops:
        code = op.opcode
        lines.append(f"| {code:d} | [{code.name}](#{anchor(op)}) | {code.since} | {code.doc} |")
    for op in ops:
        lines += ["", *one_opcode(op, specs[op])]
    return "\n".join(lines) + "\n"


def one_opcode(op: type[Op], spec: CommandSpec) -> list[str]:
    """One opcode's section."""
    doc = re.sub(r"\n    ", "\n", (op.__doc__ or "").strip())
    lines = [
        f"## {op.opcode.name}",
        "",
        doc,
        "",
        f"- **Python:** `{signature(op)}`",
        f"- **Prompt:** `{spec.example}` — `{spec.signature()}`",
        f"- **C:** `{op.c_call}`",
        f"- **Result:** {op.result}",
        f"- **Since** Linux {op.opcode.since}; {op.man}",
    ]
    if op.operands:
        lines += ["", "| operand | SQE word | |", "|---|---|---|"]
        lines += [f"| `{one.name}` | {word(one)} | {cell(one.doc)} |" for one in op.operands]
    if op.errnos:
        lines += ["", "| errno | means here |", "|---|---|"]
        lines += [f"| `{name}` | {cell(text)} |" for name, text in sorted(op.errnos.items())]
    return lines


def liburing_page() -> str:
    """Every helper of liburing."""
    by_name = {op.__name__: op for op in BY_OPCODE.values()}
    lines = [
        MADE,
        "# From liburing\n",
        "liburing has a function for each variant of an operation. Here a variant is an option of "
        "the operation. Each line below is run by the tests; `fd`, `buf`, `peer`, … stand for "
        "what your program has. Every name is in `uringlab`, as in "
        "`from uringlab import ALLOC, FixedFd, Statx, abi, ops`.\n",
        "| liburing | here | |",
        "|---|---|---|",
    ]
    for name, text in sorted(PREP.items()):
        found = re.search(r"ops\.(\w+)\(", text)
        op = by_name[found[1]] if found else None
        link = f"[{op.opcode.name}](opcodes.md#{anchor(op)})" if op else "a raw slot"
        lines.append(f"| `io_uring_prep_{name}` | `{cell(text)}` | {link} |")
    lines += [f"| `io_uring_prep_{name}` | not here: {why} | |" for name, why in LEFT_OUT.items()]
    return "\n".join(lines) + "\n"


def pages() -> dict[str, str]:
    """Every page, by its file's name below docs/."""
    table = list(standard_table())
    specs = {spec.op: spec for spec in table if spec.op is not None}
    return {
        "reference/opcodes.md": opcode_page(specs),
        "reference/liburing.md": liburing_page(),
        "reference/commands.md": commands_page(MADE, table),
        "json-lines.schema.json": schema(),
    }


def main() -> int:
    """Write them, or with --check say which are stale."""
    stale = []
    for name, text in pages().items():
        path = DOCS / name
        if path.exists() and path.read_text() == text:
            continue
        stale.append(name)
        if "--check" not in sys.argv:
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(text)
            print(f"made {path.relative_to(DOCS.parent)}")
    if stale and "--check" in sys.argv:
        print(f"stale: {', '.join(stale)}: run make reference", file=sys.stderr)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
