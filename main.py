"""What a double click on this file opens: the window, by the script `launcher` beside it.

Any Python can run this, also one without the app's packages: the launcher finds the right one.
"""

import os
import sys
from pathlib import Path


def main() -> None:
    """Becomes the launcher; comes back only where that cannot be run."""
    launcher = str(Path(__file__).resolve().with_name("launcher"))
    try:
        # By sh, because an unpacked archive may have lost the mark of what can be run.
        if not os.access(launcher, os.R_OK):
            raise FileNotFoundError(2, os.strerror(2))
        os.execvp("sh", ["sh", launcher, *sys.argv[1:]])  # noqa: S606 - this is all it is for
    except OSError as error:
        sys.exit(
            f"ComfyUI Launcher cannot start: {launcher} could not be run ({error.strerror})."
            " Get the whole folder again, or see README.md."
        )


if __name__ == "__main__":
    main()
