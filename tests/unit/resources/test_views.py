from __future__ import annotations

import os
import shutil
from pathlib import Path
from typing import Any

import pytest
import yaml
from hypothesis import given
from hypothesis import strategies as st

from backend.exceptions import NotWritable
from backend.platform.link_ledger import LinkLedger
from backend.resources.model_folders import COMFYUI_FOLDERS
from backend.resources.views import OWN_SECTION, RemovedView, View
from tests.fakes.ports import tree_of
from tests.helpers.volumes import mounted


class Shared:
    """Shared models and nodes, a view, and a place outside of both."""

    def __init__(self, root: Path) -> None:
        self.models = root / "shared-resources" / "models"
        self.nodes = root / "shared-resources" / "custom_nodes"
        self.outside = root / "outside"
        for folder in (self.models, self.nodes, self.outside):
            folder.mkdir(parents=True, exist_ok=True)
        folder = root / "views" / "v0.3.64"
        self.ledger = root / "links" / "v0.3.64.json"
        self.view = View(folder, LinkLedger(self.ledger, folder))

    def model(self, name: str, content: bytes = b"weights") -> Path:
        path = self.models / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(content)
        return path

    def rebuild(self, *others: Path) -> None:
        self.view.rebuild(self.models, self.nodes, others)

    def remove(self) -> RemovedView:
        return self.view.remove(self.models, self.nodes)

    def links(self) -> dict[str, Path]:
        return {
            str(path.relative_to(self.view.folder)): path.readlink()
            for path in self.view.folder.rglob("*")
            if path.is_symlink()
        }

    def config(self) -> dict[str, dict[str, Any]]:
        loaded: dict[str, dict[str, Any]] = yaml.safe_load(self.view.yaml.read_text("utf-8"))
        return loaded


@pytest.fixture
def shared(tmp_path: Path) -> Shared:
    return Shared(tmp_path)


def as_comfyui_loads(file: Path) -> dict[str, list[str]]:
    """The folders of each kind, in the order ComfyUI looks into them (utils/extra_config.py)."""
    folders: dict[str, list[str]] = {}
    for section in yaml.safe_load(file.read_text("utf-8")).values():
        settings = dict(section)
        base = os.path.expandvars(os.path.expanduser(settings.pop("base_path")))  # noqa: PTH111
        is_default = settings.pop("is_default", False)
        for kind, names in settings.items():
            for name in filter(None, names.split("\n")):
                path = os.path.normpath(os.path.join(base, name))  # noqa: PTH118
                known = folders.setdefault(kind, [])
                known.insert(0 if is_default else len(known), path)
    return folders


# --- Links


def test_each_shared_model_is_a_link_in_the_view(shared: Shared) -> None:
    one = shared.model("checkpoints/one.safetensors")
    deep = shared.model("loras/style/deep/two.safetensors")
    shared.rebuild()
    assert shared.links() == {
        "models/checkpoints/one.safetensors": one,
        "models/loras/style/deep/two.safetensors": deep,
    }


def test_each_shared_node_is_a_link_whether_folder_or_file(shared: Shared) -> None:
    (shared.nodes / "my-nodes").mkdir()
    (shared.nodes / "single.py").write_text("")
    for name in (".hidden", "__pycache__"):
        (shared.nodes / name).mkdir()
    shared.rebuild()
    assert shared.links() == {
        "custom_nodes/my-nodes": shared.nodes / "my-nodes",
        "custom_nodes/single.py": shared.nodes / "single.py",
    }


def test_what_is_shared_later_is_added_and_what_is_gone_is_removed(shared: Shared) -> None:
    old = shared.model("checkpoints/old.safetensors")
    node = shared.nodes / "node"
    node.mkdir()
    shared.rebuild()
    old.unlink()
    node.rmdir()
    new = shared.model("checkpoints/new.safetensors")
    shared.rebuild()
    assert shared.links() == {"models/checkpoints/new.safetensors": new}


def test_a_model_that_moved_to_another_kind_moves_in_the_view(shared: Shared) -> None:
    model = shared.model("checkpoints/one.safetensors")
    shared.rebuild()
    (shared.models / "loras").mkdir()
    moved = model.rename(shared.models / "loras" / "one.safetensors")
    shared.rebuild()
    assert shared.links() == {"models/loras/one.safetensors": moved}


