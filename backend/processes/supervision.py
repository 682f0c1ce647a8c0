"""Everything the version manager needs to know of processes, in one place."""

from __future__ import annotations

from pathlib import Path
from typing import Final

from backend.config import NetworkConfig
from backend.exceptions import PortTaken
from backend.platform.ports import free_port, holder_of, port_is_free
from backend.processes.endings import Ending, Endings
from backend.processes.instances import Instance, Instances, LaunchPlan, NoteProblem
from backend.processes.readiness import Watch, await_ready, probe

WILDCARD: Final = "0.0.0.0"  # noqa: S104 - what the user listens on, not we
WILDCARDS: Final = {WILDCARD, "::"}


class ProcessSupervisor:
    """Chooses ports, starts, waits for readiness, finds and stops."""

    def __init__(self, instances: Instances) -> None:
        self._instances = instances
        self._endings = Endings()

    def start(self, plan: LaunchPlan) -> Instance:
        return self._instances.start(plan)

    def current(self, store: Path) -> Instance | None:
        return self._instances.current(store)

    def latest(self, store: Path) -> Instance | None:
        return self._instances.latest(store)

    def refresh(self, instance: Instance) -> Instance:
        """The same run as it stands now."""
        return self._instances.refresh(instance)

    def stop(self, instance: Instance) -> Instance:
        return self._instances.stop(instance)

    def ending(self, instance: Instance) -> Ending:
        """Why an instance that has ended did so."""
        return self._endings.of(instance)

    def give_up(self, instance: Instance, cause: str, advice: str) -> None:
        """Ends a start, and keeps why. Raises: StopFailed, DiskFull, NotWritable."""
        try:
            self._endings.give_up(instance, cause, advice)
        finally:
            self._instances.stop(instance)

    def await_ready(
        self,
        instance: Instance,
        *,
        timeout_seconds: float,
        watch: Watch,
        waited_seconds: float = 0.0,
    ) -> Instance:
        """The instance once it answers as itself. Raises: as `readiness.await_ready`."""
        return await_ready(
            self._instances,
            instance,
            timeout_seconds=timeout_seconds,
            watch=watch,
            waited_seconds=waited_seconds,
        )

    def adopt(self, instance: Instance, *, timeout_seconds: float) -> Instance:
        """A run whose launcher ended before it was ready, marked ready if it answers by now.

        Raises: DiskFull, DiskFailed, NotWritable.
        """
        if not probe(self._instances, instance, timeout_seconds=timeout_seconds):
            return instance
        return self._instances.mark_ready(instance, instance.age_seconds)

    def problems(self, store: Path) -> list[NoteProblem]:
        """The notes about runs of that store that cannot be read, and why."""
        return self._instances.problems(store)

    def users_of(self, store: Path) -> list[int]:
        """Who works in that store, also where nothing can be read about it."""
        return self._instances.users_of(store)

    def choose_port(self, wanted: int | None, listen: str, after: int | None = None) -> int:
        """`wanted`, or without a wish the next free one, behind `after` if that was lost.

        Raises: PortTaken with its holder.
        """
        addresses = listen.split(",")
        # Who listens everywhere collides with a server on any address, not on loopback only.
        host = WILDCARD if WILDCARDS.intersection(addresses) else addresses[0]
        if wanted is None:
            return free_port(NetworkConfig.COMFYUI_PORT if after is None else after + 1, host)
        if not port_is_free(wanted, host):
            holder = holder_of(wanted)
            raise PortTaken(wanted, holder=str(holder) if holder else None)
        return wanted
