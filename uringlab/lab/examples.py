"""What the examples of the commands stand on."""

SETUP = (
    'file f notes.txt text="hello"',
    'file more more.uring text="do nop"',
    "drop more",
    "pipe rd wr",
    "sockets a b",
    "listener l",
    "epoll e",
    "buf b0 64",
    "buf b1 4k",
    "child child",
    "do nop -> r1",
    "do socket inet stream -> s",
)
"""Lines after which the example of every command runs, in any session that is new."""
