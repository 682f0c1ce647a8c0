from __future__ import annotations

from collections.abc import Callable
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from backend.exceptions import (
    DependenciesUnresolvable,
    DiskFull,
    ForeignFolder,
    InvalidValue,
    NotInTrash,
    NotWritable,
    OperationCancelled,
    RepositoryUnreachable,
    VersionAlreadyInstalled,
    VersionInUse,
    VersionNotInstalled,
)
from backend.file_utils import Value, free_bytes, read_json
from backend.installation_progress_tracker import EMPTY_TRASH_STEPS, INSTALL_STEPS, UNINSTALL_STEPS
from backend.metadata_manager import ActiveVersion, InstalledVersion
from backend.operations.operation import Operation
from backend.platform.git import ResolvedReference
from backend.platform.trash import Trash, TrashEntry
from backend.validators import validate_reference, validate_version_tag
from backend.version_manager_components.building import installation_name
from backend.version_manager_components.context import VersionContext
from backend.version_manager_components.estimate import SOURCE_BYTES
from backend.version_manager_components.installation import InstallationMixin
from backend.version_manager_components.layout import CONSTRAINTS, INSTALL_RECORD, link_of
from backend.version_manager_components.models import InstallOptions
from tests.fakes.ports import COMMIT, NOW, PINS, RELEASED, World, all_at_once, tree_of
from tests.helpers.volumes import fill, mounted

TAG = "v0.3.64"
WANTED = InstallOptions(reference=TAG)


class Only(InstallationMixin):
    """The mixin alone."""

    def __init__(self, context: VersionContext) -> None:
        self.held = context

    @property
    def _context(self) -> VersionContext:
        return self.held


def install(
    world: World, options: InstallOptions = WANTED, operation: Operation | None = None
) -> InstalledVersion:
    operation = operation or world.operation(INSTALL_STEPS)
    return Only(world.context()).install(options, operation)


def uninstall(world: World, tag: str = TAG) -> str:
    operation = world.operation(UNINSTALL_STEPS, operation_id="20251102120000-dddddd")
    return Only(world.context()).uninstall(tag, operation).entry


# --- Planning


def test_a_plan_tells_what_it_takes_and_changes_nothing(world: World) -> None:
    before = tree_of(world.paths.root)
    plan = Only(world.context()).plan_installation(WANTED)
    assert tree_of(world.paths.root) == before
    assert (plan.tag, plan.commit) == (TAG, COMMIT)
    assert plan.needed_bytes == SOURCE_BYTES + 1000, "what such an environment took here before"
    assert plan.enough_room
    assert not plan.already_installed
    assert (plan.network_needed, plan.network_reachable) == (False, None)


def test_a_plan_for_what_was_never_fetched_asks_whether_the_network_is_there(world: World) -> None:
    world.sources.reachable = False
    plan = Only(world.context()).plan_installation(InstallOptions(reference="v9.9.9"))
    assert (plan.tag, plan.commit) == ("v9.9.9", None)
    assert (plan.network_needed, plan.network_reachable) == (True, False)


def test_a_branch_needs_the_network_also_when_it_is_known(world: World) -> None:
    world.offer("master", kind="branch")
    plan = Only(world.context()).plan_installation(InstallOptions(reference="master"))
    assert plan.network_needed
    assert plan.tag == f"master-{COMMIT[:8]}"


def test_a_plan_says_that_the_version_is_there(world: World) -> None:
    world.installed(TAG)
    assert Only(world.context()).plan_installation(WANTED).already_installed


@pytest.mark.parametrize(
    ("options", "size"),
    [
        (InstallOptions(reference=TAG, torch_spec="torch==2.9.0+cpu"), 1_800_000_000),
        (InstallOptions(reference=TAG, torch_backend="cu130"), 7_500_000_000),
    ],
)
def test_without_a_measure_the_size_follows_from_the_build(
    world: World, options: InstallOptions, size: int
) -> None:
    plan = Only(world.context()).plan_installation(options)
    assert plan.needed_bytes == size + SOURCE_BYTES


