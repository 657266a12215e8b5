"""A real PulseAudio whose one speaker plays into nothing: what it is given can be recorded."""

import os
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from tests.pipeline.running import until
from tests.shm.ring_processes import die_with_parent


@contextmanager
def pulse_server(folder: Path, rate: int, channels: int) -> Iterator[subprocess.Popen[bytes]]:
    """PULSE_SERVER names it meanwhile, for this process and those that it starts."""
    place = folder / "socket"
    program = ["pulseaudio", "-n", "--daemonize=no", "--use-pid-file=no", "--exit-idle-time=-1"]
    program += [f"--load=module-null-sink sink_name=nowhere rate={rate} channels={channels}"]
    program += [f"--load=module-native-protocol-unix socket={place} auth-anonymous=1"]
    own = {**os.environ, "HOME": str(folder), "XDG_RUNTIME_DIR": str(folder)}
    with subprocess.Popen(program, env=own, stderr=subprocess.DEVNULL, preexec_fn=die_with_parent) as process:
        before = os.environ.get("PULSE_SERVER")
        os.environ["PULSE_SERVER"] = f"unix:{place}"
        until(place.exists, "PulseAudio is there")
        yield process
        process.terminate()
        if before is None:
            del os.environ["PULSE_SERVER"]
        else:
            os.environ["PULSE_SERVER"] = before
