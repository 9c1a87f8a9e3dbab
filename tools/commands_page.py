"""The page of the commands: every verb, from the one table that also parses them."""

from __future__ import annotations

from typing import TYPE_CHECKING

from uringlab.lab.spec import GROUPS

if TYPE_CHECKING:
    from collections.abc import Iterable

    from uringlab.lab.spec import CommandSpec

INTRO = """\
# The commands

```
VERB operand… key=value… [-> NAME]        # comment
```

- Numbers: `100`, `0x64`, `4k` (4096), `1M`, `1G`. Times: `20ms`, `1.5s`. An errno: `-ECANCELED`.
- Strings: `"…"`, with `\\n`, `\\t`, `\\\\`, `\\"`, `\\x41`.
- Flags: `flags=link|drain`, with or without the kernel's prefix, in any case.
- `-> r1` names the request; without it, it gets the next free `rN`. The name stands for it
  everywhere.
- `;` separates commands, `#` begins a comment, an empty line does nothing.
- A line is parsed whole before any of it runs: one that does not parse changes nothing.
- In a signature `[…]` may be left out, and CAPITALS stand for what you type.
"""


def commands_page(made: str, specs: Iterable[CommandSpec]) -> str:
    """Every command, group by group. The operations are on the page of the opcodes."""
    all_specs = list(specs)
    lines = [made, INTRO]
    for group in GROUPS:
        found = [spec for spec in all_specs if spec.group == group]
        if not found:
            continue
        lines += [f"## {group[0].upper()}{group[1:]}", ""]
        if any(spec.op is not None for spec in found):
            lines += ["What their operands mean: [the opcodes](opcodes.md).", ""]
            lines += [_operation(spec) for spec in found]
            lines.append("")
        else:
            for spec in found:
                lines += _command(spec)
    return "\n".join(lines)


def _operation(spec: CommandSpec) -> str:
    also = f" (also `{'`, `'.join(spec.aliases)}`)" if spec.aliases else ""
    opcode = spec.op.opcode.name.lower() if spec.op is not None else ""
    return f"- [`{spec.signature()}`](opcodes.md#{opcode}){also}: {spec.summary}"


def _command(spec: CommandSpec) -> list[str]:
    lines = [f"### {spec.name}", "", f"`{spec.signature()}`", "", f"{_sentence(spec.summary)}"]
    if spec.aliases:
        lines.append(f"Also: `{'`, `'.join(spec.aliases)}`.")
    if spec.more:
        lines.append(spec.more)
    if spec.params:
        lines += ["", "| operand | | default |", "|---|---|---|"]
        lines += [
            f"| `{one.name}` | {_cell(one.doc)} | {f'`{one.default}`' if one.default else ''} |"
            for one in spec.params
        ]
    lines += ["", f"Example: `{spec.example}`"]
    if spec.c:
        lines += ["", f"In C: `{spec.c}`"]
    return [*lines, ""]


def _sentence(text: str) -> str:
    return f"{text[:1].upper()}{text[1:]}."


def _cell(text: str) -> str:
    return text.replace("|", "\\|")
