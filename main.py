"""What a double-click opens. The window is the next release's; until then it says what there is."""

from backend.cli import main

if __name__ == "__main__":
    main()
