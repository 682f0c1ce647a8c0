"""Looking at the Python environment of a version."""

from __future__ import annotations

from backend.environments import ConstraintSet, normalised
from backend.version_manager_components.context import VersionComponent
from backend.version_manager_components.layout import constraints_of, whole
from backend.version_manager_components.models import EnvironmentReport, InstalledPackage


class DependenciesMixin(VersionComponent):
    """Which packages a version has, and whether they are what was installed."""

    __slots__ = ()

    def check_environment(self, tag: str) -> EnvironmentReport:
        """The packages of `tag` compared with its constraint set and with each other's needs.

        Raises: VersionNotInstalled, InstallationDamaged.
        """
        version, store = whole(self._context, tag)
        packages = self._context.environments.packages(store / "venv")
        problems = self._context.environments.problems(store / "venv")
        there = {normalised(package.name): package.version for package in packages}
        wanted = ConstraintSet(constraints_of(tag, store)).pins
        missing = sorted(set(wanted) - set(there))
        changed = sorted(
            f"{name} {there[name]} (was {wanted[name]})"
            for name in set(wanted) & set(there)
            if there[name] != wanted[name]
        )
        return EnvironmentReport(
            tag=tag,
            python=version.python,
            packages=tuple(InstalledPackage(name=p.name, version=p.version) for p in packages),
            problems=tuple(problems),
            missing=tuple(missing),
            changed=tuple(changed),
            sound=not (missing or changed or problems),
        )
