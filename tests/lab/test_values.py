"""Values as they are typed."""

import errno

import pytest

from uringlab.core.abi import SqeFlags
from uringlab.lab import LineError, Session
from uringlab.lab.lexer import tokens
from uringlab.lab.values import (
    Data,
    Duration,
    FileMode,
    FileOf,
    Integer,
    NewName,
    Ref,
    Text,
    to_errno,
    to_int,
)
from uringlab.lab.verbs.operations import SQE_FLAGS


def read(value, text):
    (token,) = tokens(text)
    return value.read(token)


@pytest.mark.parametrize(
    ("text", "number"),
    [
        ("0", 0),
        ("100", 100),
        ("010", 10),
        ("0x64", 100),
        ("0X64", 100),
        ("0b101", 5),
        ("0o17", 15),
        ("4k", 4096),
        ("4K", 4096),
        ("1M", 1 << 20),
        ("2g", 2 << 30),
        ("0x4k", 4096),
        ("-1", -1),
        ("18446744073709551615", 2**64 - 1),
    ],
)
def test_numbers(text, number):
    assert to_int(text) == number
    assert read(Integer(), text) == number


@pytest.mark.parametrize("text", ["-EIO", "-eio", "-5"])
def test_an_errno_is_a_number_below_zero(text):
    assert read(Integer(), text) == -5


@pytest.mark.parametrize("text", ["EIO", "-ENOSUCH", "-E"])
def test_what_is_no_errno_is_no_number(text):
    with pytest.raises(LineError, match="expected a number"):
        read(Integer(), text)


@pytest.mark.parametrize("text", ["", "x", "0x", "1.5", "4kb", "--1", "1_000", "٣", "9" * 5000])
def test_what_is_no_number(text):
    assert to_int(text) is None


@pytest.mark.parametrize("text", ["18446744073709551616", "-9223372036854775809", "17179869184G"])
def test_a_number_that_nothing_holds_is_refused(text):
    with pytest.raises(LineError):
        read(Integer(), text)


def test_a_number_out_of_bounds_says_the_bounds():
    with pytest.raises(LineError, match="9 is out of range: 1 to 8"):
        read(Integer(1, 8), "9")


@pytest.mark.parametrize(
    ("text", "ns"),
    [
        ("0s", 0),
        ("7ns", 7),
        ("5us", 5_000),
        ("5µs", 5_000),
        ("20ms", 20_000_000),
        ("1.5s", 1_500_000_000),
        ("2m", 120_000_000_000),
    ],
)
def test_times(text, ns):
    assert read(Duration(), text) == ns


@pytest.mark.parametrize("text", ["5", "ms", "-5ms", "5d", "1.s", "0x5ms", '"5ms"'])
def test_a_time_needs_a_number_and_its_unit(text):
    with pytest.raises(LineError, match="a time with its unit, like 20ms or 1s"):
        read(Duration(), text)


@pytest.mark.parametrize("text", ["99999999999s", "9" * 50 + "s", "9" * 400 + "ns"])
def test_a_time_that_no_clock_counts_is_refused(text):
    with pytest.raises(LineError, match="146 years at most"):
        read(Duration(), text)


@pytest.mark.parametrize(
    ("text", "bits"),
    [
        ("io_link", SqeFlags.IO_LINK),
        ("link", SqeFlags.IO_LINK),
        ("LINK", SqeFlags.IO_LINK),
        ("IOSQE_IO_LINK", SqeFlags.IO_LINK),
        ("iosqe_async", SqeFlags.ASYNC),
        ("link|drain", SqeFlags.IO_LINK | SqeFlags.IO_DRAIN),
        ("0x4", SqeFlags.IO_LINK),
        ("async|4", SqeFlags.ASYNC | SqeFlags.IO_LINK),
        ("0", 0),
    ],
)
def test_flags_with_and_without_their_prefix(text, bits):
    assert read(SQE_FLAGS, text) == bits


@pytest.mark.parametrize("text", ["lnk", "link|", "|", "link||drain", "-1", "poll_in"])
def test_an_unknown_flag_is_told_with_those_there_are(text):
    with pytest.raises(LineError, match="There are: fixed_file, io_drain, io_link"):
        read(SQE_FLAGS, text)


def test_errnos():
    assert to_errno("-ECANCELED") == -errno.ECANCELED
    assert to_errno("ecanceled") == -errno.ECANCELED
    assert to_errno("ENONSENSE") is None
    assert to_errno("errorcode") is None
    assert to_errno("5") is None


def test_modes_are_octal():
    assert read(FileMode(), "0644") == 0o644
    assert read(FileMode(), "644") == 0o644
    assert read(FileMode(), "0o600") == 0o600
    for text in ("0999", "rw", "0x1ff", "12345678"):
        with pytest.raises(LineError, match="an octal mode like 0644"):
            read(FileMode(), text)


def test_an_fd_is_a_name_or_a_number_that_an_sqe_can_hold():
    assert read(FileOf(), "f") == Ref("f")
    assert read(FileOf(), "-1") == -1
    with pytest.raises(LineError, match="out of range"):
        read(FileOf(), "2147483648")
    with pytest.raises(LineError, match="a name, a number, or fixed:N"):
        read(FileOf(), '"f"')


def test_data_is_a_string_or_a_buffer():
    assert read(Data(), '"f"') == Text("f")
    assert read(Data(), "b0") == Ref("b0")


def test_a_name_is_made_of_letters_digits_and_underscores():
    assert read(NewName(), "_a1") == "_a1"
    for text in ("1a", "a-b", "a.b", '"a"', "é"):
        with pytest.raises(LineError, match="a name"):
            read(NewName(), text)


@pytest.mark.parametrize(
    ("typed", "data"),
    [
        ("hello", b"hello"),
        (r"\x00\xff\n", b"\x00\xff\n"),
        ("é", "é".encode()),
        (r"é\xe9", "é".encode() + b"\xe9"),
        ("€", "€".encode()),
        ("\udcff", b"\xff"),  # a byte that was no text on the command line
    ],
)
def test_a_string_is_utf_8_and_its_escapes_are_bytes(typed, data):
    with Session() as session:
        session.run(f'file f x text="{typed}"')
        assert (session.scratch.path / "x").read_bytes() == data
        session.run(f'expect f text="{typed}" size={len(data)}')
