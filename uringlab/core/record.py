"""Values: equal by their fields, shown by them, and not changed.

What a frozen dataclass is, for the few classes that `import uringlab` itself needs: importing
`dataclasses` alone (inspect, ast, tokenize come with it) costs more than all of them.
"""

from __future__ import annotations


class Record:
    """The base. A subclass names its fields in `__slots__`, and sets them with `_set`."""

    __slots__: tuple[str, ...] = ()

    def _set(self, *values: object) -> None:
        """Give the fields their values, in the order of `__slots__`."""
        for name, value in zip(self.__slots__, values, strict=True):
            object.__setattr__(self, name, value)

    def __setattr__(self, name: str, _value: object) -> None:
        """Not after it was made."""
        raise AttributeError(f"{type(self).__name__}.{name} cannot be changed")

    def __delattr__(self, name: str) -> None:
        """Nor this."""
        raise AttributeError(f"{type(self).__name__}.{name} cannot be deleted")

    def _values(self) -> tuple[object, ...]:
        return tuple(getattr(self, name) for name in self.__slots__)

    def __eq__(self, other: object) -> bool:
        """Of the same class, with the same values."""
        if type(self) is not type(other):
            return NotImplemented
        return self._values() == other._values()

    def __hash__(self) -> int:
        """By class and values."""
        return hash((type(self), self._values()))

    def __reduce__(self) -> tuple[object, ...]:
        """Copied and pickled by making it again."""
        return type(self), self._values()

    def __repr__(self) -> str:
        """As it is made."""
        pairs = zip(self.__slots__, self._values(), strict=True)
        return f"{type(self).__name__}({', '.join(f'{name}={value!r}' for name, value in pairs)})"
