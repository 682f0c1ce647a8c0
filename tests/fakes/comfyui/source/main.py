"""Starts ComfyUI: `python main.py [options]`."""

import comfy.options


def main():
    # The options are read when `comfy.cli_args` is imported first, so this has to come before.
    comfy.options.enable_args_parsing()
    import startup

    startup.main()


if __name__ == "__main__":
    main()
