"""A path is checked when it is typed, and walked later: what is done in between leads nowhere out.

Each script tries to have something else on the way by then. Each runs as it stands, and goes on
whatever fails; on an ordinary ring, and on one whose kernel thread takes the SQEs by itself.
"""

import os

import pytest

SCRIPTS = {
    "a link that is made before it is opened": (
        "symlinkat {canary} trap flags=link; openat trap open_flags=rdwr -> o",
        "submit; wait 2 timeout=50ms; reap",
        "do read o 100",
        "do write o spoilt",
    ),
    "a link that is moved to where it leads up": (
        "do mkdirat a; do mkdirat a/b; do mkdirat a/b/outside",
        'file f a/b/outside/canary text="decoy"',
        "do symlinkat ../../b/outside a/b/up",
        "do symlinkat outside a/b/down",
        "renameat a/b/down down flags=link; openat down/canary -> o",
        "submit; wait 2 timeout=50ms; reap",
        "do read o 100",
    ),
    "a directory that is moved while a path begins in it": (
        "do mkdirat a; do mkdirat a/b; do openat a/b open_flags=directory -> d",
        "do openat ../../../../outside/canary dir=d -> o; do read o 100",
        "do renameat a/b b",
        "do openat ../../../outside/canary dir=d -> p; do read p 100",
        "do openat x/../../../../outside/canary dir=d -> q; do read q 100",
        "do statx ../../../outside/canary dir=d",
        "do mkdirat ../../../outside/new dir=d",
    ),
    "a directory that the kernel holds a path below, and that is moved": (
        "do mkdirat a; do mkdirat a/b; do openat a/b open_flags=directory -> d",
        "do openat2 ../../../../outside/canary resolve=beneath dir=d -> o; do read o 100",
        "do openat2 {canary} resolve=beneath dir=d -> p; do read p 100",
        "do openat2 {canary} resolve=in_root dir=d -> q; do read q 100",
        "do openat2 ../../outside/canary resolve=in_root -> s; do read s 100",
        "do openat2 ../../outside/canary resolve=no_symlinks -> t; do read t 100",
        "renameat a/b c flags=link; openat2 ../../../outside/canary resolve=beneath dir=d -> u",
        "submit; wait 2 timeout=50ms; reap; do read u 100",
    ),
    "the directory of the process, by its number": (
        "do openat canary dir=-100 open_flags=rdwr -> o; do read o 100",
        "do openat canary dir=4294967196",
        "do unlinkat canary dir=-100",
        "do renameat canary gone dir=-100 new_dir=-100",
        "do linkat canary twin dir=-100 new_dir=-100",
        "do mkdirat new dir=-100; do symlinkat canary new2 dir=-100",
        "do statx canary dir=-100",
        "do openat2 canary dir=-100 resolve=beneath -> p; do read p 100",
        "do openat2 canary dir=-100 resolve=in_root -> q; do read q 100",
    ),
    "hard links": (
        "do linkat {canary} twin",
        "do linkat twin {out}/twin",
        "do symlinkat {canary} l; do linkat l twin hardlink_flags=symlink_follow",
        "do linkat /proc/self/cwd/canary twin hardlink_flags=symlink_follow",
        'do linkat "" {out}/twin hardlink_flags=empty_path',
        'file f x; do linkat "" {out}/twin dir=f hardlink_flags=empty_path',
    ),
    "its own directory, moved or gone": (
        "do renameat . {out}/taken",
        "do renameat . away",
        "do renameat {out} .",
        "do unlinkat . unlink_flags=removedir",
        "do mkdirat a; do renameat a ..",
        "do openat . open_flags=directory -> d; do unlinkat . dir=d unlink_flags=removedir",
        'do unlinkat "" dir=d unlink_flags=removedir',
        "do renameat . b dir=d new_dir=d",
    ),
    "what lies in /proc": (
        "do openat /proc/self/cwd/canary; do openat /proc/self/root{canary}",
        "do symlinkat /proc/self/cwd here; do openat here/canary -> o; do read o 100",
        "file f x; do openat /proc/self/fd/0; do symlinkat /proc/self/fd fds",
    ),
    "attributes by path": (
        "do symlinkat {canary} l",
        "buf b 64; do getxattr {canary} user.leg buf=b; do getxattr l user.leg buf=b",
        "do setxattr {canary} user.new x; do setxattr l user.new x",
    ),
    "files of lines, and files for later": (
        "source {canary}; source ../../outside/canary; source /etc/passwd",
        "file f {canary}; file g ../../outside/new; file h {out}/new",
        "record {out}/new; record ../../outside/new",
        "save {out}/new; save ../../outside/new; save {canary}",
        "record new; record stop",
        "save new",
        "record ..; save .",
    ),
    "sockets at paths": (
        "do socket unix stream -> s; do bind s unix:{out}/new",
        "do symlinkat {out} l; do bind s unix:l/new",
        "do mkdirat a; do symlinkat ../../outside a/l; do bind s unix:a/l/new",
        "do connect s unix:{canary}; do socket unix dgram -> d",
        "do send d x to=unix:{canary}; do sendmsg d x to=unix:../../outside/canary",
    ),
}


@pytest.mark.parametrize("ring", ["ring new r0 entries=32", "ring new r0 flags=sqpoll"])
@pytest.mark.parametrize("script", SCRIPTS.values(), ids=SCRIPTS)
def test_a_script_does_not_get_out(session, attack, script, ring):
    session.unattended = True
    session(ring)
    attack(*script, "submit")


def test_two_rings_that_exchange_a_directory_and_a_link_while_it_is_walked(session, attack):
    session("ring new walks flags=sqpoll entries=256; ring new swaps flags=sqpoll entries=256")
    session("do mkdirat a; do mkdirat b; do mkdirat b/inner; do symlinkat inner b/l")
    attack("do symlinkat ../../outside b/bad; do symlinkat {out} b/worse")
    for _ in range(40):
        session("ring use swaps; repeat 4 renameat a b/l rename_flags=exchange; submit")
        attack(
            "ring use walks",
            "openat b/l/canary open_flags=creat|rdwr; mkdirat a/x; unlinkat b/l/canary; submit",
            "wait 3 timeout=1s; reap; ring use swaps; wait 4 timeout=1s; reap",
        )


def test_a_link_is_what_was_typed(session):
    session('file f x text="here"; do symlinkat x l; do mkdirat a; do symlinkat ./b/..c a/l')
    assert (session.scratch.path / "l").readlink().name == "x"
    assert os.readlink(session.scratch.path / "a" / "l") == "./b/..c"
    assert session("do openat l -> o; do read o 4").endswith("b0='here'")


def test_a_path_begins_at_an_open_directory(session):
    session("do mkdirat a; do openat a open_flags=directory -> d; do mkdirat b dir=d")
    assert (session.scratch.path / "a" / "b").is_dir()
    session("do renameat b c dir=d new_dir=d; do linkat nosuch e dir=d; do renameat c c dir=d")
    assert (session.scratch.path / "c").is_dir()
    assert "4096 bytes" in session('do statx "" dir=d statx_flags=empty_path')


def test_the_kernel_is_asked_where_it_holds_the_path(session):
    session("file f x")
    assert "EXDEV" in session("do openat2 ../x resolve=beneath")
    assert "EXDEV" in session(f"do openat2 {session.scratch.path}/x resolve=beneath")
    assert "EXDEV" not in session("do openat2 x resolve=beneath -> o")
    assert "res=" in session("do openat2 ../../x resolve=in_root -> p; expect p res>0")
