"""The part of the build that pyproject.toml cannot say: the cffi extension, as abi3."""

from pathlib import Path

from setuptools import setup
from setuptools.command.build_py import build_py

LESSONS = Path("lessons")


class BuildWithLessons(build_py):
    """Puts the lessons of the top folder into the wheel, as uringlab/lessons/.

    A checkout and an editable install read them where they lie: see course/library.py.
    """

    def run(self) -> None:
        """Copy the modules, then the lessons."""
        super().run()
        if self.editable_mode:
            return
        target = Path(self.build_lib) / "uringlab" / "lessons"
        self.mkpath(str(target))
        for lesson in sorted(LESSONS.glob("*.md")):
            self.copy_file(str(lesson), str(target / lesson.name))


setup(
    cffi_modules=["uringlab/core/native/build.py:ffi"],
    cmdclass={"build_py": BuildWithLessons},
    options={"bdist_wheel": {"py_limited_api": "cp311"}},
)
