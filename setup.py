"""The part of the build that pyproject.toml cannot say: the extensions, as abi3."""

from pathlib import Path

from setuptools import Extension, setup
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
    ext_modules=[
        Extension(
            "uringlab.core.native._fast",
            [
                f"uringlab/core/native/{name}.c"
                for name in ("fast", "room", "cqes", "turn", "sample")
            ],
            define_macros=[("Py_LIMITED_API", "0x030b0000")],
            extra_compile_args=["-std=gnu11", "-O2", "-Wall", "-Wextra", "-Wno-unused-parameter"],
            depends=["uringlab/core/native/api.h", "uringlab/core/native/fast.h"],
            py_limited_api=True,
        )
    ],
    cmdclass={"build_py": BuildWithLessons},
    options={"bdist_wheel": {"py_limited_api": "cp311"}},
)
