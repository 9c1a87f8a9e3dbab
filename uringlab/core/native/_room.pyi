from typing import Self

class Room:
    address: int
    filled: int
    def __new__(cls, size: int) -> Self: ...
    def __buffer__(self, flags: int, /) -> memoryview: ...
