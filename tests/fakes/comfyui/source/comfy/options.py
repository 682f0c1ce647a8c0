"""Whether the command line of this process is ComfyUI's own: only main.py says so."""

args_parsing = False


def enable_args_parsing(enable=True):
    global args_parsing  # noqa: PLW0603 - cli_args asks this module once, at import
    args_parsing = enable
