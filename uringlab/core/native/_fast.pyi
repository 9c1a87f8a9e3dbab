from collections.abc import Callable, Iterator
from typing import Any, Self

from uringlab.core.cq import Cqe

class Room:
    address: int
    bytes: bytearray
    columns: tuple[memoryview, memoryview, memoryview]
    @property
    def user_data(self) -> memoryview: ...
    @property
    def res(self) -> memoryview: ...
    @property
    def flags(self) -> memoryview: ...
    def __new__(cls, capacity: int, size: int, kind: type[Cqe]) -> Self: ...
    def __len__(self) -> int: ...
    def __iter__(self) -> Iterator[Cqe]: ...
    def tuples(self) -> Iterator[tuple[int, int, int]]: ...
    def __buffer__(self, flags: int, /) -> memoryview: ...

class Turn:
    def __new__(
        cls,
        function: int,
        ring: int,
        ops: int,
        room: Room,
        wait_nr: int,
        flags: int,
        kept: object,
        fail: Callable[[int], int],
    ) -> Self: ...
    def make(self) -> int: ...

def sample(
    function: int, ring: int, sqes_size: int, cqes_size: int, mixed: bool, /
) -> tuple[Any, ...] | int: ...
