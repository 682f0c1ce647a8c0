"""`python -m backend.desktop`: what `./launcher` without a word starts."""

import sys

from backend.desktop.application import main

if __name__ == "__main__":
    sys.exit(main())
