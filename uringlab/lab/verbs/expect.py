"""`expect`: hold the ring to account."""

from __future__ import annotations

from typing import TYPE_CHECKING

from uringlab.lab.expectation import check, parse
from uringlab.lab.reply import data
from uringlab.lab.spec import CommandSpec

if TYPE_CHECKING:
    from collections.abc import Iterator

    from uringlab.lab.reply import Reply
    from uringlab.lab.session import Session
    from uringlab.lab.spec import Command


def _expect(session: Session, command: Command) -> Iterator[Reply]:
    expectation = parse(command)
    check(session, expectation)
    yield data(f"ok  {command.text}", type="expect", ok=True, line=command.text)


SPECS = (
    CommandSpec(
        "expect",
        "fail unless something holds",
        _expect,
        "expect sq.staged=0 cq.ready=0",
        "holding to account",
        check=parse,
        raw="[within TIME] [NAME] CONDITION… [after REQUEST]",
        more="Conditions: sq.staged=8, cq.ready>=1, r1 res=5 state=seen, r2 res=-ECANCELED "
        'after r1, order r1 r3 r2, b0 text="hello", f size=5, memory.4=1, inflight=0, '
        "call io_uring_enter res=-EBADF count=2, requests failed=1 in_flight=0 seen=3. "
        "Signs: = != < <= > >=, and ranges as in res=1..3. Of a ring: sq.head sq.tail sq.local "
        "sq.staged sq.pending sq.free sq.entries sq.flags sq.dropped cq.head cq.tail cq.ready "
        "cq.entries cq.overflow inflight memory.OFFSET. Of a request: res flags buffer state op "
        "cqes user_data.",
    ),
)