@pytest.mark.parametrize(("share", "enough"), [(0.9, True), (0.98, False), (1.5, False)])
def test_a_plan_and_an_installation_agree_on_the_room(
    world: World, share: float, enough: bool
) -> None:
    size = int(free_bytes(world.paths.versions) * share) - SOURCE_BYTES
    world.store.remember_environment_size("auto", size)
    assert Only(world.context()).plan_installation(WANTED).enough_room is enough
    if not enough:
        with pytest.raises(DiskFull):
            install(world)
        assert list(world.paths.store.iterdir()) == []


# --- Installing


def test_an_installed_version_is_listed_linked_and_whole(world: World) -> None:
    version = install(world)
    store = world.paths.store / version.store
    assert world.store.version(TAG) == version
    assert link_of(world.paths, TAG).resolve() == store
    read_back = read_json(store / INSTALL_RECORD, InstalledVersion)
    assert isinstance(read_back, Value)
    assert read_back.value == version
    assert (store / CONSTRAINTS).read_text() == PINS
    assert (store / "source" / "main.py").is_file()


def test_the_record_says_what_it_was_made_of(world: World) -> None:
    version = install(world)
    assert (version.kind, version.commit, version.released_at) == ("tag", COMMIT, RELEASED)
    assert (version.python, version.package_count) == ("3.11.7", 2)
    assert (version.torch.backend, version.torch.version) == ("auto", "2.9.0+cpu")
    assert version.installed_at == NOW
    assert version.repository == world.sources.url
    assert version.own_bytes > 0


def test_the_first_version_becomes_active_and_default_and_the_second_does_not(
    world: World,
) -> None:
    install(world)
    world.offer("v0.3.65")
    other = world.operation(INSTALL_STEPS, operation_id="20251103120000-eeeeee")
    install(world, InstallOptions(reference="v0.3.65"), other)
    assert world.store.active() == ActiveVersion(active=TAG, default=TAG)


def test_a_default_that_was_chosen_stays(world: World) -> None:
    world.installed("v0.3.60")
    world.store.change_active(lambda _: ActiveVersion(active=None, default="v0.3.60"))
    install(world)
    assert world.store.active() == ActiveVersion(active=TAG, default="v0.3.60")


def test_steps_come_in_the_order_that_was_announced(world: World) -> None:
    steps: list[str] = []
    operation = world.operation(INSTALL_STEPS)

    def note(*_: object) -> None:
        step = operation.snapshot.progress.step
        if step and (not steps or steps[-1] != step):
            steps.append(step)

    world.events.stream.listen(note)
    install(world, operation=operation)
    assert steps == [step.name for step in INSTALL_STEPS]


def test_the_measured_size_is_remembered_for_the_next_plan(world: World) -> None:
    version = install(world)
    assert world.store.environment_size("auto") == version.logical_bytes


def test_options_win_over_settings(world: World) -> None:
    world.settings = world.settings.model_copy(
        update={
            "torch_backend": "cu130",
            "find_links": ("/settings",),
            "package_index": "https://example.org/simple",
        }
    )
    install(world, InstallOptions(reference=TAG, torch_backend="cpu", find_links=("/options",)))
    (sources,) = world.environments.sources
    assert sources.torch_backend == "cpu"
    assert sources.find_links == ("/options", "/settings")
    assert sources.index == "https://example.org/simple"


def test_an_exact_torch_leaves_the_choice_of_a_build_out(world: World) -> None:
    install(world, InstallOptions(reference=TAG, torch_spec="torch==2.9.0+cpu"))
    (sources,), (wish,) = world.environments.sources, world.constraints.wishes
    assert (sources.torch_backend, wish.torch_spec) == (None, "torch==2.9.0+cpu")


