"""A report of a run in JUnit's format, as CI systems read it: a test case for each `expect`."""

from __future__ import annotations

import platform
import re
from importlib.metadata import version
from typing import TYPE_CHECKING
from xml.etree import ElementTree as ET

from uringlab.lab.batch import Outcome
from uringlab.lab.errors import LineError
from uringlab.lab.parser import parse_line

if TYPE_CHECKING:
    from collections.abc import Iterable
    from pathlib import Path

    from uringlab.lab.batch import Told
    from uringlab.lab.script import Statement
    from uringlab.lab.spec import CommandTable

_NOT_XML = re.compile("[^\t\n\r\x20-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")
"""Characters that XML 1.0 cannot have, in any form."""


class JUnit:
    """The report. Written when it is closed, whatever happened.

    A line that is no `expect` is a case only if it failed; an input without any has one case.

    Attributes:
        run: which run of several; 0: the only one.
    """

    def __init__(self, path: Path) -> None:
        """Open the file; what was in it is gone.

        Raises:
            OSError: it cannot be written.
        """
        self._file = path.open("wb")
        self._root = ET.Element("testsuites", name="uringlab")
        self._suites: dict[str, ET.Element] = {}
        self.run = 0

    def line(self, told: Told) -> None:
        """A line was run."""
        suite = self._suite(told.where)
        suite.set("time", f"{float(suite.get('time', '0')) + told.seconds:.6f}")
        if told.error is None and not _expects(told.text):
            return
        case = self._case(suite, told.where, told.number, told.text)
        case.set("time", f"{told.seconds:.6f}")
        if told.error is None:
            return
        tag = "failure" if told.outcome is Outcome.EXPECTATION else "error"
        first, _, _ = told.error.message.partition("\n")
        problem = ET.SubElement(case, tag, message=_clean(first), type=str(told.outcome))
        problem.text = _clean(told.error.pretty())

    def rest(self, where: str, left: Iterable[Statement], table: CommandTable) -> None:
        """Lines that were not run any more: each `expect` among them is a case that was skipped."""
        suite = self._suite(where)
        for number, text in left:
            try:
                expects = any(one.spec.name == "expect" for one in parse_line(text, table))
            except LineError:
                continue
            if expects:
                case = self._case(suite, where, number, text)
                ET.SubElement(case, "skipped", message="not run: a line before it failed")

    def close(self) -> None:
        """Count, and write."""
        for suite in self._suites.values():
            if suite.find("testcase") is None:  # it ran to its end, and expected nothing
                self._case(suite, suite.get("name", ""), 1, "runs to its end")
            _count(suite)
            self._root.append(suite)
        _count(self._root)
        ET.indent(self._root)
        with self._file:
            ET.ElementTree(self._root).write(self._file, "utf-8", xml_declaration=True)

    def _suite(self, where: str) -> ET.Element:
        name = f"{where} (run {self.run})" if self.run else where
        if name not in self._suites:
            suite = self._suites[name] = ET.Element("testsuite", name=_clean(name), time="0")
            told = ET.SubElement(suite, "properties")
            for key, value in (("uringlab", version("uringlab")), ("kernel", platform.release())):
                ET.SubElement(told, "property", name=key, value=value)
        return self._suites[name]

    @staticmethod
    def _case(suite: ET.Element, where: str, number: int, text: str) -> ET.Element:
        return ET.SubElement(
            suite,
            "testcase",
            classname=_clean(where),
            name=_clean(f"{number}: {' '.join(text.split())}"),
            file=_clean(where),
            line=str(number),
        )


def _expects(text: str) -> bool:
    return text.lstrip().startswith("expect")


def _count(element: ET.Element) -> None:
    element.set("tests", str(len(element.findall(".//testcase"))))
    for attribute, tag in (("failures", "failure"), ("errors", "error"), ("skipped", "skipped")):
        element.set(attribute, str(len(element.findall(f".//testcase/{tag}"))))


def _clean(text: str) -> str:
    r"""With `\xNN` in place of what XML cannot say."""
    return _NOT_XML.sub(lambda found: f"\\x{ord(found[0]):02x}", text)
