"""Allowed directories: what is below them may be used, and nothing in them leads out."""

import os

import pytest

from uringlab.lab import LineError, Session
from uringlab.lab.bounds.roots import Roots


@pytest.fixture
def inside(tmp_path):
    folder = tmp_path / "inside"
    (folder / "a" / "b").mkdir(parents=True)
    (folder / "data").write_text("data")
    return folder


@pytest.mark.parametrize(
    ("place", "target"),
    [
        ("l", "/etc"),
        ("l", ".."),
        ("a/l", "../data"),  # inside, for as long as `a` is not renamed
        ("a/b/l", "../../../outside/canary"),
        ("a/b/l", "c/.."),
        ("l", "{canary}"),
        ("l", "/proc/self/cwd"),
        ("a/l", "{inside}/../outside"),
        ("a/l", "{inside}2"),
    ],
)
def test_a_directory_with_a_link_that_could_lead_out_is_not_allowed(inside, outside, place, target):
    text = target.format(canary=outside.canary, inside=inside)
    (inside / place).symlink_to(text)
    with pytest.raises(LineError, match="in it is a link that could lead out") as why:
        Session((inside,))
    assert f"{inside / place} -> {text}" in why.value.message


@pytest.mark.parametrize("target", ["data", "b/x", "./nosuch", "..data", "{inside}/data"])
def test_links_that_lead_down_or_into_what_is_allowed_are_followed(inside, outside, target):
    (inside / "a" / "data").write_text("data")
    (inside / "a" / "l").symlink_to(target.format(inside=inside))
    with Session((inside,)) as session:
        said = session(f"do openat {inside}/a/l open_flags=creat|rdwr")
        assert "res=-" not in said


def test_a_link_between_two_allowed_directories_is_followed(inside, tmp_path):
    (tmp_path / "other").mkdir()
    (inside / "l").symlink_to(tmp_path / "other")
    with pytest.raises(LineError, match="could lead out"):
        Roots([inside])
    with Session((inside, tmp_path / "other")) as session:
        assert "res=0" in session(f"do mkdirat {inside}/l/new")
    assert (tmp_path / "other" / "new").is_dir()


def test_a_directory_may_be_said_by_a_link_to_it(inside, outside, tmp_path, attack):
    (tmp_path / "way").symlink_to(inside)
    with Session((tmp_path / "way",)) as session:
        session(f'file f {tmp_path}/way/x text="1"; file g {inside}/y text="2"')
        attack(f"file h {tmp_path}/way/../outside/canary", session=session)
    assert (inside / "x").read_text() == "1"


@pytest.mark.parametrize("ring", ["ring new r0 entries=32", "ring new r0 flags=sqpoll"])
def test_a_script_does_not_get_out_of_an_allowed_directory(inside, outside, attack, ring):
    (inside / "a" / "down").symlink_to("b")
    with Session((inside,)) as session:
        session(ring)
        attack(
            f"do openat {inside} open_flags=directory -> d",
            "do openat ../outside/canary dir=d; do openat2 ../outside/canary dir=d resolve=beneath",
            f"do symlinkat ../outside {inside}/l; do symlinkat {{out}} {inside}/l",
            f"do symlinkat {inside}/data back",
            f"do renameat {inside}/a/down {inside}/down; do openat {inside}/down/../../outside/new",
            f"do renameat {inside} {{out}}/taken; do renameat {inside} {inside}2",
            f"do unlinkat {inside} unlink_flags=removedir",
            f"do linkat {inside}/data twin; do linkat twin {{out}}/twin",
            f"file f {inside}2; file f {inside}/../outside/new; record {inside}/../new",
            "submit",
            session=session,
        )
    assert inside.is_dir()


def test_an_empty_allowed_directory_stays(tmp_path):
    (tmp_path / "empty").mkdir()
    with Session((tmp_path / "empty",)) as session, pytest.raises(LineError, match="it stays"):
        session(f"unlinkat {tmp_path}/empty unlink_flags=removedir")


def test_everything_can_be_allowed(outside, tmp_path):
    with Session("/") as session:
        session(f"do symlinkat {outside.canary} l; do openat l -> o; do read o 7")
        session(f"file f {tmp_path}/new")
    assert (tmp_path / "new").exists()


def test_a_directory_that_cannot_be_searched_is_not_allowed(inside, monkeypatch):
    def scandir(path):
        raise PermissionError(13, "Permission denied", path)

    monkeypatch.setattr(os, "scandir", scandir)
    with pytest.raises(LineError, match="cannot be searched for links.*: Permission denied"):
        Roots([inside])


def test_a_directory_with_more_than_can_be_looked_at_is_not_allowed(inside, monkeypatch):
    monkeypatch.setattr("uringlab.lab.bounds.roots.MOST_ENTRIES", 2)
    with pytest.raises(LineError, match="more than 2 entries: allow a smaller directory"):
        Roots([inside])


def test_what_is_no_directory_is_not_allowed(inside):
    for path in (inside / "data", inside / "nosuch"):
        with pytest.raises(LineError, match="cannot be searched"):
            Roots([path])


def test_one_directory_is_not_a_list_of_letters(inside, outside, attack):
    for allowed in (str(inside), inside):
        with Session(allowed) as session:
            assert session.allowed_paths == (inside,)
            session(f"file f {inside}/data")
            attack("file g {canary}", session=session)


def test_a_reset_keeps_what_is_allowed(inside):
    with Session((inside,), allow_network=True) as session:
        session(f"reset; file f {inside}/data; expect f text=data")
        session("do socket inet stream -> s; do bind s 0.0.0.0:0 -> r; expect r res=0")
