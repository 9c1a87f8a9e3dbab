"""Whatever links, names and directories are shuffled: every file that opens lies inside."""

import os
from pathlib import Path

from conftest import Outside
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from uringlab.lab import LineError, Session

EXAMPLES = int(os.environ.get("FUZZ_EXAMPLES", "0")) or 25

NAME = st.sampled_from(["a", "b", "l", "l", "canary", ".."])
PATH = st.lists(NAME, min_size=1, max_size=3).map("/".join)
UP = st.sampled_from(["../../outside", "../../../outside", "{out}", "{in}", "{in}/b", ".."])
ANY = st.one_of(PATH, PATH, st.builds("{}/canary".format, UP), st.builds("{in}/".__add__, PATH))
TARGET = st.one_of(PATH, UP)
DIR = st.sampled_from(["", "", "", " dir=d", " dir=e", " dir=-100"])
NEW_DIR = st.sampled_from(["", "", " new_dir=d", " new_dir=e", " new_dir=-100"])
RESOLVE = st.sampled_from(["", " resolve=beneath", " resolve=in_root", " resolve=no_xdev"])
FLAGS = st.sampled_from(["", "", " flags=link", " flags=async", " flags=hardlink"])
TAKES = st.sampled_from(["submit", "submit; wait 1 timeout=1ms; reap"])
OPENS = " open_flags=directory"
LINE = st.one_of(
    st.builds("mkdirat {}{}{}".format, ANY, DIR, FLAGS),
    st.builds("symlinkat {} {}{}{}".format, TARGET, ANY, DIR, FLAGS),
    st.builds("unlinkat l; symlinkat {} l; openat l/{} open_flags=creat|rdwr".format, TARGET, PATH),
    st.builds("symlinkat {} {}/l; renameat {}/l l; openat l/canary".format, TARGET, PATH, PATH),
    st.builds("renameat {} {}{}{}{}".format, ANY, ANY, DIR, NEW_DIR, FLAGS),
    st.builds("renameat {} {} rename_flags=exchange{}".format, ANY, ANY, FLAGS),
    st.builds("linkat {} {}{}{}".format, ANY, ANY, DIR, NEW_DIR),
    st.builds("linkat {} {} hardlink_flags=symlink_follow{}".format, ANY, ANY, FLAGS),
    st.builds("unlinkat {}{}{}".format, ANY, DIR, FLAGS),
    st.builds("unlinkat {} unlink_flags=removedir{}".format, ANY, DIR),
    st.builds("openat {} open_flags=creat|rdwr{}{}".format, ANY, DIR, FLAGS),
    st.builds("openat {}{}{} -> {}".format, ANY, st.just(OPENS), DIR, st.sampled_from(["d", "e"])),
    st.builds("openat2 {}{}{}{}".format, ANY, RESOLVE, DIR, FLAGS),
    st.builds("setxattr {} user.new x{}".format, ANY, FLAGS),
    st.builds("drop {}".format, st.sampled_from(["d", "e"])),
    st.builds('file f {} text="x"; drop f'.format, ANY),
    TAKES,
    TAKES,
)
SETUPS = st.sampled_from(["ring new r0 entries=16", "ring new r0 flags=sqpoll entries=16"])


@settings(
    max_examples=EXAMPLES,
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture],
)
@given(ring=SETUPS, lines=st.lists(LINE, min_size=10, max_size=60))
def test_every_file_that_opens_lies_inside(tmp_path_factory, monkeypatch, ring, lines):
    here = tmp_path_factory.mktemp("bounds")
    for name in ("scratches", "outside", "inside"):
        (here / name).mkdir()
    for name in ("a", "b"):
        (here / "inside" / name).mkdir()
    (here / "inside" / "b" / "l").symlink_to("a")
    monkeypatch.setattr("tempfile.tempdir", str(here / "scratches"))
    monkeypatch.chdir(here / "outside")
    outside = Outside(here / "outside")
    with Session((here / "inside",)) as session:
        roots = (session.scratch.path, here / "inside")
        session(ring)
        session("do mkdirat a; do mkdirat a/b; do openat a -> d; do openat a/b -> e")
        for line in [*lines, "submit; wait 9 timeout=1ms"]:
            text = line.replace("{out}", str(outside.folder)).replace("{in}", str(here / "inside"))
            try:
                session(text)
            except LineError:
                continue
            for file in session.files():
                leads = Path(os.readlink(f"/proc/self/fd/{file.fd.number}"))
                assert any(one in (leads, *leads.parents) for one in roots), f"{text}: {leads}"
        outside.check(session, "")
    outside.check(session, "")
