"""Sockets stay on this machine: kinds, addresses, LISTEN, options. Unless --allow-network."""

import socket

import pytest
from ports import listening

from uringlab.core.abi import Opcode
from uringlab.lab import LineError, Session
from uringlab.lab.bounds.network import check_found


@pytest.fixture
def quiet():
    """Nothing that can be reached from outside is there afterwards that was not before."""
    before = listening()
    yield
    assert listening() <= before


@pytest.fixture
def network(tmp_path, monkeypatch):
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path))
    with Session(allow_network=True) as made:
        yield made


def family_of(session, name):
    found = socket.socket(fileno=session.file(name).fd.number)
    family = found.family
    found.detach()
    return family


@pytest.mark.parametrize(
    "line",
    [
        "socket inet raw",
        "socket inet6 raw",
        "socket inet rdm",
        "socket 16 raw",  # netlink
        "socket 17 dgram",  # packets
        "socket 40 stream",  # to the host of a virtual machine
        "socket 38 seqpacket",  # the kernel's ciphers
        "socket inet stream protocol=132",
        "socket inet dgram protocol=1",
        "socket inet stream protocol=262",
        "socket inet 2050",
        "socket inet dgram slot=0",
        "socket inet6 dgram slot=alloc",
    ],
)
def test_a_socket_of_another_kind_is_refused(session, line):
    with pytest.raises(LineError, match="--allow-network|expected one of"):
        session.run(line)
    assert session.current is None


@pytest.mark.parametrize(
    "line",
    [
        "socket inet stream",
        "socket inet6 dgram protocol=17",
        "socket unix seqpacket",
        "socket unix dgram slot=alloc",
        "socket inet stream slot=0 socket_flags=nonblock",
    ],
)
def test_the_usual_sockets_are_not(session, line):
    session.run(line)


@pytest.mark.parametrize(
    "address", ["127.0.0.1:0", "127.0.0.2:0", "[::1]:0", "[::ffff:127.0.0.1]:0", "unix:door"]
)
def test_addresses_of_this_machine_are_not_refused(session, address):
    session.run(f"do socket inet stream -> s; bind s {address}; connect s {address}")


def test_a_socket_that_somebody_else_has_bound_is_no_address(session, outside):
    with socket.socket() as listener:
        listener.bind(("0.0.0.0", 0))  # noqa: S104 - that is what is refused
        with pytest.raises(LineError, match="is every address of this machine"):
            check_found(listener.getsockname())
    with pytest.raises(LineError, match="others can reach"):
        check_found("\0abstract")


# -- LISTEN --------------------------------------------------------------------------------

LISTENS = {
    "at once": ("do socket inet stream -> s; do listen s; listen s; submit",),
    "of the other family": ("do socket inet6 stream -> s; do listen s",),
    "behind a BIND that fails": (
        "do socket inet stream -> s; listener door port=0",
        "bind s door flags=link; listen s; submit; wait 2 timeout=50ms",
        "bind s door flags=hardlink; listen s; submit; wait 2 timeout=50ms",
    ),
    "behind a BIND that the kernel does not even begin": (
        "do socket inet stream -> s",
        "bind s 127.0.0.1:0 flags=link personality=99; listen s; submit; submit",
    ),
    "a chain that is cut": (
        "do socket inet stream -> s; listener door",
        "bind s door flags=link; listen s; publish; enter 1; enter 1",
    ),
    "by its number, before it is there": (
        "listener door; repeat 3 listen 12; repeat 3 listen 13; do socket inet stream; submit",
        "repeat 9 do socket inet stream; submit; wait 1 timeout=20ms",
    ),
    "at a number that is another's by then": (
        "do socket inet stream -> s; do bind s 127.0.0.1:0; listen s -> l",
        "drop s; close s; ring new r1",
        "do close s; do socket inet stream -> t; ring use r0; submit",
        "wait 1 timeout=50ms; reap; do close s; do socket inet stream -> t; do listen s",
    ),
    "behind a time, closed meanwhile": (
        "do socket inet stream -> s; do bind s 127.0.0.1:0",
        "timeout 20ms flags=hardlink; listen s -> l; submit",
        "close s; submit; do socket inet stream -> t; wait 2 timeout=100ms; reap",
    ),
    "with a CQE that nobody sees": (
        "do socket inet stream -> s; do bind s 127.0.0.1:0",
        "timeout 20ms flags=hardlink; listen s flags=cqe_skip_success; submit",
        "close s; submit; do socket inet stream -> t; wait 2 timeout=100ms; reap",
    ),
    "a connection that breaks": (
        "listener door; do socket inet stream -> s; do connect s door; accept door -> a",
        "submit; wait 1 timeout=1s; reap; close a; submit; do listen s; listen s; submit",
    ),
    "a bind that was refused": (
        "do socket inet stream -> s; do bind s 0.0.0.0:0; do bind s [::]:0; do listen s",
    ),
}


