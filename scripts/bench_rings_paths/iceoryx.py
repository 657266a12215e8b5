"""iceoryx2, as its own examples use it for a sleeping reader: publish-subscribe beside an event service.

Set up like the ring: one publisher, the newest frame wins, one frame borrowed. Its files get a prefix of
their own, so that what it leaves by design (`…global_mgmt` in /dev/shm) can be removed.
"""

import ctypes
import os
from functools import partial
from pathlib import Path
from typing import Any

import iceoryx2 as iox
import numpy as np

from scripts.bench_rings_paths import Frame, Link, Payload, put_number

SHM = Path("/dev/shm")
SLOTS = 8  # at least as many as a publisher with these settings has


class _Endpoint:
    """A node and its two services. They are dropped in `close`, which removes their files."""

    def __init__(self, prefix: str, folder: Path, payload: Payload) -> None:
        iox.set_log_level(iox.LogLevel.Error)
        config = iox.config.default()
        config.global_cfg.prefix = iox.FileName.new(prefix)
        config.global_cfg.root_path = iox.Path.new(f"{folder}/")
        node = iox.NodeBuilder.new().config(config)
        node = node.signal_handling_mode(iox.SignalHandlingMode.Disabled).create(iox.ServiceType.Ipc)
        name = iox.ServiceName.new("bench")
        frames = node.service_builder(name).publish_subscribe(iox.Slice[ctypes.c_uint8])
        frames = frames.max_publishers(1).max_subscribers(1).history_size(0).enable_safe_overflow(True)
        frames = frames.subscriber_max_buffer_size(1).subscriber_max_borrowed_samples(1)
        self.frames = frames.open_or_create()
        self.event = node.service_builder(name).event().open_or_create()
        self._node: Any = node
        self._pixels = ctypes.c_uint8 * payload.nbytes
        self._shape = payload.shape

    def view(self, sample: Any) -> Frame:
        """By address: quicker than `payload().as_memory_view()`, and just as unaware of its sample's end."""
        pixels: Any = self._pixels.from_address(sample.payload_ptr)
        return np.frombuffer(pixels, np.uint8).reshape(self._shape)

    def close(self) -> None:
        del self.frames, self.event
        self._node = None


class IceoryxSender(_Endpoint):
    def __init__(self, prefix: str, folder: Path, payload: Payload) -> None:
        super().__init__(prefix, folder, payload)
        self._nbytes = payload.nbytes
        self._publisher = self.frames.publisher_builder().initial_max_slice_len(self._nbytes).create()
        self._notifier = self.event.notifier_builder().create()

    def prepare(self, number: int) -> None:
        sample = self._publisher.loan_slice_uninit(self._nbytes)
        view = self.view(sample)
        if number <= SLOTS:
            view[:] = 1
        put_number(view, number)
        self._sample = sample.assume_init()

    def send(self) -> None:
        self._sample.send()
        self._notifier.notify()

    def close(self) -> None:
        self._publisher.delete()
        self._notifier.delete()
        super().close()


class IceoryxReceiver(_Endpoint):
    def __init__(self, prefix: str, folder: Path, payload: Payload) -> None:
        super().__init__(prefix, folder, payload)
        self._subscriber = self.frames.subscriber_builder().create()
        self._listener = self.event.listener_builder().create()
        self._sample: Any = None

    def wait(self) -> None:
        self._listener.blocking_wait()

    def take(self) -> Frame | None:
        self._sample = sample = self._subscriber.receive()
        return None if sample is None else self.view(sample)

    def release(self) -> None:
        if self._sample is not None:
            self._sample.delete()

    def close(self) -> None:
        self._subscriber.delete()
        self._listener.delete()
        super().close()


def connect(payload: Payload, readers: int, folder: Path) -> Link:
    prefix = f"sb-{os.getpid()}-{payload.name}_"  # short: it ends up in a UNIX socket's path, at most 108
    return Link(
        partial(IceoryxSender, prefix, folder, payload),
        tuple(partial(IceoryxReceiver, prefix, folder, payload) for _ in range(readers)),
        SLOTS,
        partial(_remove, prefix),
    )


def _remove(prefix: str) -> None:
    for left in SHM.glob(f"{prefix}*"):
        left.unlink()
