"""For what a library may end: SoundCard's (PulseAudio's) now and then ends a process whose server goes. Such
a worker is started anew; such a test is done again."""

from collections.abc import Callable
from multiprocessing import get_context

TRIES, WATCHDOG = 3, 100.0  # seconds


def in_own_process(body: Callable[..., None], *arguments: object) -> None:
    """`body` is a function of a module; what it raises is on stderr, and ends the test."""
    for _ in range(TRIES):
        process = get_context("spawn").Process(target=body, args=arguments)
        process.start()
        process.join(WATCHDOG)
        if process.is_alive():
            process.kill()
        process.join()
        if process.exitcode is None or process.exitcode >= 0:
            break
    assert process.exitcode == 0, f"{body.__name__} ended with {process.exitcode}"
