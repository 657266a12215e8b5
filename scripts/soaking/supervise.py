"""The supervisor with the soak's own source and sink; see supervised.py."""

import sys

if __name__ == "__main__":  # workers import this file too, and need none of it
    from scripts.soaking.supervised import main

    sys.exit(main(sys.argv[1]))
