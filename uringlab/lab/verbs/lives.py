"""`show requests` and `show r1`: the lives of requests, in text and as JSON."""

from __future__ import annotations

from typing import TYPE_CHECKING

from uringlab.core.abi import CqeFlags
from uringlab.core.abi.named import flag_names
from uringlab.core.errors import errno_text
from uringlab.observe.cause import cause_of, origin_of
from uringlab.observe.request import Part, State, Tied

if TYPE_CHECKING:
    from uringlab.lab.names import RequestThing, RingThing
    from uringlab.lab.session import Session
    from uringlab.observe.request import Completion, Request, When
    from uringlab.observe.requests import Requests

NEWEST = 32
_MS = 1_000_000
_PARTS = {
    Part.MORE: "more will come",
    Part.NOTIF: "notification: the buffer is yours again",
    Part.FINAL: "final",
}


def show_requests(session: Session, thing: RingThing) -> str:
    """The newest requests of a ring, a line each; then what nobody asked for."""
    thing.observer.look()
    requests = session.requests
    lines = [request_line(one, requests) for one in requests.newest(thing.name, NEWEST)]
    for stray in requests.strays:
        if stray.ring == thing.name:
            cqe = stray.cqe
            lines.append(
                f"?     user_data={cqe.user_data} res={cqe.res}   {origin_of(stray, requests)}"
            )
    if not lines:
        return f"no request on {thing.name} yet"
    ring = requests.rings.get(thing.name)
    if ring is not None and ring.overflow:
        lines.append(
            "CQ_OVERFLOW: CQEs wait in the kernel for room. Of those in flight some have ended: "
            "reap, then enter flags=getevents"
        )
    return "\n".join(lines)


def request_line(one: Request, requests: Requests) -> str:
    """`r1    READ          seen        res=5   ≤ 12 µs   linked to r0`."""
    result = one.result
    text = ""
    if result is not None:
        text = f"res={result.res}" + (f" ({errno_text(result.res)})" if result.res < 0 else "")
    if one.count > 1:
        text += f" ×{one.count}"
    parts = [text, kernel_time(one), *remarks(one, requests)]
    name = one.name or f"user_data={one.user_data}"
    head = f"{name:<5} {one.decoded().name:<13} {one.state:<10}"
    return "  ".join([head, *(part for part in parts if part)])


def kernel_time(one: Request) -> str:
    """How long the kernel had it: at most."""
    if one.consumed is None or one.final is None:
        return ""
    return f"≤ {span(one.completions[-1].posted.time_ns - one.consumed.since_ns)}"


def remarks(one: Request, requests: Requests) -> list[str]:
    """What ties it to others, what cancelled it, and what is doubtful about it."""
    out = []
    if one.tie is not None:
        out.append(_tie(one, requests))
    if one.drain:
        behind = f" ({one.behind} were in flight)" if one.consumed is not None else ""
        out.append(f"drain: waits for all before it{behind}, and all after it wait for it")
    cause = cause_of(one, requests)
    if cause is not None:
        out.append(cause.text())
    if one.shared:
        out.append(
            f"⚑ user_data {one.user_data} was in use twice at once: a CQE cannot say whose it is"
        )
    elif one.use > 1:
        out.append(f"the {one.use}. with user_data {one.user_data}")
    if one.state is State.GONE:
        out.append("its ring was closed first")
    return out


def _tie(one: Request, requests: Requests) -> str:
    if one.tie is None:
        return ""
    other = requests.numbered(one.tie.to)
    who = "the one before" if other is None else other.name or f"user_data={other.user_data}"
    if one.tie.cut:
        return f"not linked to {who} after all: they were not submitted together"
    return {
        Tied.LINK: f"linked: starts when {who} succeeds",
        Tied.HARDLINK: f"hard-linked: starts when {who} ends",
        Tied.GUARD: f"guards {who}: cancels it when the time is over",
    }[one.tie.kind]


def show_request(session: Session, thing: RequestThing) -> str:
    """A request's life: each step, when, and how surely that is known."""
    one, requests = thing.request, session.requests
    start = one.staged.time_ns
    lines = [f"{thing.name}: {one.decoded()}", f"  user_data {one.user_data}   {one.state}"]
    steps: list[tuple[str, When | None]] = [
        ("staged", one.staged),
        ("published", one.published),
        ("consumed", one.consumed),
        ("taken back", one.taken_back),
        ("its ring was closed", one.gone),
        ("its CQE was missed", one.missed),
    ]
    lines += [_step(label, when, start) for label, when in steps if when is not None]
    dropped = one.count - len(one.completions)
    for place, each in enumerate(one.completions):
        if place == 1 and dropped:
            lines.append(f"  … {dropped} more CQEs")
        lines += _completion(each, start)
    lines += [f"  {text}" for text in remarks(one, requests)]
    if one.silent:
        lines.append("  silent: no CQE if it succeeds")
    ring = requests.rings.get(one.ring)
    if one.state is State.IN_FLIGHT and ring is not None and ring.overflow:
        lines.append("  its CQE may wait in the kernel: CQ_OVERFLOW is set")
    return "\n".join(lines)


def _completion(one: Completion, start: int) -> list[str]:
    cqe = one.cqe
    flags = f" flags={flag_names(CqeFlags, cqe.flags & 0xFFFF)}" if cqe.flags & 0xFFFF else ""
    meaning = f" ({errno_text(cqe.res)})" if cqe.res < 0 else ""
    label = f"posted res={cqe.res}{meaning}{flags}: {_PARTS[one.part]}"
    lines = [_step(label, one.posted, start)]
    if one.seen is not None:
        lines.append(_step("seen", one.seen, start))
    return lines


def _step(label: str, when: When, start: int) -> str:
    time = f"{(when.time_ns - start) / 1e6:>10.3f} ms"
    if when.exact:
        return f"  {time}  {label}"
    earliest = max(0, when.since_ns - start) / 1e6
    return f"  {time}  {label}   (between {earliest:.3f} and {time.strip()})"


def span(ns: int) -> str:
    """A length of time, in the unit that fits."""
    if ns < _MS:
        return f"{ns / 1e3:.0f} µs"
    return f"{ns / _MS:.1f} ms" if ns < 1_000 * _MS else f"{ns / 1e9:.1f} s"


# -- as JSON ---------------------------------------------------------------------------------


def one_json(one: Request, requests: Requests) -> dict[str, object]:
    """A life, with what cancelled it."""
    cause = cause_of(one, requests)
    found = None
    if cause is not None:
        number = None if cause.request is None else cause.request.number
        found = {"by": str(cause.by), "request": number}
    return {**one.to_json(), "cancelled": found}


def life_json(session: Session, thing: RequestThing) -> dict[str, object]:
    """For `show r1`."""
    return {"request": one_json(thing.request, session.requests)}


def requests_json(session: Session, thing: RingThing) -> dict[str, object]:
    """For `show requests`."""
    requests = session.requests
    ring = requests.rings.get(thing.name)
    return {
        "overflow": ring is not None and ring.overflow,
        "requests": [one_json(one, requests) for one in requests.newest(thing.name, NEWEST)],
        "strays": [
            {
                "user_data": one.cqe.user_data,
                "res": one.cqe.res,
                "flags": one.cqe.flags,
                "posted": list(one.posted),
                "origin": origin_of(one, requests),
            }
            for one in requests.strays
            if one.ring == thing.name
        ],
    }
