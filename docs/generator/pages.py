"""The pages of docs/reference, each made of the tables that the app itself uses."""

from __future__ import annotations

from collections.abc import Iterator
from inspect import getdoc
from typing import Final

from backend.api.endpoint import ENDPOINTS, Endpoint, RateClass
from backend.api.exit_codes import exit_code_of
from backend.api.rate_limits import RATES
from backend.config import ENVIRONMENT, Settings, variables_of
from backend.exceptions import ComfyUILauncherError, all_errors
from backend.service.statuses import status_of
from docs.generator import doors
from docs.generator.commands import command_of
from docs.generator.contract import definition, models_below, outcome_model
from docs.generator.files import FILES
from docs.generator.words import bounds_of, code, fields, kind_of, link_to, table

RATE_WORDS: Final = {
    RateClass.READ: "looks, changes nothing",
    RateClass.CHANGE: "changes something",
    RateClass.DESTRUCTIVE: "removes something",
    RateClass.UNLIMITED: "ends something; never refused, so that you can always stop it",
}
FIELD_TITLES: Final = ("Field", "Type", "Bounds", "Default", "Meaning")

API_INTRODUCTION: Final = """\
# The API

Everything that ComfyUI Launcher can do is one of the endpoints below. The command line and the
HTTP service call the same endpoints with the same fields and give the same answers.

An answer is an envelope: [Success](#model-success) with the `value`, or
[Refusal](#model-refusal) with an `error` ([all codes](errors.md)). A request is one JSON object. A
field that is not listed is refused.

An endpoint that *takes time* answers at once with an [OperationRef](#model-operationref). Follow
the operation with `operations.show` or with the events; when it has succeeded, its `result` is the
model named under *ends with*.

The same contract as JSON Schema: [contract.json](contract.json).

## Rate classes

Each class of endpoints has a bucket for each running launcher process: so many calls at once, and
so many a second after that. A call beyond that is refused with `rate-limited`, and its details
say in `retry_after` how many seconds to wait.
"""

ERRORS_INTRODUCTION: Final = """\
# Errors

Every error has a `code`, which never changes its meaning, a `message` (what happened), a `hint`
(what to do) and `details` (the facts, for programs). The exit status is that of the command line,
the HTTP status that of the service.
"""

SETTINGS_INTRODUCTION: Final = """\
# Settings and environment

A setting has its value from the first of these that gives one:

1. the environment variable that is named with it (the first of several that is set),
2. `launcher-data/settings.json`, which `./launcher settings` changes,
3. the default.

An empty variable counts as not set. `./launcher settings list` shows each value with its source.
"""

ENVIRONMENT_INTRODUCTION: Final = """\
## Environment variables

Secrets are never stored in the settings. The environment wins; without it, a token is looked for
in the keyring of the system, then (only with the setting `secrets_in_file`) in
`launcher-data/secrets.json`.
"""

OTHER_VARIABLES: Final = """\
## Variables that are not the app's own

- `COMFYUI_LAUNCHER_PYTHON` is read by the script `launcher`: the Python to make `.venv` with.
- `COMFYUI_LAUNCHER_TOKEN` is set for each ComfyUI that is started; by it the launcher knows its own
  processes again. It opens nothing.
- `COMFYUI_LAUNCHER_OPERATION` is set for each git and uv that is started; by it the next start
  finds and ends those of a launcher that was killed.
- `COMFYUI_LAUNCHER_CRASH_RESULTS` is read by the tests: the file that the crash suite writes its
  figures to.
- `HTTPS_PROXY`, `HTTP_PROXY`, `NO_PROXY` and `SSL_CERT_FILE` work as in other programs.
- `UV_HTTP_TIMEOUT` counts where it asks for more than 300 seconds of patience. All other `UV_*` and
  all `PIP_*` variables are kept from the environments of ComfyUI. The script `launcher` follows
  those that say how to reach an index.
- `NO_COLOR` turns off colours.
"""

FILES_INTRODUCTION: Final = """\
# Files

Everything lies below one folder, the root: `COMFYUI_LAUNCHER_HOME` if it is set, else the
launcher's own folder when it is a checkout, else the data folder of the platform
(`~/.local/share/comfyui-launcher` on Linux). The current folder is never looked at; a relative
`COMFYUI_LAUNCHER_HOME` counts from your home folder.

Every JSON file of the launcher ends with a field `crc32`: a checksum of all that stands before it.
So damage shows, also where what is left looks sound. A file without that field is judged by its
form alone; if you edit one by hand, remove the field. `./launcher state` reads them all and tells
which are damaged.

Beside a record, `NAME.previous` is its content before the last change; it counts when the record is
damaged. `NAME.damaged` is content that could not be read and was set aside when the record was
written anew, `NAME.damaged-later` the latest of its kind when that happened more than once; both
are yours to look at and to delete.

Names such as `.3f9c01-4711-5ad0c2ee.tmp` are writes under way: the boot (and container), the number
of the process that writes, and chance. What a crash leaves of them is removed at the next start,
when that process is gone; where that cannot be asked, after a day.
"""


def api() -> str:
    """Every endpoint with its request and its answer, then every model."""
    return "\n".join([API_INTRODUCTION, *_rates(), *_endpoints(), *_models()])


