"""For all tests."""

import gc
import signal

import pytest

# A shell that starts the tests in the background, or nohup, has them ignore these, and so would all that they
# start: but what happens on a Ctrl-C and on a closed terminal is a part of what is tested.
signal.signal(signal.SIGINT, signal.default_int_handler)
signal.signal(signal.SIGHUP, signal.SIG_DFL)


@pytest.fixture
def collected() -> None:
    """Descriptors that earlier tests have left in cycles are closed now, not while ours are counted."""
    gc.collect()
