"""Where things are and how the app is set. This module imports nothing of ours.

Three sources, in this order: the environment, the settings file, the default. `SETTINGS` and
`ENVIRONMENT` are the tables behind docs/reference/settings.md. The current directory is never
looked at: the same launcher finds the same world from everywhere.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, ClassVar, Final, Literal, get_args

from pydantic import BaseModel, ConfigDict, Field

Source = Literal["environment", "file", "default"]
LogLevel = Literal["DEBUG", "INFO", "WARNING", "ERROR"]
TORCH_BACKENDS: Final = r"^(auto|cpu|xpu|cu\d{2,3}|rocm\d+(\.\d+)*)$"


class AppConfig:
    """Where ComfyUI comes from when nobody says otherwise."""

    GITHUB_REPO: Final = "Comfy-Org/ComfyUI"
    GITHUB_API_BASE: Final = "https://api.github.com"
    RELEASES_FRESH_SECONDS: Final = 3600


class NetworkConfig:
    """How patient the app is with the network. Times in seconds."""

    MAX_RETRIES: Final = 3
    TIMEOUT_SECONDS: Final = 30
    SERVICE_HOST: Final = "127.0.0.1"
    SERVICE_PORT: Final = 8000
    COMFYUI_PORT: Final = 8188


@dataclass(frozen=True, slots=True)
class PathsConfig:
    """Every folder and file of ours, below one root."""

    root: Path

    VERSIONS_DIR: ClassVar[str] = "comfyui-versions"
    SHARED_RESOURCES: ClassVar[str] = "shared-resources"
    LAUNCHER_DATA: ClassVar[str] = "launcher-data"

    @property
    def versions(self) -> Path:
        return self.root / self.VERSIONS_DIR

    @property
    def store(self) -> Path:
        """`<tag>-<operation>/` folders: each an installation, built in place."""
        return self.versions / ".store"

    @property
    def trash(self) -> Path:
        """On the volume of the store, so that removal and undo are renames."""
        return self.versions / ".trash"

    @property
    def mirrors(self) -> Path:
        return self.versions / ".mirrors"

    @property
    def cache(self) -> Path:
        """Packages and constraint sets. Beside the store, so that packages are hardlinks."""
        return self.versions / ".cache"

    @property
    def shared(self) -> Path:
        return self.root / self.SHARED_RESOURCES

    @property
    def models(self) -> Path:
        return self.shared / "models"

    @property
    def custom_nodes(self) -> Path:
        return self.shared / "custom_nodes"

    @property
    def input(self) -> Path:
        return self.shared / "input"

    @property
    def output(self) -> Path:
        return self.shared / "output"

    @property
    def user(self) -> Path:
        return self.shared / "user"

    @property
    def workflows(self) -> Path:
        return self.shared / "workflows"

    @property
    def data(self) -> Path:
        return self.root / self.LAUNCHER_DATA

    @property
    def metadata(self) -> Path:
        return self.data / "metadata"

    @property
    def operations(self) -> Path:
        return self.data / "operations"

    @property
    def journal(self) -> Path:
        """What is about to be changed in several places, written down before it is."""
        return self.data / "journal"

    @property
    def links(self) -> Path:
        """Which links we made, where they led, and which inodes they were."""
        return self.data / "links"

    @property
    def logs(self) -> Path:
        return self.data / "logs"

    @property
    def views(self) -> Path:
        return self.data / "views"

    @property
    def settings_file(self) -> Path:
        return self.data / "settings.json"

    @property
    def secrets_file(self) -> Path:
        return self.data / "secrets.json"

    @property
    def service_file(self) -> Path:
        """Address and token of the running service; mode 0600."""
        return self.data / "service.json"

    @property
    def window_file(self) -> Path:
        """Address and token of the service of the open window; mode 0600."""
        return self.data / "window.json"

    @property
    def window_state_file(self) -> Path:
        """Where the window stood when it was closed."""
        return self.data / "window_state.json"

    def folders(self) -> tuple[Path, ...]:
        """The folders that are there from the first start on."""
        return (
            self.store,
            self.trash,
            self.mirrors,
            self.cache,
            self.models,
            self.custom_nodes,
            self.input,
            self.output,
            self.user,
            self.workflows,
            self.metadata / "versions",
            self.operations,
            self.journal,
            self.links,
            self.logs,
            self.data / "snapshots",
            self.data / "library",
            self.views,
        )


class Settings(BaseModel):
    """What a person can set. Each field: type, default, bounds, and the sentence for the docs."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    repository: str = Field(
        f"https://github.com/{AppConfig.GITHUB_REPO}",
        description="Git repository that versions come from: https, http or file.",
        json_schema_extra={"env": ["COMFYUI_LAUNCHER_REPO"]},
    )
    github_repo: str = Field(
        AppConfig.GITHUB_REPO,
        pattern=r"^[\w.-]+/[\w.-]+$",
        description="Owner and name on GitHub, for the release notes.",
    )
    github_api: str = Field(
        AppConfig.GITHUB_API_BASE,
        description="Base address of the GitHub API.",
        json_schema_extra={"env": ["COMFYUI_LAUNCHER_GITHUB_API"]},
    )
    torch_backend: str = Field(
        "auto",
        pattern=TORCH_BACKENDS,
        description="Build of torch for new versions: auto, cpu, cu126, cu130, rocm7.2, xpu ...",
    )
    torch_spec: str | None = Field(
        None,
        pattern=r"^torch ?(==|~=|<=?|>=?|@)[^$\x00-\x1f]+$",
        description="Exact requirement for torch, for example `torch==2.13.0+cpu`; wins over "
        "`torch_backend`.",
    )
    find_links: tuple[str, ...] = Field(
        (), description="Folders or pages with wheels that are looked at beside the package index."
    )
    package_index: str | None = Field(
        None, description="Package index (mirror) to use instead of the standard one."
    )
    package_overrides: tuple[str, ...] = Field(
        (), description="Requirements that win over every other, for example `numpy<2.4`."
    )
    packages_as_of: Literal["release", "today"] = Field(
        "release",
        description="`release` takes packages as they were when the version came out; `today` "
        "takes the newest.",
    )
    grace_days: int = Field(
        7,
        ge=0,
        le=365,
        description="Days after a release that still count as its time (with `release`).",
    )
    extra_model_folders: tuple[str, ...] = Field(
        (),
        description="Folders of models that you have already; each version reads them in place.",
    )
    existing_comfyui: str | None = Field(
        None,
        description="A ComfyUI that you have already: its models are read in place.",
        json_schema_extra={"env": ["COMFYUI_ROOT", "BASE_DIR"]},
    )
    ready_timeout_seconds: float = Field(
        600, ge=1, le=7200, description="How long a start may take before it is given up."
    )
    stop_grace_seconds: float = Field(
        10, ge=0, le=300, description="How long ComfyUI may take to end before it is killed."
    )
    http_timeout_seconds: float = Field(
        NetworkConfig.TIMEOUT_SECONDS, ge=1, le=600, description="Patience with one web request."
    )
    max_retries: int = Field(
        NetworkConfig.MAX_RETRIES,
        ge=0,
        le=10,
        description="How often a failed web request is repeated.",
    )
    trash_days: int = Field(
        30,
        ge=0,
        le=3650,
        description="Days that a removed version waits in the trash before it is deleted for good; "
        "0 keeps it until you empty the trash.",
    )
    keep_free_mb: int = Field(
        512,
        ge=0,
        le=1_000_000,
        description="Megabytes that stay free on the disk: an installation that would use them is "
        "refused, and one that comes to them is ended.",
    )
    secrets_in_file: bool = Field(
        False,
        description="Keep tokens in a file that only you can read where there is no keyring.",
    )
    theme: Literal["system", "dark", "light"] = Field(
        "dark", description="Colours of the window: dark, light, or as the system has them."
    )
    when_closing: Literal["ask", "keep", "stop"] = Field(
        "ask", description="What becomes of running ComfyUIs when the window is closed."
    )
    log_level: LogLevel = Field(
        "INFO",
        description="How much the logs tell. `DEBUG=1` in the environment means DEBUG.",
        json_schema_extra={"env": ["LOG_LEVEL", "DEBUG"]},
    )


