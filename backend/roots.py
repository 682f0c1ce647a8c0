"""Where everything lives: the user's home, and the root of this launcher."""

from __future__ import annotations

import os
from collections.abc import Mapping
from pathlib import Path


def home_of(environment: Mapping[str, str]) -> Path | None:
    """The user's home; None where neither HOME nor the list of users names one, as in containers.

    `Path.home()` reads the environment of this process, and raises where there is none.
    """
    named = environment.get("HOME", "")
    if named.startswith("/"):
        return Path(named)
    import pwd

    try:
        return Path(pwd.getpwuid(os.getuid()).pw_dir)
    except KeyError:
        return None


def home_folder(environment: Mapping[str, str]) -> Path:
    """The user's home, also that of this process; `/` where there is none, as containers have it.

    Nothing can be written there, and that is then told as for any other folder.
    """
    return home_of({**os.environ, **environment}) or Path("/")


def find_root(environment: Mapping[str, str], *, checkout: Path | None = None) -> Path:
    """The folder that everything lives in.

    `COMFYUI_LAUNCHER_HOME` if it is set, else the launcher's own folder when that is a checkout,
    else the platform's data folder. A relative path counts from the user's home, never from the
    current folder.
    """
    home = environment.get("COMFYUI_LAUNCHER_HOME")
    if home:
        return _from_home(home, environment)
    own = checkout or Path(__file__).resolve().parent.parent
    if (own / "launcher").is_file():
        return own
    from platformdirs import user_data_path

    try:
        return user_data_path("comfyui-launcher", appauthor=False)
    except RuntimeError:  # without a home
        return home_folder(environment) / ".local" / "share" / "comfyui-launcher"


def _from_home(path: str, environment: Mapping[str, str]) -> Path:
    home = home_folder(environment)
    if path == "~" or path.startswith("~/"):
        return home / path[2:]
    try:
        return home / Path(path).expanduser()
    except RuntimeError:  # `~nobody/x` is the name of a folder, as for a shell
        return home / path
