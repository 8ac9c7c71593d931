from __future__ import annotations

import queue
import threading
from collections import deque
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import Future
from typing import TypeVar

from .exchange import Stopped

Job = TypeVar("Job")
Made = TypeVar("Made")

THREADS_MAX = 4


def made_ahead(jobs: Iterable[Job], make: Callable[[Job], Made], depth: int, end: Callable[[], None]) -> Iterator[Made]:
    """
    ``make`` of each job, in their order, up to ``depth`` of them before they are asked for, in threads that end with the iterator.
    They are daemons: a feed that is waited for keeps no program from ending.
    :param end: what a thread does last
    """
    todo: queue.SimpleQueue[tuple[Job, Future[Made]] | None] = queue.SimpleQueue()
    is_over = threading.Event()

    def work() -> None:
        while (given := todo.get()) is not None:
            job, future = given
            if is_over.is_set():
                future.set_exception(Stopped())
                continue
            try:
                future.set_result(make(job))
            except BaseException as error:
                future.set_exception(error)
        end()

    threads = min(depth, THREADS_MAX)
    for _ in range(threads):
        threading.Thread(target=work, daemon=True, name="orrery-feed-ahead").start()
    pending: deque[Future[Made]] = deque()
    try:
        for job in jobs:
            future: Future[Made] = Future()
            pending.append(future)
            todo.put((job, future))
            if len(pending) > depth:
                yield pending.popleft().result()
        while pending:
            yield pending.popleft().result()
    finally:
        is_over.set()
        for _ in range(threads):
            todo.put(None)