@dataclass(frozen=True, slots=True)
class EnvironmentVariable:
    """One variable that the app reads. `setting` names the setting it overrides, if any."""

    name: str
    meaning: str
    setting: str | None = None
    secret: bool = False


def variables_of(setting: str) -> tuple[str, ...]:
    """The environment variables that override a setting; the first one that is set wins."""
    extra = Settings.model_fields[setting].json_schema_extra
    names = extra.get("env", ()) if isinstance(extra, dict) else ()
    return tuple(str(name) for name in names) if isinstance(names, list) else ()


ENVIRONMENT: Final[tuple[EnvironmentVariable, ...]] = (
    EnvironmentVariable(
        "COMFYUI_LAUNCHER_HOME", "The root: versions, shared resources and launcher data."
    ),
    *(
        EnvironmentVariable(name, Settings.model_fields[setting].description or "", setting)
        for setting in Settings.model_fields
        for name in variables_of(setting)
    ),
    EnvironmentVariable("GITHUB_TOKEN", "Token for the GitHub API (release notes).", secret=True),
    EnvironmentVariable("HF_TOKEN", "Token for Hugging Face downloads.", secret=True),
    EnvironmentVariable("CIVITAI_TOKEN", "Token for Civitai downloads.", secret=True),
    EnvironmentVariable(
        "CIVITAI_API_KEY", "The same under its other name; CIVITAI_TOKEN wins.", secret=True
    ),
)


def from_environment(environment: Mapping[str, str]) -> dict[str, Any]:
    """The settings that the environment gives, by name; not yet validated."""
    found: dict[str, Any] = {}
    for setting in Settings.model_fields:
        for name in variables_of(setting):
            value = environment.get(name)
            if value and setting not in found:
                found[setting] = value
    return _read_log_level(found, environment)


def _read_log_level(found: dict[str, Any], environment: Mapping[str, str]) -> dict[str, Any]:
    level = environment.get("LOG_LEVEL", "").upper()
    if level in get_args(LogLevel):
        return found | {"log_level": level}
    if level:  # a common name: what other programs understand by it must not stop this one
        found = {name: value for name, value in found.items() if name != "log_level"}
    if "log_level" not in found:
        return found
    found = dict(found)
    wants_debug = found.pop("log_level").lower() not in {"0", "false", "no", "off"}
    return found | {"log_level": "DEBUG"} if wants_debug else found


def resolve(
    environment: Mapping[str, str], file: Mapping[str, Any]
) -> tuple[Settings, dict[str, Source]]:
    """The settings in force, and where each comes from. Raises pydantic's ValidationError."""
    given = from_environment(environment)
    settings = Settings.model_validate({**file, **given})
    sources: dict[str, Source] = {
        name: "environment" if name in given else "file" if name in file else "default"
        for name in Settings.model_fields
    }
    return settings, sources