def errors() -> str:
    """Every error by family, with what it means at each door."""
    lines = [ERRORS_INTRODUCTION]
    for family in ComfyUILauncherError.__subclasses__():
        lines += [f"## {family.__name__}", "", _first_line(family), ""]
        rows = [
            (
                f"`{code}`",
                _first_line(error),
                str(status_of(error).code),
                str(exit_code_of(code)),
            )
            for code, error in all_errors().items()
            if issubclass(error, family)
        ]
        lines += table(("Code", "When", "HTTP status", "Exit status"), rows)
    return "\n".join(lines)


def settings() -> str:
    """Every setting, and every variable of the environment."""
    schema = Settings.model_json_schema()["properties"]
    rows = [
        (
            f"`{name}`",
            kind_of(field),
            bounds_of(field),
            code(field["default"]),
            ", ".join(f"`{variable}`" for variable in variables_of(name)),
            field["description"],
        )
        for name, field in schema.items()
    ]
    variables = [
        (
            f"`{variable.name}`",
            f"setting `{variable.setting}`" if variable.setting else _kind_of_variable(variable),
            variable.meaning,
        )
        for variable in ENVIRONMENT
    ]
    return "\n".join(
        [
            SETTINGS_INTRODUCTION,
            "## Settings\n",
            *table(("Setting", "Type", "Bounds", "Default", "Environment", "Meaning"), rows),
            ENVIRONMENT_INTRODUCTION,
            *table(("Variable", "Gives", "Meaning"), variables),
            OTHER_VARIABLES,
        ]
    )


def files() -> str:
    """The tree below the root."""
    lines = [FILES_INTRODUCTION]
    for path, meaning in FILES.items():
        if path.count("/") == 1 and path.endswith("/"):
            lines += [f"## `{path}`", "", f"{meaning}.", ""]
            below = [(f"`{name}`", words) for name, words in FILES.items() if _is_below(name, path)]
            lines += table(("Path", "What it is"), below)
    return "\n".join(lines)


def command_line() -> str:
    """Every command of `./launcher` with its options."""
    return doors.command_line()


def exit_codes() -> str:
    """What the exit status of `./launcher` says."""
    return doors.exit_codes()


def http() -> str:
    """The routes of the service and the statuses it answers with."""
    return doors.http()


def _kind_of_variable(variable: object) -> str:
    return "a secret" if getattr(variable, "secret", False) else "where things are"


def _is_below(name: str, folder: str) -> bool:
    return name.startswith(folder) and name != folder


def _rates() -> list[str]:
    rows = []
    for rate in RateClass:
        limit = RATES.get(rate)
        numbers = (str(limit.burst), f"{limit.per_second:g}") if limit else ("any", "any")
        rows.append((f"`{rate.value}`", RATE_WORDS[rate], *numbers))
    return table(("Class", "What it is for", "At once", "A second"), rows)


def _endpoints() -> Iterator[str]:
    yield from ("## Endpoints", "")
    rows = [
        (f"[`{name}`](#{_anchor(name)})", row.summary, row.rate.value, "yes" * row.takes_time)
        for name, row in ENDPOINTS.items()
    ]
    yield from table(("Endpoint", "What it does", "Class", "Takes time"), rows)
    for endpoint in ENDPOINTS.values():
        yield from _endpoint(endpoint)


def _endpoint(endpoint: Endpoint) -> Iterator[str]:
    yield from (f"### {endpoint.name}", "", endpoint.summary, "")
    yield f"- Rate class: `{endpoint.rate.value}`"
    yield f"- Command: {_command(endpoint)}"
    result, outcome = endpoint.result_model.__name__, outcome_model(endpoint)
    ends = f"; it ends with {link_to(outcome.__name__)}" if outcome else ""
    yield f"- Answers with {link_to(result)}{ends}"
    yield ""
    yield from _model_body(endpoint.request_model.__name__, request=True)


def _command(endpoint: Endpoint) -> str:
    if endpoint.needs_window:
        return "none: only the [window](../how-to/the-window.md) can do it"
    command = command_of(endpoint.name)
    return f"[`./launcher {command}`](cli.md#launcher-{command.replace(' ', '-')})"


def _models() -> Iterator[str]:
    yield from ("## Models", "", "What answers and events are made of. Sizes are in bytes.", "")
    answers = {endpoint.result_model.__name__ for endpoint in ENDPOINTS.values()}
    outcomes = {model.__name__ for row in ENDPOINTS.values() if (model := outcome_model(row))}
    for name in models_below(answers | outcomes | {"Event", "Success", "Refusal"}):
        yield from (f"### Model {name}", "")
        yield from _model_body(name)


def _model_body(name: str, *, request: bool = False) -> Iterator[str]:
    schema = definition(name)
    rows = fields(schema, of_request=request)
    words = schema.get("description", "")
    if words and (rows or not request):
        yield from (" ".join(words.split()), "")
    if rows:
        yield from table(FIELD_TITLES, rows)
    elif request:
        yield from ("The request is empty: `{}`.", "")


def _first_line(error: type) -> str:
    return (getdoc(error) or "").partition("\n")[0]


def _anchor(name: str) -> str:
    """As GitHub makes it of a heading."""
    return name.lower().replace(".", "")