def test_a_kind_that_is_gone_leaves_no_dangling_link(shared: Shared) -> None:
    shared.model("my_own_kind/one.safetensors")
    shared.rebuild()
    (shared.models / "my_own_kind" / "one.safetensors").unlink()
    (shared.models / "my_own_kind").rmdir()
    shared.rebuild()
    assert shared.links() == {}


def test_rebuilding_twice_changes_nothing(shared: Shared) -> None:
    shared.model("checkpoints/one.safetensors")
    shared.rebuild()
    before = {path: path.lstat().st_ino for path in shared.view.models.rglob("*")}
    shared.rebuild()
    assert {path: path.lstat().st_ino for path in shared.view.models.rglob("*")} == before


def test_a_real_file_in_the_view_stays_and_wins(shared: Shared) -> None:
    shared.model("checkpoints/one.safetensors")
    shared.rebuild()
    downloaded = shared.view.models / "checkpoints" / "downloaded.safetensors"
    downloaded.write_bytes(b"downloaded")
    shared.model("checkpoints/downloaded.safetensors", b"shared")
    shared.rebuild()
    assert downloaded.read_bytes() == b"downloaded"
    assert not downloaded.is_symlink()


def test_a_real_folder_of_a_node_in_the_view_stays(shared: Shared) -> None:
    shared.rebuild()
    installed = shared.view.custom_nodes / "manager"
    installed.mkdir()
    (installed / "node.py").write_text("mine")
    (shared.nodes / "manager").mkdir()
    shared.rebuild()
    assert (installed / "node.py").read_text() == "mine"


def test_a_link_of_the_user_stays_also_under_the_name_of_a_shared_model(shared: Shared) -> None:
    mine = shared.outside / "mine.safetensors"
    mine.write_bytes(b"mine")
    shared.rebuild()
    link = shared.view.models / "checkpoints" / "one.safetensors"
    link.symlink_to(mine)
    shared.model("checkpoints/one.safetensors")
    shared.rebuild()
    assert link.read_bytes() == b"mine"


def test_a_link_of_the_user_that_leads_elsewhere_is_not_removed(shared: Shared) -> None:
    shared.rebuild()
    dangling = shared.view.models / "checkpoints" / "on-a-drive.safetensors"
    dangling.symlink_to(shared.outside / "not-mounted.safetensors")
    node = shared.view.custom_nodes / "mine"
    node.symlink_to(shared.outside)
    shared.rebuild()
    assert dangling.is_symlink()
    assert node.is_symlink()


def test_links_of_a_launcher_that_was_moved_lead_to_the_new_place(
    shared: Shared, tmp_path: Path
) -> None:
    one = shared.model("checkpoints/one.safetensors")
    link = shared.view.models / "checkpoints" / "one.safetensors"
    link.parent.mkdir(parents=True)
    link.symlink_to(tmp_path / "old-root" / "shared-resources" / "models" / "checkpoints" / "one")
    shared.rebuild()
    assert link.readlink() == one


def test_a_folder_of_the_view_that_leads_out_is_not_written_through(shared: Shared) -> None:
    (shared.outside / "art.png").write_bytes(b"art")
    (shared.outside / "old.safetensors").symlink_to(shared.models / "loras" / "old.safetensors")
    shared.view.models.mkdir(parents=True)
    (shared.view.models / "loras").symlink_to(shared.outside)
    shared.model("loras/one.safetensors")
    before = tree_of(shared.outside)
    shared.rebuild()
    assert tree_of(shared.outside) == before


def test_a_deep_folder_of_the_view_that_leads_out_is_not_written_through(shared: Shared) -> None:
    shared.model("loras/style/one.safetensors")
    (shared.view.models / "loras").mkdir(parents=True)
    (shared.view.models / "loras" / "style").symlink_to(shared.outside)
    shared.rebuild()
    assert tree_of(shared.outside) == {}


