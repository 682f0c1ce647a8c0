"""The types that the page compiles against are those of the contract."""

from __future__ import annotations

import re
import shutil
import subprocess
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Final

import pytest

from backend.api.endpoint import ENDPOINTS
from backend.exceptions import all_errors
from docs.generator import typescript
from docs.generator.contract import contract, outcome_model

ROOT: Final = Path(__file__).parents[2]
TEXT: Final = typescript.contract_types()
TSC: Final = ROOT / "frontend" / "node_modules" / ".bin" / "tsc"

# Lines that have to compile, and (behind @ts-expect-error) lines that must not.
USE: Final = """\
import type {
  EndpointName, Envelope, ErrorCode, Event, EventOf, OutcomeOf, RequestOf, ResultOf,
} from "./contract";
import { ENDPOINTS, ERROR_CODES } from "./contract";

export const least: RequestOf<"versions.install"> = { reference: "v1" };
export const launch: RequestOf<"versions.launch"> = { tag: null, environment: { A: "b" } };
export const nothing: RequestOf<"versions.list"> = {};
// @ts-expect-error a field is missing
export const missing: RequestOf<"versions.install"> = {};
// @ts-expect-error there is no such field
export const unknown: RequestOf<"versions.install"> = { reference: "v1", surprise: 1 };
// @ts-expect-error left out is not undefined
export const absent: RequestOf<"versions.install"> = { reference: "v1", python: undefined };
// @ts-expect-error a request without fields has none
export const full: RequestOf<"versions.list"> = { tag: "v1" };
// @ts-expect-error there is no such endpoint
export const wrong: EndpointName = "versions.surprise";

export function first(versions: ResultOf<"versions.list">): string | undefined {
  // @ts-expect-error an answer is read, not changed
  versions.active = "v1";
  return versions.versions[0]?.tag;
}
export function told(event: Event): string {
  switch (event.data.type) {
    case "operation.changed":
      return event.data.operation.state;
    case "window.closing":
      return event.data.running.join(", ");
    default:
      return event.data.type;
  }
}
export function value(answer: Envelope<ResultOf<"system.info">>): string {
  return answer.ok ? answer.value.launcher : answer.error.message;
}
export const logged: EventOf<"instance.logged"> = { type: "instance.logged", tag: "v1" };
export const commit = (made: OutcomeOf<"versions.install">): string => made.commit;
export const code: ErrorCode = "no-window";
export const row: boolean = ENDPOINTS["versions.install"].takesTime;
export const codes: readonly string[] = ERROR_CODES;
"""


def body(kind: str, name: str) -> str:
    """What stands between the braces of a declaration."""
    found = re.search(rf"^export {kind} {name} {{\n(.*?)^}}", TEXT, re.MULTILINE | re.DOTALL)
    assert found is not None, name
    return found[1]


def test_the_same_code_gives_the_same_bytes() -> None:
    assert typescript.contract_types() == TEXT


def test_every_endpoint_has_its_models() -> None:
    endpoints = body("interface", "Endpoints")
    for name, row in ENDPOINTS.items():
        outcome = outcome_model(row)
        ends = outcome.__name__ if outcome else "null" if row.takes_time else "never"
        assert (
            f'  readonly "{name}": {{\n'
            f"    readonly request: {row.request};\n"
            f"    readonly result: {row.result};\n"
            f"    readonly outcome: {ends};\n"
        ) in endpoints


def test_every_model_is_declared_once() -> None:
    declared = re.findall(r"^export (?:interface|type) (\w+)", TEXT, re.MULTILINE)
    assert len(set(declared)) == len(declared)
    assert set(contract()["$defs"]) <= set(declared)


def test_every_field_of_every_model_is_there() -> None:
    models: Mapping[str, Any] = contract()["$defs"]
    for name, schema in models.items():
        if fields := [] if name == "Success" else list(schema.get("properties", {})):
            found = re.findall(r"^  readonly (\w+)\??: ", body("interface", name), re.MULTILINE)
            assert found == fields


def test_only_fields_of_requests_may_be_left_out() -> None:
    asked = {row.request for row in ENDPOINTS.values()}
    declared = re.findall(r"(?ms)^export interface (\w+) {\n(.*?)^}", TEXT)
    assert len(declared) > len(asked)
    for name, lines in declared:
        if "?: " in lines:
            assert name in asked


def test_every_error_code_is_listed() -> None:
    listed = TEXT.partition("export const ERROR_CODES = [")[2].partition("]")[0]
    assert re.findall(r'"(.+)"', listed) == sorted(all_errors())


def test_nothing_in_a_description_ends_its_comment() -> None:
    schema = {"type": "object", "description": "a */ b", "properties": {}}
    assert typescript._comment(schema) == "/** a *\\/ b */\n"


@pytest.mark.skipif(not shutil.which("node"), reason="node is not installed")
@pytest.mark.skipif(not TSC.exists(), reason="frontend/node_modules is not installed")
def test_the_strictest_compiler_takes_what_fits_and_nothing_else(tmp_path: Path) -> None:
    (tmp_path / "contract.ts").write_text(TEXT, encoding="utf-8")
    (tmp_path / "use.ts").write_text(USE, encoding="utf-8")
    done = subprocess.run(
        [
            TSC, "--noEmit", "--strict", "--noUncheckedIndexedAccess",
            "--exactOptionalPropertyTypes", "--verbatimModuleSyntax", "--isolatedModules",
            "--target", "es2022", "--module", "esnext", "--moduleResolution", "bundler",
            "--types", "", "use.ts",
        ],
        cwd=tmp_path, capture_output=True, text=True, timeout=120,
    )  # fmt: skip
    assert (done.returncode, done.stdout) == (0, "")