@pytest.mark.parametrize(
    ("setting", "option", "grace", "now", "expected"),
    [
        ("release", None, 7, NOW, "2025-10-15T06:01:17Z"),
        ("release", None, 0, NOW, "2025-10-08T06:01:17Z"),
        ("today", None, 7, NOW, None),
        ("release", "today", 7, NOW, None),
        ("today", "release", 7, NOW, "2025-10-15T06:01:17Z"),
        ("release", None, 7, RELEASED + timedelta(days=6), None),
        ("release", None, 7, RELEASED + timedelta(days=7), "2025-10-15T06:01:17Z"),
        ("release", None, 365, NOW, None),
    ],
)
def test_packages_are_taken_as_of_the_release_and_its_days_of_grace(
    world: World, setting: Any, option: Any, grace: int, now: datetime, expected: str | None
) -> None:
    world.settings = world.settings.model_copy(
        update={"packages_as_of": setting, "grace_days": grace}
    )
    world.now = now
    version = install(world, InstallOptions(reference=TAG, packages_as_of=option))
    assert version.packages_as_of == expected
    assert world.constraints.wishes[0].as_of == expected


def test_a_version_that_is_there_is_refused_before_anything_is_built(world: World) -> None:
    world.installed(TAG)
    before = tree_of(world.paths.versions)
    with pytest.raises(VersionAlreadyInstalled):
        install(world)
    assert tree_of(world.paths.versions) == before


def test_a_folder_of_the_user_in_the_place_of_the_link_is_left_alone(world: World) -> None:
    mine = link_of(world.paths, TAG)
    mine.mkdir()
    (mine / "art.png").write_bytes(b"art")
    with pytest.raises(ForeignFolder):
        install(world)
    assert (mine / "art.png").read_bytes() == b"art"
    assert list(world.paths.store.iterdir()) == []


def test_without_a_mirror_and_a_network_nothing_is_tried(world: World) -> None:
    world.sources.mirrored = world.sources.reachable = False
    with pytest.raises(RepositoryUnreachable):
        install(world)


def test_the_same_tag_twice_at_once_is_installed_once(world: World) -> None:
    outcomes: list[str] = []

    def worker(name: str) -> Callable[[], None]:
        def work() -> None:
            operation = world.operation(INSTALL_STEPS, operation_id=name)
            try:
                outcomes.append(install(world, operation=operation).store)
            except VersionAlreadyInstalled:
                outcomes.append("refused")

        return work

    names = [f"2025110112000{number}-aaaaaa" for number in range(4)]
    all_at_once([worker(name) for name in names])
    assert outcomes.count("refused") == 3
    (store,) = world.paths.store.iterdir()
    recorded = world.store.version(TAG)
    assert recorded is not None
    assert recorded.store == store.name
    assert link_of(world.paths, TAG).resolve() == store


# --- Each step against each kind of failure


def _at_prepare(world: World, hook: Callable[[], object]) -> None:
    world.store.remember_environment_size("auto", 1)
    settings = world.settings

    original = world.context

    def context(**ports: Any) -> VersionContext:
        made = original(**ports)
        first = [True]

        def asked() -> Any:
            if first.pop() if first else False:
                hook()
            return settings

        object.__setattr__(made, "settings", asked)
        return made

    world.context = context  # type: ignore[method-assign]


def _at_commit(world: World, hook: Callable[[], object]) -> None:
    first = [True]

    class Refusing(type(world.store)):  # type: ignore[misc]
        def version(self, tag: str) -> InstalledVersion | None:
            built = world.paths.store / f"{TAG}-20251101120000-aaaaaa" / CONSTRAINTS
            if built.exists() and first and first.pop():
                hook()
            return super().version(tag)  # type: ignore[no-any-return]

    world.store = Refusing(world.paths.data, lock=world.lock)


PLACES: dict[str, Callable[[World, Callable[[], object]], None]] = {
    "prepare": _at_prepare,
    "source": lambda world, hook: setattr(world.sources, "on_find", hook),
    "checkout": lambda world, hook: setattr(world.sources, "on_checkout", hook),
    "environment": lambda world, hook: setattr(world.environments, "on_make", hook),
    "resolve": lambda world, hook: setattr(world.constraints, "on_resolve", hook),
    "packages": lambda world, hook: setattr(world.environments, "on_fill", hook),
    "verify": lambda world, hook: setattr(world.environments, "on_look", hook),
    "commit": _at_commit,
}


def _raise(error: Exception) -> Callable[[], object]:
    def hook() -> None:
        raise error

    return hook