def test_a_link_to_a_folder_elsewhere_is_one_link_in_the_view(shared: Shared) -> None:
    (shared.outside / "deep").mkdir()
    (shared.outside / "deep" / "one.safetensors").write_bytes(b"x")
    (shared.outside / "back").symlink_to(shared.outside)
    sdxl = shared.models / "checkpoints" / "style" / "sdxl"
    sdxl.parent.mkdir(parents=True)
    sdxl.symlink_to(shared.outside)
    shared.rebuild()
    shared.rebuild()
    assert shared.links() == {"models/checkpoints/style/sdxl": sdxl}
    assert (shared.view.models / "checkpoints/style/sdxl/deep/one.safetensors").exists()


def test_a_link_to_a_folder_that_holds_it_is_left_out(shared: Shared) -> None:
    """ComfyUI follows links: it would walk in circles."""
    (shared.models / "checkpoints").mkdir()
    (shared.models / "checkpoints" / "loop").symlink_to(shared.models)
    (shared.models / "checkpoints" / "self").symlink_to(".")
    (shared.models / "loras").symlink_to(shared.outside)
    (shared.outside / "all").symlink_to(shared.models)
    (shared.outside / "up").symlink_to("..")
    shared.rebuild()
    assert shared.links() == {}


def test_a_folder_that_becomes_a_link_becomes_one_in_the_view_and_back(shared: Shared) -> None:
    one = shared.model("checkpoints/sdxl/deep/one.safetensors")
    shared.rebuild()
    sdxl = shared.models / "checkpoints" / "sdxl"
    moved = sdxl.rename(shared.outside / "sdxl")
    sdxl.symlink_to(moved)
    shared.rebuild()
    assert shared.links() == {"models/checkpoints/sdxl": sdxl}
    sdxl.unlink()
    moved.rename(sdxl)
    shared.rebuild()
    assert shared.links() == {"models/checkpoints/sdxl/deep/one.safetensors": one}


def test_a_link_that_the_user_made_to_a_shared_model_or_node_stays(shared: Shared) -> None:
    one = shared.model("checkpoints/one.safetensors")
    (shared.nodes / "node").mkdir()
    shared.rebuild()
    alias = shared.view.models / "checkpoints" / "favourite.safetensors"
    alias.symlink_to(one)
    node = shared.view.custom_nodes / "other-name"
    node.symlink_to(shared.nodes / "node")
    shared.rebuild()
    assert alias.readlink() == one
    assert node.readlink() == shared.nodes / "node"


@pytest.mark.parametrize("length", [249, 255])
def test_a_model_with_the_longest_name_does_not_keep_versions_from_starting(
    shared: Shared, length: int
) -> None:
    one = shared.model(f"checkpoints/{'x' * (length - 12)}.safetensors")
    shared.rebuild()
    assert list(shared.links().values()) == [one]


def test_a_shared_link_to_a_model_elsewhere_counts_and_a_dangling_one_does_not(
    shared: Shared,
) -> None:
    real = shared.outside / "real.safetensors"
    real.write_bytes(b"x")
    (shared.models / "checkpoints").mkdir()
    (shared.models / "checkpoints" / "there.safetensors").symlink_to(real)
    (shared.models / "checkpoints" / "gone.safetensors").symlink_to(shared.outside / "gone")
    shared.rebuild()
    assert list(shared.links()) == ["models/checkpoints/there.safetensors"]
    assert (shared.view.models / "checkpoints" / "there.safetensors").read_bytes() == b"x"


def test_a_kind_that_is_a_link_to_a_large_disk_is_shared(shared: Shared) -> None:
    (shared.outside / "one.safetensors").write_bytes(b"x")
    (shared.models / "checkpoints").symlink_to(shared.outside)
    shared.rebuild()
    assert list(shared.links()) == ["models/checkpoints/one.safetensors"]


def test_a_real_file_where_a_folder_would_be_does_not_keep_it_from_starting(
    shared: Shared,
) -> None:
    shared.model("loras/style/one.safetensors")
    (shared.view.models / "loras").mkdir(parents=True)
    (shared.view.models / "loras" / "style").write_bytes(b"downloaded")
    shared.model("loras/two.safetensors")
    shared.rebuild()
    assert (shared.view.models / "loras" / "style").read_bytes() == b"downloaded"
    assert "models/loras/two.safetensors" in shared.links()


