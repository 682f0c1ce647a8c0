"""A whole launcher on a temporary root, with a real repository and wheels of the fake ComfyUI."""

from __future__ import annotations

import os
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from backend.api.contract.common import Refusal, Success
from backend.composition import App, build_app
from backend.operations.events import Event, OperationChanged, OperationLogged
from backend.operations.model import Failure, OperationSnapshot, OperationState

TORCH = "torch==2.13.0+cpu"


@dataclass
class World:
    """The app of a test and the words to drive it with."""

    app: App
    root: Path
    repository: Path
    wheels: Path
    environment: Mapping[str, str]
    events: list[Event] = field(default_factory=list)

    def ask(self, endpoint: str, **request: Any) -> Any:
        """The value of an endpoint; fails the test when it refuses."""
        answer = self.app.dispatcher.call(endpoint, request)
        assert isinstance(answer, Success), answer
        return answer.value

    def refused(self, endpoint: str, **request: Any) -> Failure:
        """The error of an endpoint, at once or of the operation that it started."""
        answer = self.app.dispatcher.call(endpoint, request)
        if isinstance(answer, Refusal):
            return answer.error
        ended = self.app.operations.wait(answer.value.operation_id, timeout=60)
        assert ended.error is not None, ended
        return ended.error

    def start(self, endpoint: str, **request: Any) -> str:
        """The id of the operation that an endpoint started."""
        operation_id = self.ask(endpoint, **request).operation_id
        assert isinstance(operation_id, str)
        return operation_id

    def end_of(self, operation_id: str) -> OperationSnapshot:
        return self.app.operations.wait(operation_id, timeout=60)

    def run(self, endpoint: str, **request: Any) -> dict[str, Any]:
        """The result of an operation; fails the test when it does not succeed."""
        ended = self.end_of(self.start(endpoint, **request))
        assert ended.state is OperationState.SUCCEEDED, ended
        return ended.result or {}

    def install(self, reference: str = "v0.3.64", **options: Any) -> dict[str, Any]:
        return self.run("versions.install", **self.install_request(reference, **options))

    def install_request(self, reference: str = "v0.3.64", **options: Any) -> dict[str, Any]:
        wish = {"torch_spec": TORCH, "find_links": [str(self.wheels)]}
        return {"reference": reference, **wish, **options}

    def launch(self, tag: str = "v0.3.64", **options: Any) -> dict[str, Any]:
        return self.run("versions.launch", tag=tag, cpu=True, **options)

    def store(self, tag: str = "v0.3.64") -> Path:
        """The real folder behind the link of a version."""
        return (self.root / "comfyui-versions" / tag).resolve()

    def installed(self) -> list[str]:
        return [version.tag for version in self.ask("versions.list").versions]

    def stores(self) -> list[str]:
        return sorted(path.name for path in (self.root / "comfyui-versions" / ".store").iterdir())

    def steps_of(self, operation_id: str) -> list[str]:
        """The steps that an operation went through, in order, as the events told them."""
        seen: dict[str, None] = {}
        for event in self.events:
            if isinstance(event.data, OperationChanged):
                operation = event.data.operation
                if operation.id == operation_id and operation.progress.step:
                    seen[operation.progress.step] = None
        return list(seen)

    def lines_of(self, operation_id: str) -> list[str]:
        """The lines of output that an operation told."""
        return [
            event.data.line
            for event in self.events
            if isinstance(event.data, OperationLogged) and event.data.operation_id == operation_id
        ]

    def another_launcher(self) -> App:
        """A second app on the same root, as another start of the launcher makes it."""
        return build_app("cli", self.environment)

    def close(self) -> None:
        """Stops what was launched, so that no test leaves a process behind."""
        for version in self.app.dispatcher.call("versions.list", {}).model_dump()["value"][
            "versions"
        ]:
            if version["state"] in {"running", "starting"}:
                self.run("versions.stop", tag=version["tag"])
        self.app.close()


def make_world(
    root: Path, repository: Path, wheels: Path, cache: Path, **environment: str
) -> World:
    """A world whose packages come from the wheels; `cache` may be shared between worlds."""
    whole = {
        **{k: v for k, v in os.environ.items() if k != "PYTHONDONTWRITEBYTECODE"},
        "COMFYUI_LAUNCHER_HOME": str(root),
        "COMFYUI_LAUNCHER_REPO": repository.as_uri(),
        **environment,
    }
    (root / "comfyui-versions" / ".cache").mkdir(parents=True)
    (root / "comfyui-versions" / ".cache" / "uv").symlink_to(cache)
    world = World(build_app("cli", whole), root, repository, wheels, whole)
    # Nothing but the wheels: no test asks the index of the world for a package.
    nothing = wheels.parent / "empty-index"
    nothing.mkdir(exist_ok=True)
    world.ask("settings.change", name="package_index", value=nothing.as_uri())
    world.app.events.listen(world.events.append)
    return world
