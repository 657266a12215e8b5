#!/usr/bin/env python3
"""Stereoring's only entry point.

launcher.py [run]   turn the picture into 3D until Ctrl-C
launcher.py top     watch a running one
"""

import sys

if __name__ == "__main__":
    from pipeline.commands import main

    sys.exit(main(sys.argv[1:]))
