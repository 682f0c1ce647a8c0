"""One table decides every exit status."""

from __future__ import annotations

import pytest

from backend.api.exit_codes import EXIT_CODES, exit_code_of
from backend.exceptions import all_errors


def test_every_error_has_the_status_of_its_kind() -> None:
    of = {code: exit_code_of(code) for code in all_errors()}
    assert {status: {c for c in of if of[c] == status} for status in sorted(set(of.values()))} == {
        1: {
            "dependencies-unresolvable", "dependency-install-failed", "installation-damaged",
            "internal-error", "metadata-corrupt", "metadata-from-the-future",
            "no-desktop-menu", "no-window", "operation-interrupted", "source-failed",
            "source-incomplete", "stop-failed", "tool-missing", "window-impossible",
        } & set(of),
        2: {
            "invalid-request", "invalid-value", "malformed-request", "request-too-large",
            "unknown-endpoint", "unknown-setting", "unsafe-path",
        } & set(of),
        3: {
            "no-active-version", "not-in-trash", "not-running", "operation-not-found",
            "path-not-found", "python-not-found", "version-not-found", "version-not-installed",
        },
        4: {
            "http-failed", "network-unreachable", "repository-unreachable", "unexpected-answer",
        },
        5: {
            "already-running", "foreign-folder", "launcher-not-answering", "operation-conflict",
            "operation-not-repeatable", "port-taken", "service-already-running",
            "version-already-installed", "version-in-use",
        },
        6: {"operation-cancelled"},
        7: {"disk-failed", "disk-full", "not-writable", "secret-store-missing"},
        8: {"not-ready-in-time", "start-failed"},
        9: {
            "foreign-origin", "github-limit-reached", "not-authenticated", "rate-limited",
            "wrong-code",
        } & set(of),
    }  # fmt: skip


def test_a_code_that_nobody_knows_is_a_plain_failure() -> None:
    assert exit_code_of("from-a-newer-launcher") == 1


@pytest.mark.parametrize("status", sorted(EXIT_CODES))
def test_every_status_has_a_meaning_and_fits_in_a_byte(status: int) -> None:
    assert EXIT_CODES[status].meaning.endswith(".")
    assert 0 <= status < 256
