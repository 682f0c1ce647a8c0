"""What happens outside this process, told as events: other launchers, ComfyUIs, edits by hand."""
