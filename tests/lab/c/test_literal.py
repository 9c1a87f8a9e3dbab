"""Literals, numbers and comments: whatever they hold, C reads back the same."""

import subprocess

from hypothesis import example, given, settings
from hypothesis import strategies as st

from uringlab.lab.c.literal import comment, number, string
from uringlab.lab.c.naming import Names, request_name, ring_name


def c_bytes(literal):
    """What a compiler makes of a literal without its last zero byte."""
    found, at = bytearray(), 0
    simple = {"n": 10, "t": 9, "r": 13, '"': 34, "\\": 92, "?": 63}
    inside = False
    while at < len(literal):
        char = literal[at]
        if not inside:
            assert char in '"\n\t'
            inside = char == '"'
            at += 1
        elif char == '"':
            inside = False
            at += 1
        elif char != "\\":
            found.append(ord(char))
            at += 1
        elif literal[at + 1] in simple:
            found.append(simple[literal[at + 1]])
            at += 2
        else:
            found.append(int(literal[at + 1 : at + 4], 8))
            at += 4
    assert not inside
    return bytes(found)


@given(st.binary(max_size=300))
@example(b'??/"\\\n\0009')
def test_a_string_comes_back_as_it_was(data):
    assert c_bytes(string(data)) == data
    assert "??" not in string(data)


@given(st.text(max_size=80))
@example("*/ int x; /*")
@example("**//")
@example("ends with \\")
@example("a\nb")
def test_a_comment_ends_where_it_should(text):
    said = comment(text)
    assert "*/" not in said
    assert "/*" not in said
    assert "\n" not in said
    assert not said.endswith("\\")
    said.encode()


def test_a_compiler_reads_strings_and_numbers_back(compiler, tmp_path):
    every = bytes(range(256)) + b"??=??/??'\\0123\"" + bytes(reversed(range(256)))
    numbers = [0, 1, -1, 2**31 - 1, -(2**31), 2**31, 2**32 - 1, 2**32, 2**63, 2**64 - 1, -(2**63)]
    shown = "".join(
        f'\tprintf("%llu\\n", (unsigned long long)({number(one)}));\n' for one in numbers
    )
    source = tmp_path / "back.c"
    source.write_text(
        "#include <stdio.h>\nint main(void)\n{\n"
        f"\tfwrite({string(every)}, 1, {len(every)}, stdout);\n\tputchar(10);\n{shown}}}\n"
    )
    argv = [
        compiler,
        "-std=gnu11",
        "-Wall",
        "-Wextra",
        "-Werror",
        str(source),
        "-o",
        str(tmp_path / "b"),
    ]
    assert subprocess.run(argv, capture_output=True, text=True, check=False).stderr == ""
    said = subprocess.run([str(tmp_path / "b")], capture_output=True, check=True).stdout
    assert said[: len(every)] == every
    assert [int(line) for line in said[len(every) :].split()] == [one % 2**64 for one in numbers]


_WORDS = """
    int unix linux errno stdin NULL EOF read write main sqe cqe turn r0 R1 r1 REQ_A s_fd s_fd_count
    ring_a _x __x io_uring_submit size_t pid_t check reap run signal time index ALL O_RDWR bool
    true asm typeof inline memcpy printf requests buffer statx environ
"""
NASTY = _WORDS.split()


def test_names_are_never_words_of_c_or_of_the_program(syntax):
    names = Names()
    variables = [names.declare(name) for name in NASTY for _ in range(2)]
    assert len(set(variables)) == len(variables)
    rings = [ring_name(name) for name in NASTY]
    constants = list(dict.fromkeys(request_name(name) for name in NASTY))
    text = (
        "#define _GNU_SOURCE\n#include <liburing.h>\n#include <poll.h>\n#include <signal.h>\n"
        "#include <stdio.h>\n#include <stdlib.h>\n#include <string.h>\n#include <sys/mman.h>\n"
        "#include <sys/prctl.h>\n#include <sys/wait.h>\n#include <time.h>\n#include <unistd.h>\n"
        f"enum {{ {', '.join(constants)} }};\n"
        f"struct io_uring {', '.join(rings)};\n"
        "int main(void)\n{\n"
        + "".join(f"\tchar *{one} = NULL;\n\t(void){one};\n" for one in variables)
        + "\treturn 0;\n}\n"
    )
    assert syntax([text]) == ""


@settings(max_examples=50)
@given(st.lists(st.sampled_from(NASTY), max_size=30))
def test_each_name_is_handed_out_once(wanted):
    names = Names()
    given_out = [names.declare(name) for name in wanted]
    assert len(set(given_out)) == len(given_out)
    for name in set(wanted):
        assert names.of(name) in given_out