@pytest.mark.parametrize(
    "failure",
    [
        DependenciesUnresolvable(TAG, detail="numpy", packages_as_of=None),
        OperationCancelled("20251101120000-aaaaaa"),
        ZeroDivisionError("a fault of ours"),
        KeyboardInterrupt(),
    ],
    ids=["our error", "cancel", "unexpected", "interrupt"],
)
@pytest.mark.parametrize("place", PLACES)
def test_whatever_fails_wherever_nothing_of_it_stays(
    world: World, place: str, failure: Exception
) -> None:
    world.installed("v0.3.60", active=True)
    foreign = world.paths.store / "my-own-folder"
    foreign.mkdir()
    (foreign / "art.png").write_bytes(b"art")
    other = world.installed("v0.3.61", listed=False, complete=False)
    before = tree_of(world.paths.versions)
    PLACES[place](world, _raise(failure))
    with pytest.raises(type(failure)) as caught:
        install(world)
    assert caught.value is failure
    after = tree_of(world.paths.versions)
    ignored = {".trash/.lock"}
    assert {k: v for k, v in after.items() if k not in ignored and ".cache" not in k} == {
        k: v for k, v in before.items() if k not in ignored and ".cache" not in k
    }
    assert other.is_dir()
    assert set(world.store.versions().versions) == {"v0.3.60"}
    assert world.store.active().active == "v0.3.60"


@pytest.mark.parametrize("place", [place for place in PLACES if place != "commit"])
def test_a_cancel_during_any_step_ends_it_before_the_commit(world: World, place: str) -> None:
    operation = world.operation(INSTALL_STEPS)
    PLACES[place](world, operation.token.set)
    with pytest.raises(OperationCancelled):
        install(world, operation=operation)
    assert world.store.versions().versions == {}
    assert list(world.paths.store.iterdir()) == []
    assert not link_of(world.paths, TAG).is_symlink()


def test_a_cancel_that_comes_with_the_commit_is_too_late(world: World) -> None:
    # "Cancelled. Nothing was changed." would be a lie: the version is there.
    operation = world.operation(INSTALL_STEPS)
    _at_commit(world, operation.token.set)
    version = install(world, operation=operation)
    assert world.store.version(TAG) == version


def test_what_was_fetched_for_git_is_forgotten_with_the_checkout(world: World) -> None:
    world.environments.on_make = _raise(ZeroDivisionError())
    with pytest.raises(ZeroDivisionError):
        install(world)
    store = world.paths.store / f"{TAG}-20251101120000-aaaaaa"
    assert world.sources.forgotten == [store / "source"]


def test_a_disk_that_fills_up_before_our_marker_is_written_leaves_no_folder(
    tmp_path: Path,
) -> None:
    with mounted(tmp_path, size="80m") as volume:
        world = World(volume)
        world.sources.on_find = lambda: fill(volume)
        operation = world.operation(INSTALL_STEPS)
        with pytest.raises(DiskFull):
            install(world, operation=operation)
        assert list(world.paths.store.iterdir()) == []


class StuckTrash(Trash):
    """A trash on a disk that takes no rename."""

    def doom(self, path: Path) -> None:
        raise NotWritable(path, reason="the disk is gone")


def test_trouble_while_clearing_does_not_hide_why_it_failed(world: World) -> None:
    world.environments.on_fill = _raise(
        DependenciesUnresolvable(TAG, detail="numpy", packages_as_of=None)
    )
    context = world.context(trash=StuckTrash(world.paths.trash))
    with pytest.raises(DependenciesUnresolvable):
        Only(context).install(WANTED, world.operation(INSTALL_STEPS))
    (left,) = world.paths.store.iterdir()
    assert Only(world.context()).recover(), "the next start clears it"
    assert not left.exists()


def test_a_size_that_cannot_be_noted_does_not_fail_what_is_installed(world: World) -> None:
    world.store.remember_environment_size("auto", 1)
    sizes = world.paths.metadata / "size_cache.json"

    def damage() -> None:
        sizes.write_text("{")
        sizes.with_name(sizes.name + ".previous").unlink(missing_ok=True)

    world.environments.on_look = damage
    version = install(world)
    assert world.store.version(TAG) == version


