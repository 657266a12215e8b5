#!/usr/bin/env python3
"""Stereoring's only entry point.

launcher.py [run]     turn the picture into 3D until Ctrl-C
launcher.py top       watch a running one
launcher.py check     what this machine can do and what is wrong
launcher.py devices   monitors, windows, cameras, microphones, speakers and compute devices
launcher.py models    list, download and verify models
launcher.py convert   turn videos and pictures into 3D files
launcher.py cutout    cut the people out of pictures and videos
launcher.py voice     files of speech at a few kilobits a second
"""

import os
import signal
import sys

if __name__ == "__main__":
    # While modules are imported there is nothing to clean up yet, and Python may be where it has to swallow a
    # KeyboardInterrupt (in a weak reference's callback): then a Ctrl-C would be lost.
    signal.signal(signal.SIGINT, signal.SIG_DFL)
    for fd in (0, 1, 2):
        try:
            os.fstat(fd)
        except OSError:  # closed; a socket or a file would get the number, and all workers would write to it
            os.set_inheritable(os.open(os.devnull, os.O_RDWR), True)
    sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))  # PYTHONSAFEPATH leaves it out
    from pipeline.console import write_anything

    write_anything()
    from pipeline.commands import main

    sys.exit(main(sys.argv[1:]))
