"""ComfyUI Launcher: install, run, feed and use ComfyUI.

The floors of the house: docs/explanation/architecture.md.
"""

__version__ = "0.1.0"
