"""The bench: one thread that runs a session's lines, so that nobody else ever waits.

A ring belongs to the thread that drives it (SINGLE_ISSUER makes a rule of it), and a wait in the
kernel may last for ever. So a front end hands its lines to the bench, draws meanwhile, and may
give the wait up: the bench's thread blocks every signal except while it waits in
io_uring_enter, which unblocks one of them in the same step. Giving up sends that signal.
"""

from __future__ import annotations

import queue
import signal
import threading
from concurrent.futures import Future
from dataclasses import dataclass
from typing import TYPE_CHECKING, Self

from uringlab.lab.session import GIVE_UP_SIGNAL, Session

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from uringlab.lab.reply import Reply


@dataclass
class _Job:
    work: Callable[[], None]
    done: Future[None]


def _nothing(_signo: int, _frame: object) -> None:
    """The handler of the signal that gives up: it only has to exist, to interrupt."""


class Bench:
    """Runs lines in a thread of its own, one after another.

    Must be made in the main thread: a signal handler is installed (and put back by `close`).

    Args:
        allow_path: see `Session`.
        allow_network: see `Session`.
        prepare: called with the new session in the bench's thread, before any line.
        stepping: whether commands stop at each `step` until `go()` is called.

    Attributes:
        session: to look at from any thread; to change only through `call` and `line`.
    """

    def __init__(
        self,
        allow_path: tuple[Path, ...] = (),
        prepare: Callable[[Session], None] | None = None,
        *,
        allow_network: bool = False,
    ) -> None:
        """Start the thread and make the session in it."""
        self._jobs: queue.SimpleQueue[_Job | None] = queue.SimpleQueue()
        self._go = threading.Event()
        self.stepping = False
        self.next_step = ""
        self._open_jobs = 0
        self._lock = threading.Lock()
        self._session: Session | None = None
        self._old_handler = signal.signal(GIVE_UP_SIGNAL, _nothing)
        self._thread = threading.Thread(target=self._run, name="uringlab-bench", daemon=True)
        self._thread.start()
        try:
            self.session = self._made(
                lambda: Session(allow_path, allow_network=allow_network), prepare
            )
        except BaseException:
            self._end_thread()
            raise

    def _made(
        self, begin: Callable[[], Session], prepare: Callable[[Session], None] | None
    ) -> Session:
        box: list[Session] = []

        def make() -> None:
            session = begin()
            self._session = session
            try:
                if prepare is not None:
                    prepare(session)
            except BaseException:
                session.close()
                raise
            box.append(session)

        self.call(make).result()
        return box[0]

    def _run(self) -> None:
        signal.pthread_sigmask(signal.SIG_BLOCK, signal.valid_signals())
        while (job := self._jobs.get()) is not None:
            failed: BaseException | None = None
            try:
                job.work()
            except BaseException as error:  # noqa: BLE001 - it is handed to whoever asked
                failed = error
            self._job_ended()
            if failed is not None:
                job.done.set_exception(failed)
            else:
                job.done.set_result(None)

    def _job_ended(self) -> None:
        """What was to end this job is not to end the next one."""
        with self._lock:
            self._open_jobs -= 1
            self.next_step = ""
            if self._session is not None:
                self._session.giving_up.clear()
            signal.sigtimedwait({GIVE_UP_SIGNAL}, 0)

    @property
    def busy(self) -> bool:
        """Whether a line is running now, or waits to be run."""
        return self._open_jobs > 0

    def call(self, work: Callable[[], None]) -> Future[None]:
        """Run something in the bench's thread, after what waits there already."""
        done: Future[None] = Future()
        with self._lock:
            self._open_jobs += 1
            self._jobs.put(_Job(work, done))
        return done

    def line(self, text: str, on_reply: Callable[[Reply], None]) -> Future[None]:
        """Run a line. `on_reply` is called in the bench's thread, as the line goes on.

        The future ends with the line: with `LineError`, `Quit`, or nothing.
        """

        def work() -> None:
            self._go.clear()
            for reply in self.session.execute(text):
                if reply.step:
                    self._pause(reply.step)
                else:
                    on_reply(reply)

        return self.call(work)

    def _pause(self, upcoming: str) -> None:
        if not self.stepping:
            return
        self.next_step = upcoming
        while not self._go.wait(0.05):
            if self.session.giving_up.is_set() or not self.stepping:
                break
        self._go.clear()
        self.next_step = ""

    def go(self) -> None:
        """Do the next step of the line that stopped at one."""
        self._go.set()

    def give_up(self) -> None:
        """End the line that is running, or about to. It cannot come too early, nor too late.

        A line that is not begun yet does not begin, one that waits ends its wait, and the one
        after it knows nothing of it.
        """
        with self._lock:
            if not self.busy:
                return
            self.session.give_up(self._thread.ident)

    def close(self) -> None:
        """Give up, close the session, end the thread. Twice is once."""
        if not self._thread.is_alive():
            return
        self.give_up()
        closed = self.call(self.session.close)
        self._end_thread()
        closed.result()

    def _end_thread(self) -> None:
        self._jobs.put(None)
        self._thread.join()
        signal.signal(GIVE_UP_SIGNAL, self._old_handler)

    def __enter__(self) -> Self:
        """`with Bench() as bench:`."""
        return self

    def __exit__(self, *_: object) -> None:
        """Close."""
        self.close()
