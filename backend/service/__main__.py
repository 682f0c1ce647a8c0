"""`python -m backend.service`: serves until SIGTERM or Ctrl+C."""

from __future__ import annotations

import sys

from backend.service.server import main

if __name__ == "__main__":
    sys.exit(main())