# --- Names


@pytest.mark.parametrize(
    ("kind", "name", "expected"),
    [
        ("tag", "v0.3.64", "v0.3.64"),
        ("tag", "2025.10+rc1", "2025.10+rc1"),
        ("tag", "release/0.3", f"release-0.3-{COMMIT[:8]}"),
        ("branch", "master", f"master-{COMMIT[:8]}"),
        ("branch", "feature/new nodes".replace(" ", "-"), f"feature-new-nodes-{COMMIT[:8]}"),
        ("commit", COMMIT[:10], f"commit-{COMMIT[:8]}"),
    ],
)
def test_the_name_on_disk(kind: Any, name: str, expected: str) -> None:
    assert installation_name(ResolvedReference(kind, name, COMMIT, RELEASED)) == expected


@pytest.mark.parametrize("kind", ["tag", "branch"])
@pytest.mark.parametrize(
    "name",
    [
        "#123",
        "@next",
        "ветка",
        "vé1",
        "con",
        "nul.txt",
        "aux",
        "_",
        "a" * 200,
        "x/" * 90 + "y",
        "-".join(["fix"] * 60),
        "what's-new!",
        "$(reboot)",
        "a;b&c|d",
        "fünf%20",
        "v1.0.",
    ],
)
def test_whatever_git_allows_as_a_name_can_be_asked_for_afterwards(kind: Any, name: str) -> None:
    found = ResolvedReference(kind, name, COMMIT, RELEASED)
    assert validate_version_tag(installation_name(found))


@given(name=st.text(min_size=1, max_size=200), kind=st.sampled_from(["tag", "branch", "commit"]))
def test_no_reference_leads_to_an_unsafe_name(name: str, kind: Any) -> None:
    try:
        validate_reference(name)
    except InvalidValue:
        return
    assert validate_version_tag(installation_name(ResolvedReference(kind, name, COMMIT, RELEASED)))


def test_two_tags_that_differ_only_in_what_no_folder_can_hold_do_not_collide() -> None:
    other = "0" * 40
    one = installation_name(ResolvedReference("tag", "release/1", COMMIT, RELEASED))
    two = installation_name(ResolvedReference("tag", "release-1", other, RELEASED))
    assert one != two


# --- Removing and taking back


def test_an_uninstalled_version_waits_in_the_trash(world: World) -> None:
    store = world.installed(TAG, active=True)
    entry = uninstall(world)
    assert not store.exists()
    assert not link_of(world.paths, TAG).is_symlink()
    assert world.store.version(TAG) is None
    assert world.store.active() == ActiveVersion()
    (kept,) = Only(world.context()).trash().entries
    assert (kept.entry, kept.tag, kept.reason) == (entry, TAG, "removed")
    assert world.events.of_type("versions.changed")


def test_a_version_comes_back_from_the_trash_as_it_was(world: World) -> None:
    store = world.installed(TAG)
    before, version = tree_of(store), world.store.version(TAG)
    restored = Only(world.context()).restore(uninstall(world))
    assert restored == version
    assert tree_of(store) == before
    assert world.store.version(TAG) == version
    assert link_of(world.paths, TAG).resolve() == store


def test_shared_models_and_outputs_stay_when_a_version_goes(world: World) -> None:
    world.installed(TAG)
    (world.paths.output / "art.png").write_bytes(b"art")
    before = tree_of(world.paths.shared)
    uninstall(world)
    assert tree_of(world.paths.shared) == before


def test_a_running_version_is_not_removed(world: World) -> None:
    store = world.installed(TAG)
    context = world.context()
    world.processes.start(_plan_for(store))
    before = tree_of(world.paths.versions)
    with pytest.raises(VersionInUse):
        Only(context).uninstall(TAG, world.operation(UNINSTALL_STEPS))
    assert tree_of(world.paths.versions) == before
    assert world.store.version(TAG) is not None


def _plan_for(store: Path) -> Any:
    from backend.processes.instances import LaunchPlan

    return LaunchPlan(
        tag=TAG,
        store=store,
        command=("python", "main.py"),
        cwd=store,
        environment={},
        log_folder=store,
        port=8188,
        listen="127.0.0.1",
        grace_seconds=1,
    )


