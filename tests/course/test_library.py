from __future__ import annotations

import pytest

import uringlab
from uringlab.course import library
from uringlab.course.lesson import LessonError


def test_every_lesson_of_the_checkout_is_found_in_order():
    numbers = [one.number for one in library.all_lessons()]
    assert numbers == list(range(1, len(numbers) + 1))
    assert len(numbers) >= 4


@pytest.mark.parametrize("word", ["4", "04", "04-two-tails", "two-tails", "TWO-TAILS"])
def test_a_lesson_is_found_by_number_id_or_name(word):
    assert library.find(word).id == "04-two-tails"


@pytest.mark.parametrize("word", ["0", "99", "", "-4", "two", "²"])
def test_what_does_not_exist_is_a_lookup_error(word):
    with pytest.raises(LookupError, match="no lesson"):
        library.find(word)


def test_a_near_miss_is_told_the_nearest_name():
    with pytest.raises(LookupError, match='Did you mean "two-tails"'):
        library.find("two-tales")


def test_no_lessons_at_all_is_said_without_a_range():
    with pytest.raises(LookupError) as caught:
        library.find("1", ())
    assert str(caught.value) == 'no lesson "1".'


def test_an_installed_package_has_them_inside(good, write, tmp_path, monkeypatch):
    package = tmp_path / "uringlab"
    package.mkdir()
    monkeypatch.setattr(uringlab, "__file__", str(package / "__init__.py"))
    with pytest.raises(FileNotFoundError, match="no lessons"):
        library.folder()
    beside = write(good)
    assert beside == tmp_path / "lessons"
    assert library.folder() == beside
    inside = package / "lessons"
    beside.rename(inside)
    assert library.folder() == inside
    assert [one.id for one in library.all_lessons()] == ["01-small"]


def test_other_files_in_the_folder_are_no_lessons(good, write):
    folder = write(good)
    (folder / "README.md").write_text("# no lesson")
    (folder / "1-one.md").write_text("# no lesson")
    assert [one.id for one in library.all_lessons(folder)] == ["01-small"]


def test_a_file_that_is_not_well_written_is_an_error_of_its_own(write):
    with pytest.raises(LessonError, match=r"01-small\.md:1: the first fence must be the card"):
        library.all_lessons(write("# nothing"))
