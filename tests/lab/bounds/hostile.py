"""Lines that want out, made from each opcode's own example."""

from uringlab.core.fdroom import FdRoom
from uringlab.core.ops.everything import BY_OPCODE
from uringlab.core.ops.kinds import (
    ClosedFile,
    DirFd,
    File,
    InFile,
    InStructure,
    LinkTarget,
    PathName,
    RegisteredFile,
    RingFile,
    Room,
    SocketAddress,
)
from uringlab.lab.verbs import standard_table

VERBS = {spec.op.opcode: spec.name for spec in standard_table() if spec.op is not None}
OPS = {VERBS[opcode]: op for opcode, op in BY_OPCODE.items()}

PATHS = (
    "{canary}",
    "../../outside/canary",
    "a/../../../outside/canary",
    "/proc/self/cwd/canary",
    "/proc/self/root{canary}",
    "/dev/canary",
    "/",
    "..",
)
TARGETS = ("{canary}", "..", "../canary", "a/../../canary", "/", "./..")
ADDRESSES = (
    "0.0.0.0:9",
    "8.8.8.8:53",
    "224.0.0.1:9",
    "255.255.255.255:9",
    "169.254.169.254:80",
    "[::]:9",
    "[2001:db8::1]:9",
    "[fe80::1]:9",
    "[ff02::1]:9",
    "[::ffff:8.8.8.8]:53",
    "[::ffff:0.0.0.0]:9",
    "unix:{canary}",
    "unix:../../outside/new",
    "unix:/proc/self/cwd/new",
)


def kind_of(one):
    """What an operand is, wherever it lies."""
    return one.kind.kind if isinstance(one.kind, InStructure) else one.kind


def is_fd(kind):
    """Whether a number for it is an fd of this process."""
    if isinstance(kind, Room):
        return kind.of is FdRoom
    return isinstance(kind, (File, DirFd, InFile, ClosedFile, RingFile))


def reaches(kind):
    """Whether it is a way to something that is not the script's."""
    return is_fd(kind) or isinstance(kind, (PathName, SocketAddress))


def operands(wanted):
    """(verb, operand) of every opcode that has one of that kind."""
    for verb, op in sorted(OPS.items()):
        for one in op.operands:
            if wanted(kind_of(one)):
                yield verb, one


def line(verb, one, value):
    """The verb's example, with another value for that operand."""
    words = OPS[verb].example.split(" -> ")[0].replace(" resolve=BENEATH", "").split()
    usage = OPS[verb].usage
    if one.name in usage and usage.index(one.name) + 1 < len(words):
        words[usage.index(one.name) + 1] = value
    else:
        words = [word for word in words if not word.startswith(f"{one.name}=")]
        words.append(f"{one.name}={value}")
    return " ".join(words)


def hostile():
    """(verb, operand's name, line): what must be refused as it stands."""
    for verb, one in operands(reaches):
        kind = kind_of(one)
        if isinstance(kind, LinkTarget):
            values = TARGETS
        elif isinstance(kind, PathName):
            values = PATHS
        elif isinstance(kind, SocketAddress):
            values = ADDRESSES
        elif isinstance(kind, RegisteredFile):
            continue  # a place in the ring's own table: nothing else can be named
        else:
            values = ("{fd}",)
        for value in values:
            yield verb, one.name, line(verb, one, value)