def test_what_is_not_installed_cannot_be_removed(world: World) -> None:
    world.installed("v0.3.60")
    with pytest.raises(VersionNotInstalled) as caught:
        uninstall(world, "v1.0.0")
    assert caught.value.context["installed"] == ["v0.3.60"]


def test_a_version_whose_folder_is_gone_is_only_forgotten(world: World) -> None:
    store = world.installed(TAG)
    store.rename(world.paths.root / "moved-by-hand")
    assert uninstall(world) == ""
    assert world.store.version(TAG) is None
    assert not link_of(world.paths, TAG).is_symlink()


def test_a_folder_without_our_marker_is_not_removed_and_stays_linked(world: World) -> None:
    store = world.installed(TAG)
    (store / ".comfyui-launcher.json").unlink()
    before = tree_of(world.paths.versions)
    with pytest.raises(ForeignFolder):
        uninstall(world)
    assert {**tree_of(world.paths.versions), ".trash/.lock": b""} == {**before, ".trash/.lock": b""}
    assert world.store.version(TAG) is not None


def test_a_link_that_leads_elsewhere_is_not_removed(world: World) -> None:
    world.installed(TAG)
    elsewhere = world.paths.root / "elsewhere"
    elsewhere.mkdir()
    link_of(world.paths, TAG).unlink()
    link_of(world.paths, TAG).symlink_to(elsewhere)
    uninstall(world)
    assert link_of(world.paths, TAG).readlink() == elsewhere


def test_a_cancel_that_comes_with_the_removal_is_too_late(world: World) -> None:
    world.installed(TAG)
    operation = world.operation(UNINSTALL_STEPS, operation_id="20251102120000-dddddd")

    class Cancelling(Trash):
        def put(self, path: Path, **facts: Any) -> TrashEntry:
            operation.token.set()
            return super().put(path, **facts)

    context = world.context(trash=Cancelling(world.paths.trash))
    assert Only(context).uninstall(TAG, operation).tag == TAG
    assert world.events.of_type("versions.changed"), "the list must be read again"


def test_a_version_is_not_restored_over_another_of_its_name(world: World) -> None:
    world.installed(TAG)
    entry = uninstall(world)
    new = world.installed(TAG, operation_id="20251105120000-ffffff")
    with pytest.raises(VersionAlreadyInstalled):
        Only(world.context()).restore(entry)
    assert link_of(world.paths, TAG).resolve() == new
    assert len(world.trash.entries()) == 1


def test_a_place_that_is_taken_is_not_overwritten(world: World) -> None:
    store = world.installed(TAG)
    entry = uninstall(world)
    store.mkdir()
    (store / "art.png").write_bytes(b"art")
    with pytest.raises(NotInTrash):
        Only(world.context()).restore(entry)
    assert tree_of(store) == {"art.png": b"art"}


@pytest.mark.parametrize("entry", ["", "nothing", "../../etc", "20250101-000000-abcdef"])
def test_what_is_not_in_the_trash_cannot_be_restored(world: World, entry: str) -> None:
    world.installed(TAG)
    uninstall(world)
    with pytest.raises(NotInTrash):
        Only(world.context()).restore(entry)


def test_emptying_the_trash_frees_bytes_and_tells_git(world: World) -> None:
    store = world.installed(TAG)
    (store / "big").write_bytes(b"x" * 100_000)
    uninstall(world)
    operation = world.operation(EMPTY_TRASH_STEPS, operation_id="20251103120000-eeeeee")
    freed = Only(world.context()).empty_trash(None, operation)
    assert freed.entries == 1
    assert freed.bytes >= 100_000
    assert Only(world.context()).trash().entries == ()
    assert world.sources.forgotten == [store / "source"]


def test_an_empty_trash_can_be_emptied(world: World) -> None:
    operation = world.operation(EMPTY_TRASH_STEPS)
    freed = Only(world.context()).empty_trash(None, operation)
    assert (freed.bytes, freed.entries) == (0, 0)