def test_a_folder_that_takes_nothing_is_told(shared: Shared) -> None:
    shared.view.folder.parent.mkdir()
    shared.view.folder.write_text("a file stands here")
    with pytest.raises(NotWritable):
        shared.rebuild()


def test_many_models_are_all_linked(shared: Shared) -> None:
    for number in range(300):
        shared.model(f"loras/{number % 10}/{number}.safetensors")
    shared.rebuild()
    assert len(shared.links()) == 300


# --- Whose a link is


def test_a_link_that_the_user_put_in_the_place_of_ours_is_left_alone(shared: Shared) -> None:
    """Also when it leads to the same: only what is on record is ours."""
    one = shared.model("checkpoints/one.safetensors")
    two = shared.model("checkpoints/two.safetensors")
    shared.rebuild()
    mine = shared.outside / "mine.safetensors"
    mine.write_bytes(b"mine")
    for link, target in (("one.safetensors", one), ("two.safetensors", mine)):
        (shared.outside / "link").symlink_to(target)
        (shared.outside / "link").replace(shared.view.models / "checkpoints" / link)
    one.unlink()
    two.unlink()
    shared.rebuild()
    assert shared.links() == {
        "models/checkpoints/one.safetensors": one,
        "models/checkpoints/two.safetensors": mine,
    }


def test_links_of_a_launcher_without_a_ledger_are_taken_over(shared: Shared) -> None:
    old, kept = shared.model("loras/old.safetensors"), shared.model("loras/kept.safetensors")
    (shared.view.models / "loras").mkdir(parents=True)
    shared.view.custom_nodes.mkdir()
    for path in (old, kept):
        (shared.view.models / "loras" / path.name).symlink_to(path)
    (shared.view.models / "loras" / "mine.safetensors").symlink_to(shared.outside)
    (shared.view.custom_nodes / "gone").symlink_to(shared.nodes / "gone")
    old.unlink()
    shared.rebuild()
    assert shared.links() == {
        "models/loras/kept.safetensors": kept,
        "models/loras/mine.safetensors": shared.outside,
    }
    kept.unlink()
    shared.rebuild()
    assert shared.links() == {"models/loras/mine.safetensors": shared.outside}


def test_in_a_copied_root_the_links_lead_into_the_copy(shared: Shared, tmp_path: Path) -> None:
    """Though those to the old root would still lead somewhere."""
    shared.model("checkpoints/one.safetensors")
    gone = shared.model("checkpoints/gone.safetensors")
    (shared.nodes / "node").mkdir()
    shared.rebuild()
    copy = tmp_path / "a copy"
    for name in ("shared-resources", "views", "links"):
        shutil.copytree(tmp_path / name, copy / name, symlinks=True)
    copied = Shared(copy)
    copied.model("checkpoints/new.safetensors")
    (copied.models / "checkpoints" / gone.name).unlink()
    copied.rebuild()
    assert copied.links() == {
        "models/checkpoints/one.safetensors": copied.models / "checkpoints" / "one.safetensors",
        "models/checkpoints/new.safetensors": copied.models / "checkpoints" / "new.safetensors",
        "custom_nodes/node": copied.nodes / "node",
    }
    assert shared.links()["models/checkpoints/gone.safetensors"] == gone


def test_with_a_damaged_ledger_a_version_still_starts_and_nothing_is_unlinked(
    shared: Shared,
) -> None:
    one = shared.model("checkpoints/one.safetensors")
    shared.rebuild()
    for file in shared.ledger.parent.iterdir():
        file.write_text("{")
    one.unlink()
    new = shared.model("checkpoints/new.safetensors")
    shared.rebuild()
    assert shared.links() == {
        "models/checkpoints/one.safetensors": one,
        "models/checkpoints/new.safetensors": new,
    }


# --- Removing


