"""What holds the packages of a version in place."""

from __future__ import annotations

from collections.abc import Iterable

from backend.environments import ConstraintSet, normalised
from backend.platform.uv import TORCH_FAMILY
from backend.version_manager_components.context import VersionComponent
from backend.version_manager_components.layout import constraints_of, whole
from backend.version_manager_components.models import ConstraintReport


class ConstraintsMixin(VersionComponent):
    """Shows constraint sets. The set itself is resolved by the port `constraints`, once."""

    __slots__ = ()

    def constraints(self, tag: str) -> ConstraintReport:
        """The exact packages that `tag` was made with; `protected` are those of torch.

        Whatever is installed into that environment later is held to the protected ones.
        Raises: VersionNotInstalled, InstallationDamaged.
        """
        version, store = whole(self._context, tag)
        packages = ConstraintSet(constraints_of(tag, store)).packages
        return ConstraintReport(
            tag=tag,
            packages_as_of=version.packages_as_of,
            protected=tuple(_of_torch(packages)),
            overrides=self._context.settings().package_overrides,
            packages=tuple(packages),
        )


def _of_torch(packages: Iterable[str]) -> list[str]:
    return [line for line in packages if normalised(line.partition("==")[0]) in TORCH_FAMILY]
