"""How much room an installation needs: what was measured here before, else what is known."""

from __future__ import annotations

from typing import Final

from backend.metadata_manager import InstalledVersion
from backend.operations.operation import Operation
from backend.platform.disk import RoomWatch
from backend.version_manager_components.context import Check, VersionContext
from backend.version_manager_components.models import InstallOptions

SOURCE_BYTES: Final = 60_000_000
# Unpacked environments of ComfyUI in late 2025, until one was measured on this machine.
ENVIRONMENT_BYTES: Final = {"cpu": 1_800_000_000, "gpu": 7_500_000_000}
# Beside a version with the same torch, most packages are hardlinks of what is there already.
CHANGED_SHARE: Final = 0.25
MEGABYTE: Final = 1_000_000


def completed(context: VersionContext, options: InstallOptions) -> InstallOptions:
    """The options with the user's own build of torch, where they name none."""
    chosen = context.settings().torch_spec
    if chosen is None or options.torch_spec or options.torch_backend:
        return options
    return options.model_copy(update={"torch_spec": chosen})


def needed_bytes(context: VersionContext, options: InstallOptions) -> int:
    """What installing will take, generously."""
    key = _size_key(context, options)
    environment = context.store.environment_size(key)
    if environment is None:
        small = "cpu" in key or (key == "auto" and not context.has_gpu())
        environment = ENVIRONMENT_BYTES["cpu" if small else "gpu"]
    elif any(size_key_of(v) == key for v in context.store.versions().versions.values()):
        environment = int(environment * CHANGED_SHARE)
    return environment + SOURCE_BYTES


def keep_free_bytes(context: VersionContext) -> int:
    """What stays free on the disk, whatever is installed."""
    return context.settings().keep_free_mb * MEGABYTE


def working_check(context: VersionContext, options: InstallOptions, operation: Operation) -> Check:
    """What long work asks again and again: it raises once the work is cancelled, or the disk has
    no more than what is to stay free."""
    room = RoomWatch(
        context.paths.versions,
        needed=needed_bytes(context, options),
        keep_free=keep_free_bytes(context),
    )

    def check() -> None:
        operation.check()
        room.check()

    return check


def size_key_of(version: InstalledVersion) -> str:
    """Environments with the same key are of about the same size: it is torch that counts."""
    return version.torch.spec or version.torch.backend or "auto"


def _size_key(context: VersionContext, options: InstallOptions) -> str:
    return options.torch_spec or options.torch_backend or context.settings().torch_backend
