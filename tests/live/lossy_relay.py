"""A bad line: `python lossy_relay.py HOST:PORT HOST:PORT` passes datagrams on from one to the other, late,
not all of them, and not in their order."""

import heapq
import random
import select
import socket
import sys
import time

LOST, OVERTAKEN = 0.05, 0.1  # shares
LATE, JITTER, MORE = 0.03, 0.008, 0.03  # seconds


def main(come: str, go: str) -> None:
    """Until it is killed."""
    random.seed(come)
    ears = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
    host, _, port = come.partition(":")
    ears.bind((host, int(port)))
    host, _, port = go.partition(":")
    target, under_way = (host, int(port)), list[tuple[float, bytes]]()
    while True:
        wait = max(0.0, under_way[0][0] - time.monotonic()) if under_way else None
        if select.select([ears], [], [], wait)[0]:
            datagram = ears.recv(65536)
            if random.random() >= LOST:
                late = LATE + random.uniform(0, JITTER) + (MORE if random.random() < OVERTAKEN else 0)
                heapq.heappush(under_way, (time.monotonic() + late, datagram))
        while under_way and under_way[0][0] <= time.monotonic():
            ears.sendto(heapq.heappop(under_way)[1], target)


if __name__ == "__main__":
    main(*sys.argv[1:])
