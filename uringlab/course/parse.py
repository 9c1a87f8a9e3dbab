"""A Markdown file into a lesson. Whatever is wrong with it is said with its file and line."""

from __future__ import annotations

import re
import tomllib
from dataclasses import dataclass, field
from itertools import pairwise
from typing import TYPE_CHECKING, Any, NoReturn

from markdown_it import MarkdownIt

from uringlab.course.lesson import Goal, Lesson, LessonError, Line, Script, Step, Wrong
from uringlab.course.needs import known_need
from uringlab.course.words import commands_in, known_word
from uringlab.lab.errors import LineError, did_you_mean
from uringlab.lab.expectation import parse as parse_expectation
from uringlab.lab.lexer import tokens as lex
from uringlab.lab.parser import parse_line
from uringlab.lab.verbs import standard_table

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from markdown_it.token import Token

    from uringlab.lab.spec import Command, CommandTable

WHY = "why it worked"
FURTHER = "go further"
ROLES = ("setup", "goal", "hint", "solution", "wrong", "example")
CARD: dict[str, type] = {"id": str, "title": str, "needs": list, "teaches": list, "minutes": int}
_ID = re.compile(r"(\d\d)-[a-z0-9]+(-[a-z0-9]+)*")
_WRONG = re.compile(r'wrong\s+"([^"]+)"')


@dataclass
class _Fence:
    """A fence with a role: what it says after `uring`, where it begins, its lines with numbers."""

    info: str
    line: int
    lines: list[tuple[int, str]]

    @property
    def role(self) -> str:
        return self.info.split()[0] if self.info else ""


@dataclass
class _Section:
    """A stretch of the file under one heading: its prose, and its fences that have a role."""

    kind: str
    title: str
    line: int
    prose: list[str] = field(default_factory=list)
    fences: list[_Fence] = field(default_factory=list)

    def text(self) -> str:
        return re.sub(r"\n{3,}", "\n\n", "\n".join(self.prose)).strip()

    def of(self, role: str) -> list[_Fence]:
        return [fence for fence in self.fences if fence.role == role]


def parse_lesson(text: str, path: Path, table: CommandTable | None = None) -> Lesson:
    """Read a lesson.

    Raises:
        LessonError: `file:line: what is wrong, what was expected`.
    """
    return _Parser(text, path, table or standard_table()).lesson()


