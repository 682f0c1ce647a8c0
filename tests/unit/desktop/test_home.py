from __future__ import annotations

import os
import pwd
from pathlib import Path

import pytest

from backend.roots import home_of
from tests.helpers.processes import run_python

WITHOUT_HOME = """
    import os
    os.environ.pop("HOME", None)
    from pathlib import Path
    from backend.desktop import browsers, default_browser, ladder, surroundings
    from backend.roots import home_of
    from backend.desktop.ladder import name_of_user
    os.setuid(54321)
    assert (home_of({}), name_of_user()) == (None, None)
    assert browsers.installed({"PATH": "/usr/bin"}) is not None
    assert default_browser.find_default({"XDG_DATA_DIRS": "/nowhere"}) is None
    snap = browsers.Browser("It", ("/snap/bin/it",), confined=True)
    assert browsers.target_for(snap, Path("/x/y.html"), "http://x/", None) == "http://x/"
    here = surroundings.Surroundings(is_remote=True, browsers=(snap,))
    assert ladder._without_blind(here, Path("/x"), home_of({})).browsers[0].can_be_window is False
    print(ladder.address_lines(here, 1, "CODE")[2])
"""


def test_the_home_is_the_one_of_the_environment_else_of_the_list_of_users() -> None:
    assert home_of({"HOME": "/home/somebody"}) == Path("/home/somebody")
    assert home_of({"HOME": ""}) == home_of({}) == Path(pwd.getpwuid(os.getuid()).pw_dir)
    assert home_of({"HOME": "not/absolute"}) == home_of({})


@pytest.mark.skipif(os.getuid() != 0, reason="only root can become a user whom nobody lists")
def test_a_user_without_a_home_is_served_all_the_same() -> None:
    done = run_python(WITHOUT_HOME)
    assert done.stdout.strip().endswith(" YOU@THIS-MACHINE"), done.stderr
