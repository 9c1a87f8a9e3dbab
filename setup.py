"""The part of the build that pyproject.toml cannot say: the cffi extension, as abi3."""

from setuptools import setup

setup(
    cffi_modules=["uringlab/core/native/build.py:ffi"],
    options={"bdist_wheel": {"py_limited_api": "cp311"}},
)