@pytest.mark.usefixtures("quiet")
@pytest.mark.parametrize("ring", ["ring new r0 entries=32", "ring new r0 flags=sqpoll"])
@pytest.mark.parametrize("script", LISTENS.values(), ids=LISTENS)
def test_nothing_listens_where_others_can_reach_it(attack, session, script, ring):
    session(ring)
    before = listening()
    attack(*script)
    assert listening() <= before


def test_what_is_bound_may_listen(session):
    session("do socket inet stream -> s; do bind s 127.0.0.1:0; do listen s -> r1; expect r1 res=0")
    session("do socket unix stream -> u; do bind u unix:door; do listen u -> r2; expect r2 res=0")
    session("listener l; do listen l -> r3; expect r3 res=0")
    session("pipe in out; do listen in -> r4; expect r4 res=-ENOTSOCK")
    session("do listen -1 -> r5; expect r5 res=-EBADF")


def test_what_is_told_is_what_to_do(session):
    session("do socket inet stream -> s")
    with pytest.raises(LineError, match="every address of this machine: bind it first") as why:
        session("listen s")
    assert why.value.hint == "do bind s 127.0.0.1:0"
    assert "--allow-network" in why.value.message


@pytest.fixture
def table(session):
    """A ring with a table of registered files."""
    session("ring new r0 entries=32")
    session.ring().ring.files.sparse(4)
    return session


FIXED = {
    "not bound": ("do socket inet stream slot=0; do listen fixed:0",),
    "bound, and replaced": (
        "do socket inet stream slot=0; do bind fixed:0 127.0.0.1:0",
        "do socket inet stream slot=0; do listen fixed:0",
    ),
    "bound, and replaced while LISTEN waits": (
        "do socket inet stream slot=0; do bind fixed:0 127.0.0.1:0; listen fixed:0",
        "socket inet stream slot=0; close fixed:0; close slot=0; openat x slot=0; accept -1 slot=0",
        "do socket inet stream -> s; files_update s slot=0; files_update s,s",
        "ring new r1; do socket inet stream slot=0; msg_ring r0 file=0 slot=0; ring use r0",
        "submit",
    ),
    "bound while it is being replaced": (
        "do socket inet stream slot=0",
        "bind fixed:0 127.0.0.1:0; socket inet stream slot=0; submit; wait 2; reap",
        "do listen fixed:0",
    ),
    "replaced, and bound before that is known": (
        "do socket inet stream slot=0",
        "socket inet stream slot=0 flags=async; bind fixed:0 127.0.0.1:0; submit; wait 2; reap",
        "do listen fixed:0",
    ),
    "replaced by one that does not say so": (
        "do socket inet stream slot=0",
        "socket inet stream slot=0 flags=async|cqe_skip_success; submit",
        "do bind fixed:0 127.0.0.1:0; do listen fixed:0",
    ),
    "all in one chain": (
        "socket inet stream slot=0 flags=link; bind fixed:0 127.0.0.1:0 flags=link",
        "listen fixed:0; submit; wait 2 timeout=50ms; reap; do listen fixed:0",
    ),
    "another ring's place": (
        "do socket inet stream slot=0; do bind fixed:0 127.0.0.1:0; ring new r1; do listen fixed:0",
    ),
    "a ring of the same name": (
        "do socket inet stream slot=0; do bind fixed:0 127.0.0.1:0; ring close r0; ring new r0",
        "do listen fixed:0",
    ),
}


@pytest.mark.parametrize("script", FIXED.values(), ids=FIXED)
def test_a_registered_socket_does_not_listen_where_others_can_reach_it(attack, table, script):
    before = listening()
    said = attack(*script)
    assert listening() <= before
    assert any("refused" in one for one in said)


def test_a_registered_socket_that_is_bound_may_listen(table):
    table("do socket inet stream slot=1; do bind fixed:1 127.0.0.1:0; do listen fixed:1 -> r")
    table("expect r res=0")
    with pytest.raises(LineError, match="LISTEN on a socket that is not bound"):
        table("do close fixed:1; do listen fixed:1")


@pytest.mark.parametrize(
    "line",
    [
        "register files_update 0 s",
        "register files_update 0 none",
        "unregister files",
        "register files s",
        "register files sparse=8",
    ],
)
def test_a_register_call_that_changes_the_table_waits_for_listen(table, line):
    table("do socket inet stream slot=0; do bind fixed:0 127.0.0.1:0")
    table("do socket inet stream -> s")
    table("listen fixed:0")
    with pytest.raises(LineError, match="would find another file in fixed:0"):
        table.run(line)


def test_a_socket_that_is_bound_is_so_among_the_registered_files(table):
    table("do socket inet stream -> s; do bind s 127.0.0.1:0; do socket inet stream -> t")
    table("register files_update 1 s,t; do listen fixed:1 -> r; expect r res=0")
    with pytest.raises(LineError, match="fixed:2 is not known to be bound"):
        table("listen fixed:2")
    table("socket inet stream slot=3; register files_update 3 s; submit")
    with pytest.raises(LineError, match="fixed:3 is not known to be bound"):
        table("listen fixed:3")
    table("unregister files; register files t,s; do listen fixed:1 -> q; expect q res=0")


