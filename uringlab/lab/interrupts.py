"""Ctrl-C while a line runs: noted, and asked for; nothing is torn apart by it."""

from __future__ import annotations

import signal
import threading
from typing import Self


class Interrupts:
    """Within its `with` block SIGINT raises nothing: `take()` says whether one came.

    A KeyboardInterrupt may come between any two steps of this thread, and of the standard
    library's locks as well; a second one in the middle of the first breaks them. Outside the
    main thread, and where somebody else has taken SIGINT in hand, it does nothing.
    """

    def __init__(self) -> None:
        """Nothing is noted yet."""
        self._noted = False
        self._old: object = None

    def _note(self, _signo: int, _frame: object) -> None:
        self._noted = True

    def take(self) -> bool:
        """Whether one came since this was last asked."""
        noted, self._noted = self._noted, False
        return noted

    def __enter__(self) -> Self:
        """From now on."""
        if (
            threading.current_thread() is threading.main_thread()
            and signal.getsignal(signal.SIGINT) is signal.default_int_handler
        ):
            self._old = signal.signal(signal.SIGINT, self._note)
        return self

    def __exit__(self, *_: object) -> None:
        """As it was."""
        if self._old is not None:
            signal.signal(signal.SIGINT, signal.default_int_handler)
            self._old = None