class _Parser:
    def __init__(self, text: str, path: Path, table: CommandTable) -> None:
        self.path = path
        self.lines = text.splitlines()
        self.table = table
        self.tokens = MarkdownIt("commonmark").parse(text)

    def fail(self, line: int, message: str) -> NoReturn:
        raise LessonError(self.path.name, line, message)

    # -- the whole -----------------------------------------------------------------

    def lesson(self) -> Lesson:
        card, card_line = self._card()
        sections = self._sections()
        if sections[0].title and sections[0].title != card["title"]:
            self.fail(
                sections[0].line,
                f'the heading is "{sections[0].title}", and the card\'s title "{card["title"]}"',
            )
        intro, further = sections[0], ""
        examples = self._only(intro, ("setup", "example"))
        steps: list[Step] = []
        for at, section in enumerate(sections):
            if section.kind == "step":
                after = sections[at + 1] if at + 1 < len(sections) else None
                steps.append(self._step(section, after))
            elif section.kind == "further":
                further = section.text()
                examples += self._only(section, ("example",))
        if not steps:
            self.fail(card_line, "a lesson needs at least one step: a ## heading with goals")
        return Lesson(
            id=card["id"],
            number=int(card["id"][:2]),
            title=card["title"],
            needs=tuple(card["needs"]),
            teaches=tuple(card["teaches"]),
            minutes=card["minutes"],
            intro=intro.text(),
            setup=self._joined(intro.of("setup")),
            steps=tuple(steps),
            path=self.path,
            examples=tuple(examples),
            further=further,
        )

    def _card(self) -> tuple[dict[str, Any], int]:
        first = next((one for one in self.tokens if one.type == "fence"), None)
        if first is None or first.info.strip() != "toml lesson":
            line = 1 if first is None else _line(first)
            self.fail(line, "the first fence must be the card: ```toml lesson")
        line = _line(first)
        try:
            card = tomllib.loads(first.content)
        except tomllib.TOMLDecodeError as error:
            self.fail(line, f"the card is not TOML: {error}")
        for key in card:
            if key not in CARD:
                self.fail(
                    line,
                    f'the card has no "{key}".{did_you_mean(key, CARD)} It has: {", ".join(CARD)}',
                )
        for key, kind in CARD.items():
            if key not in card:
                self.fail(line, f'the card lacks "{key}"')
            if type(card[key]) is not kind or (
                kind is list and not all(isinstance(one, str) for one in card[key])
            ):
                wanted = "a list of strings" if kind is list else f"of type {kind.__name__}"
                self.fail(line, f"{key} in the card must be {wanted}")
        self._check_card(card, line)
        return card, line

    def _check_card(self, card: dict[str, Any], line: int) -> None:
        if not _ID.fullmatch(card["id"]):
            self.fail(line, f'id "{card["id"]}": expected NN-name, as in 04-two-tails')
        if card["id"] != self.path.stem:
            self.fail(line, f'id "{card["id"]}" must be the file\'s name, "{self.path.stem}"')
        for need in card["needs"]:
            if not known_need(need):
                self.fail(line, f'needs: no opcode, feature or setup flag is called "{need}"')
        for word in card["teaches"]:
            if not known_word(word, self.table):
                self.fail(line, f'teaches: no verb, opcode or flag is called "{word}"')

    # -- sections ---------------------------------------------------------------------

    def _sections(self) -> list[_Section]:
        """The intro first, then each ## and each “Why it worked”."""
        sections = [_Section("intro", "", 1)]
        at = 0
        for i, token in enumerate(self.tokens):
            heading = token.type == "heading_open" and token.level == 0
            role = token.type == "fence" and self._has_role(token)
            if not (heading or role) or token.map is None:
                continue
            begin, end = token.map
            if heading:
                title = self.tokens[i + 1].content.strip()
                kind = _kind(token.tag, title)
                if not kind:
                    continue
                sections[-1].prose += self.lines[at:begin]
                if kind == "title":
                    if len(sections) > 1 or sections[0].title:
                        self.fail(begin + 1, "a lesson has one # heading, its title, at its top")
                    sections[0].title, sections[0].line = title, begin + 1
                else:
                    sections.append(_Section(kind, title, begin + 1))
            else:
                sections[-1].prose += self.lines[at:begin]
                self._fence(sections[-1], token, end)
            at = end
        sections[-1].prose += self.lines[at:]
        self._check_order(sections)
        return sections

    def _has_role(self, token: Token) -> bool:
        line = _line(token)
        words = token.info.split()
        if token.map is not None and not self._ends(token):
            self.fail(line, "this fence does not end: ``` is missing")
        if words[:2] == ["toml", "lesson"]:
            if token is not next(one for one in self.tokens if one.type == "fence"):
                self.fail(line, "a second card: a lesson has one, its first fence")
            return True
        if words[:1] != ["uring"]:
            return False
        if token.level:
            self.fail(line, "a fence with a role stands by itself, not in a list or a quote")
        role, *more = words[1:] or [""]
        if role not in ROLES:
            guess = did_you_mean(role, ROLES) if role else ""
            self.fail(
                line, f'a fence has no role "{role}".{guess} It is one of: {", ".join(ROLES)}'
            )
        if role == "wrong" and not _WRONG.fullmatch(token.info.split(maxsplit=1)[1].strip()):
            self.fail(line, 'a wrong has a title: ```uring wrong "published too early"')
        if role != "wrong" and more:
            self.fail(line, f'nothing comes after "{role}": "{" ".join(more)}"')
        return True

    def _ends(self, token: Token) -> bool:
        begin, end = token.map or (0, 0)
        last = self.lines[end - 1].strip().lstrip("> ") if end <= len(self.lines) else ""
        return end - begin > 1 and last.startswith(token.markup) and not last.strip("`~")

    def _fence(self, section: _Section, token: Token, end: int) -> None:
        info = token.info.split(maxsplit=1)[1].strip()
        begin = _line(token)
        if info == "lesson":
            return
        body = list(enumerate(token.content.splitlines(), begin + 1))
        section.fences.append(_Fence(info, begin, body))
        if info == "example":
            section.prose += ["```uring", *self.lines[begin : end - 1], "```"]

    def _check_order(self, sections: list[_Section]) -> None:
        for before, one in pairwise(sections):
            if one.kind == "why" and before.kind != "step":
                self.fail(one.line, "“Why it worked” comes right after a step")
            if before.kind == "further":
                self.fail(one.line, "“Go further” is the last section")

    def _only(self, section: _Section, roles: tuple[str, ...]) -> list[Script]:
        """The examples of a section that is no step. Raises for any other role."""
        for fence in section.fences:
            if fence.role not in roles:
                self.fail(fence.line, f"a {fence.role} belongs to a step: a ## heading before it")
        return [self._script(fence) for fence in section.of("example")]

    # -- a step ------------------------------------------------------------------------

    def _step(self, section: _Section, after: _Section | None) -> Step:
        goals = tuple(goal for fence in section.of("goal") for goal in self._goals(fence))
        if not goals:
            self.fail(section.line, f'the step "{section.title}" has no goal: ```uring goal')
        solution = self._joined(section.of("solution"))
        if not solution:
            self.fail(section.line, f'the step "{section.title}" has no solution')
        hints = tuple(self._hint(fence) for fence in section.of("hint"))
        if not hints:
            self.fail(section.line, f'the step "{section.title}" has no hint')
        if after is None or after.kind != "why":
            self.fail(
                section.line, f'the step "{section.title}" is not followed by “### Why it worked”'
            )
        examples = [self._script(fence) for fence in section.of("example")]
        return Step(
            title=section.title,
            line=section.line,
            prose=section.text(),
            goals=goals,
            hints=hints,
            solution=solution,
            wrongs=tuple(self._wrong(fence) for fence in section.of("wrong")),
            examples=(*examples, *self._only(after, ("example",))),
            why=after.text(),
            setup=self._joined(section.of("setup")),
        )

    def _goals(self, fence: _Fence) -> Iterator[Goal]:
        text: list[str] = []
        checks: list[Line] = []
        for number, line in fence.lines:
            if not line.strip():
                continue
            if line.lstrip().startswith("#"):
                if checks:
                    yield Goal(" ".join(text), tuple(checks))
                    text, checks = [], []
                text.append(_comment(line))
                continue
            if not text:
                self.fail(number, "a goal begins with a comment: what the learner reads")
            checks.append(self._expect(number, line))
        if not checks:
            what = f'the goal "{" ".join(text)}"' if text else "this goal"
            self.fail(fence.line, f"{what} has no expect line to check it by")
        yield Goal(" ".join(text), tuple(checks))

    def _hint(self, fence: _Fence) -> str:
        text = "\n".join(_comment(line) for _, line in fence.lines).strip()
        if not text:
            self.fail(fence.line, "this hint is empty")
        for number, line in fence.lines:
            for code in commands_in(line, self.table):
                self._commands(number, code)
        return text

    def _wrong(self, fence: _Fence) -> Wrong:
        found = _WRONG.fullmatch(fence.info)
        title = found[1] if found else ""
        message: list[str] = []
        script: list[Line] = []
        recognise: list[Line] = []
        for number, line in fence.lines:
            if line.lstrip().startswith("#"):
                message.append(_comment(line))
            elif line.strip():
                one = self._line(number, line)
                (recognise if self._is_expect(number, line) else script).append(one)
        for what, missing in (
            ("lines that make the mistake", not script),
            ("a comment: what the learner is told", not message),
            ("an expect line to recognise it by", not recognise),
        ):
            if missing:
                self.fail(fence.line, f'wrong "{title}" lacks {what}')
        return Wrong(title, tuple(script), " ".join(message), tuple(recognise))

    # -- lines --------------------------------------------------------------------------

    def _joined(self, fences: list[_Fence]) -> Script:
        return tuple(line for fence in fences for line in self._script(fence))

    def _script(self, fence: _Fence) -> Script:
        found = tuple(
            self._line(number, line)
            for number, line in fence.lines
            if line.strip() and not line.lstrip().startswith("#")
        )
        if not found:
            self.fail(fence.line, f"this {fence.role} is empty")
        return found

    def _line(self, number: int, text: str) -> Line:
        self._commands(number, text)
        found = lex(text)
        rest = text[found[-1].span.end :] if found else ""
        return Line(number, text.strip(), _comment(rest).startswith("refused"))

    def _is_expect(self, number: int, text: str) -> bool:
        kinds = {command.spec.name == "expect" for command in self._commands(number, text)}
        if len(kinds) > 1:
            self.fail(number, "expect stands on a line of its own here")
        return kinds == {True}

    def _expect(self, number: int, text: str) -> Line:
        if not self._is_expect(number, text):
            self.fail(number, f"a goal is checked by expect lines only, not by: {text.strip()}")
        return self._line(number, text)

    def _commands(self, number: int, text: str) -> list[Command]:
        try:
            commands = parse_line(text, self.table)
            for command in commands:
                if command.spec.name == "expect":
                    parse_expectation(command)
        except LineError as error:
            self.fail(number, f"{text.strip()}: {error.short()}")
        return commands


def _kind(tag: str, title: str) -> str:
    """What section a heading begins; "" if none."""
    if tag == "h1":
        return "title"
    if title.lower() == WHY and tag in ("h2", "h3"):
        return "why"
    if tag == "h2":
        return "further" if title.lower() == FURTHER else "step"
    return ""


def _line(token: Token) -> int:
    """The number of a token's first line, from 1."""
    return (token.map[0] if token.map else 0) + 1


def _comment(line: str) -> str:
    """A line without the # that it may begin with."""
    return line.strip().removeprefix("#").strip()