def test_removing_a_view_leaves_nothing_of_it_and_everything_that_is_shared(
    shared: Shared,
) -> None:
    shared.model("loras/style/deep/one.safetensors")
    (shared.nodes / "node").mkdir()
    (shared.nodes / "node" / "node.py").write_text("code")
    before = tree_of(shared.models.parent)
    shared.rebuild()
    assert shared.remove() == RemovedView(2, ())
    assert not shared.view.folder.exists()
    assert list(shared.ledger.parent.iterdir()) == []
    assert tree_of(shared.models.parent) == before
    assert shared.remove() == RemovedView(0, ())


def test_what_is_not_ours_stays_in_a_removed_view_and_is_told(shared: Shared) -> None:
    shared.model("loras/one.safetensors")
    shared.model("loras/two.safetensors")
    shared.rebuild()
    loras = shared.view.models / "loras"
    (loras / "downloaded.safetensors").write_bytes(b"downloaded")
    (shared.outside / "link").symlink_to(shared.models / "loras" / "two.safetensors")
    (shared.outside / "link").replace(loras / "two.safetensors")
    (shared.view.models / "to a folder").symlink_to(shared.outside)
    shared.view.yaml.write_text("# mine\n")
    kept = (
        shared.view.yaml,
        loras / "downloaded.safetensors",
        loras / "two.safetensors",
        shared.view.models / "to a folder",
    )
    assert shared.remove() == RemovedView(1, kept)
    assert sorted(path for path in shared.view.folder.rglob("*") if not path.is_dir()) == sorted(
        set(kept) - {shared.view.models / "to a folder"}
    )
    assert {path.name for path in shared.view.models.iterdir()} == {"loras", "to a folder"}
    # A version that is installed anew takes none of it for its own.
    shared.rebuild()
    assert shared.remove().kept == kept[1:]


def test_a_yaml_that_leads_elsewhere_is_not_taken_for_the_generated_one(shared: Shared) -> None:
    shared.rebuild()
    moved = shared.view.yaml.rename(shared.outside / "moved.yaml")
    shared.view.yaml.symlink_to(moved)
    assert shared.remove().kept == (shared.view.yaml,)
    assert moved.exists()


def test_the_view_of_a_launcher_without_a_ledger_is_removed_too(shared: Shared) -> None:
    one = shared.model("loras/one.safetensors")
    (shared.view.models / "loras").mkdir(parents=True)
    (shared.view.models / "loras" / "one.safetensors").symlink_to(one)
    assert shared.remove() == RemovedView(1, ())
    assert one.exists()


def test_removing_does_not_enter_what_is_mounted_in_a_view(shared: Shared) -> None:
    shared.rebuild()
    drive = shared.view.models / "loras"
    with mounted(drive):
        (drive / "empty folder of the user").mkdir()
        shared.remove()
        assert (drive / "empty folder of the user").is_dir()


# --- The yaml


def test_every_kind_that_comfyui_knows_points_into_the_view(shared: Shared) -> None:
    shared.model("my_own_kind/one.bin")
    shared.rebuild()
    loaded = as_comfyui_loads(shared.view.yaml)
    for kind in (*COMFYUI_FOLDERS, "my_own_kind"):
        assert loaded[kind] == [str(shared.view.models / kind)]
        assert (shared.view.models / kind).is_dir()
    assert loaded["custom_nodes"] == [str(shared.view.custom_nodes)]


def test_the_view_is_looked_into_first(shared: Shared, tmp_path: Path) -> None:
    other = tmp_path / "webui" / "models"
    (other / "checkpoints").mkdir(parents=True)
    shared.rebuild(other)
    assert as_comfyui_loads(shared.view.yaml)["checkpoints"] == [
        str(shared.view.models / "checkpoints"),
        str(other / "checkpoints"),
    ]
    assert shared.config()[OWN_SECTION]["is_default"] is True