def test_nothing_is_known_of_a_table_that_a_register_call_has_changed(table):
    table("do socket inet stream slot=0; do bind fixed:0 127.0.0.1:0")
    table("do socket inet stream slot=1; bind fixed:1 127.0.0.1:0")
    table("register files_update 2 none")
    for line in ("listen fixed:0", "submit; wait 1; reap; listen fixed:1"):
        with pytest.raises(LineError, match="is not known to be bound"):
            table(line)


def test_what_listens_does_not_wait_for_others(table):
    table("do socket inet stream slot=0; do bind fixed:0 127.0.0.1:0; listen fixed:0")
    for line in ("close fixed:0", "socket unix stream slot=0", "openat x slot=0"):
        with pytest.raises(LineError, match="would find another file in fixed:0"):
            table(line)
    table("socket unix stream slot=1; socket unix stream slot=alloc; submit; wait 3; reap")
    table("do close fixed:0 -> c; expect c res=0")


# -- datagrams -----------------------------------------------------------------------------


@pytest.mark.parametrize("family", ["inet", "inet6"])
@pytest.mark.parametrize("line", ["send u x", "write u x", "send u x to={to}", "connect u {other}"])
def test_a_datagram_socket_that_the_kernel_binds_hears_the_loopback_device_only(
    session, family, line
):
    session(f"do socket {family} dgram -> u")
    to, other = ("127.0.0.1:9", "[::1]:9") if family == "inet" else ("[::1]:9", "127.0.0.1:9")
    session("do " + line.format(to=to, other=other).replace(" x", ' "x"'))
    device = bytearray(16)
    found = socket.socket(fileno=session.file("u").fd.number)
    device = found.getsockopt(socket.SOL_SOCKET, socket.SO_BINDTODEVICE, 16)
    found.detach()
    assert device.rstrip(b"\0") == b"lo"


# -- options -------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("level", "option"),
    [
        (0, 4),  # IP_OPTIONS: a source route leads packets for 127.0.0.1 elsewhere
        (0, 19),  # IP_TRANSPARENT
        (0, 32),  # IP_MULTICAST_IF
        (0, 35),  # IP_ADD_MEMBERSHIP
        (1, 6),  # SO_BROADCAST
        (1, 16),  # SO_PASSCRED: a unix socket gets an abstract name
        (1, 25),  # SO_BINDTODEVICE
        (1, 36),  # SO_MARK
        (1, 33),  # SO_RCVBUFFORCE
        (1, 76),  # SO_PASSPIDFD
        (6, 19),  # TCP_REPAIR
        (6, 31),  # TCP_ULP
        (6, 13),  # TCP_CONGESTION
        (41, 20),  # IPV6_JOIN_GROUP
        (41, 57),  # IPV6_RTHDR
        (17, 100),  # UDP_ENCAP
        (255, 3),  # IP_HDRINCL
    ],
)
def test_an_option_that_does_more_than_its_socket_is_refused(session, level, option):
    session("do socket inet stream -> s; buf b text=1234")
    with pytest.raises(LineError, match="start with --allow-network|nobody would own|addresses"):
        session(f"uring_cmd s setsockopt level={level} optname={option} value=b")


def test_harmless_options_are_set(session, requires):
    requires(opcode=Opcode.URING_CMD)
    session(r'do socket inet stream -> s; buf b text="\x01\0\0\0"')
    for level, option in ((1, 2), (1, 9), (6, 1), (0, 2)):
        session(f"do uring_cmd s setsockopt level={level} optname={option} value=b -> r{option}x")
        session(f"expect r{option}x res=0")


def test_an_fd_that_nobody_would_own_is_not_asked_for(network):
    network("sockets a b; buf b0 4")
    for line in ("getsockopt optname=77", "setsockopt optname=76"):
        with pytest.raises(LineError, match="brings an fd that nobody would own"):
            network(f"uring_cmd a {line} value=b0")


# -- with --allow-network ------------------------------------------------------------------


def test_every_address_is_allowed_then(network):
    network("do socket inet stream -> s; do bind s 0.0.0.0:0; do listen s -> l; expect l res=0")
    network("do socket inet stream -> t; do listen t -> m; expect m res=0")
    port = socket.socket(fileno=network.file("s").fd.number)
    number = port.getsockname()[1]
    port.detach()
    network(f"do socket inet stream -> c; do connect c 127.0.0.2:{number} -> r; expect r res=0")
    network(f"do socket inet stream -> d; do connect d 0.0.0.0:{number} -> q; expect q res=0")
    network("do socket inet stream -> e; do connect e s -> p; expect p res=0")


def test_every_kind_of_socket_is_allowed_then(network):
    network("do socket 16 3 -> n; do socket inet dgram -> u")
    assert family_of(network, "n") == socket.AF_NETLINK
    found = socket.socket(fileno=network.file("u").fd.number)
    device = found.getsockopt(socket.SOL_SOCKET, socket.SO_BINDTODEVICE, 16)
    found.detach()
    assert device == b""
    network(r'buf b text="\x01\0\0\0"; do uring_cmd u setsockopt level=1 optname=6 value=b -> r')
    network("expect r res=0")