def test_folders_elsewhere_keep_their_order_and_their_own_names(
    shared: Shared, tmp_path: Path
) -> None:
    first, second = tmp_path / "first", tmp_path / "second"
    for folder in ("Stable-diffusion", "Lora", "LyCORIS", "VAE", "ESRGAN", "embeddings"):
        (first / folder).mkdir(parents=True)
    (second / "loras").mkdir(parents=True)
    shared.rebuild(first, second)
    loaded = as_comfyui_loads(shared.view.yaml)
    own = shared.view.models
    assert loaded["checkpoints"] == [str(own / "checkpoints"), str(first / "Stable-diffusion")]
    assert loaded["loras"] == [
        str(own / "loras"),
        str(first / "Lora"),
        str(first / "LyCORIS"),
        str(second / "loras"),
    ]
    assert loaded["upscale_models"] == [str(own / "upscale_models"), str(first / "ESRGAN")]


def test_a_folder_that_is_not_mounted_or_empty_is_left_out(shared: Shared, tmp_path: Path) -> None:
    empty = tmp_path / "empty"
    empty.mkdir()
    shared.rebuild(tmp_path / "not-mounted", empty)
    assert list(shared.config()) == [OWN_SECTION]


@pytest.mark.parametrize(
    "name",
    [
        "with space",
        "Модели 模型 🎨",
        'it\'s "quoted"',
        "new\nline",
        "tab\there",
        "colon: hash #x",
        "- dash",
        "{a: b}",
        "[list]",
        "&anchor *alias !tag |",
        "%percent",
        "yes",
        "1e3",
        "null",
        "~tilde",
        "back\\slash",
        "ends with space ",
        "\x85next\u2028line",
        os.fsdecode(b"latin-\xe9"),
    ],
)
def test_any_name_of_a_folder_survives_the_yaml(shared: Shared, tmp_path: Path, name: str) -> None:
    base = tmp_path / name / "models"
    (base / "checkpoints").mkdir(parents=True)
    shared.rebuild(base)
    assert as_comfyui_loads(shared.view.yaml)["checkpoints"][1] == str(base / "checkpoints")
    assert set(shared.config()) == {OWN_SECTION, "folder_1"}


@pytest.mark.parametrize("name", ["yes", "null", "1e3", "Модели", "it's", "a: b", "2024-01-01"])
def test_any_name_of_a_kind_survives_the_yaml(shared: Shared, name: str) -> None:
    shared.model(f"{name}/one.bin")
    shared.rebuild()
    assert as_comfyui_loads(shared.view.yaml)[name] == [str(shared.view.models / name)]


@given(
    name=st.text(st.characters(exclude_characters="/\x00", exclude_categories=["Cs"]), min_size=1)
)
def test_yaml_gives_back_what_it_was_given(name: str) -> None:
    folder = Path("/view")
    text = View(folder, LinkLedger(folder / "ledger", folder))._yaml([name], [])
    section = yaml.safe_load(text)[OWN_SECTION]
    if name not in {"base_path", "is_default", "custom_nodes"}:
        assert section[name] == name
    assert section["base_path"] == "/view/models"


@pytest.mark.parametrize("name", ["base_path", "is_default", "custom_nodes"])
def test_a_folder_named_like_a_word_of_the_yaml_does_not_bend_it(
    shared: Shared, tmp_path: Path, name: str
) -> None:
    """Not even custom_nodes: naming a folder of models must not run the code that lies in it."""
    shared.model(f"{name}/one.bin")
    other = tmp_path / "other"
    (other / name).mkdir(parents=True)
    (other / "loras").mkdir()
    shared.rebuild(other)
    own, extra = shared.config().values()
    assert own["base_path"] == str(shared.view.models)
    assert own["is_default"] is True
    assert own["custom_nodes"] == str(shared.view.custom_nodes)
    assert extra == {"base_path": str(other), "loras": "loras"}


def test_a_kind_with_a_line_break_in_its_name_is_not_two_kinds(
    shared: Shared, tmp_path: Path
) -> None:
    other = tmp_path / "other"
    (other / "loras\ncustom").mkdir(parents=True)
    (other / "loras").mkdir()
    shared.rebuild(other)
    assert as_comfyui_loads(shared.view.yaml)["loras"][1:] == [str(other / "loras")]
    assert set(shared.config()["folder_1"]) == {"base_path", "loras"}


def test_the_yaml_says_that_it_is_generated(shared: Shared) -> None:
    shared.rebuild()
    assert shared.view.yaml.read_text().startswith("# Generated by ComfyUI Launcher")
