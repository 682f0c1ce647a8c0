from __future__ import annotations

import json
import logging
import stat
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from backend import logging_config
from backend.logging_config import (
    MAX_BYTES,
    SecretScrubber,
    configure_logging,
    current_operation,
    get_logger,
    register_secret,
    scrub,
)
from tests.helpers.processes import run_python

CANARY = "c4n4ry-5ecret/+="
WORDS_BEFORE = ["", "token is ", "see ", "('", '{"a": "']


@pytest.fixture(autouse=True)
def _logging_as_before() -> Iterator[None]:
    root, ours = logging.getLogger(), logging.getLogger("backend")
    handlers, level = list(root.handlers), ours.level
    yield
    for handler in [h for h in root.handlers if h not in handlers]:
        root.removeHandler(handler)
        handler.close()
    ours.setLevel(level)


def lines(path: Path) -> list[dict[str, Any]]:
    return [json.loads(line) for line in path.read_text(encoding="utf-8").splitlines()]


def test_a_line_is_a_json_object_with_the_facts(tmp_path: Path) -> None:
    path = configure_logging(tmp_path / "logs", "cli", "INFO")
    token = current_operation.set("op-17")
    get_logger("backend.some.part").info("installing %s", "v0.3.60", extra={"incident": "i-4"})
    current_operation.reset(token)
    (line,) = lines(path)
    assert path == tmp_path / "logs" / "cli.log"
    assert line.pop("time").endswith("+00:00")
    assert line == {
        "level": "INFO",
        "logger": "backend.some.part",
        "message": "installing v0.3.60",
        "operation": "op-17",
        "incident": "i-4",
    }


def test_an_exception_is_one_field_of_the_line(tmp_path: Path) -> None:
    path = configure_logging(tmp_path, "cli", "INFO")
    try:
        [].pop()
    except IndexError:
        get_logger("backend.x").exception("it broke")
    (line,) = lines(path)
    assert line["message"] == "it broke"
    assert line["exception"].splitlines()[0] == "Traceback (most recent call last):"
    assert "operation" not in line


def test_text_with_line_breaks_stays_one_line(tmp_path: Path) -> None:
    path = configure_logging(tmp_path, "cli", "INFO")
    record = logging.makeLogRecord({"msg": 'a\n{"level": "forged"}\r\u2028\ud800 é'})
    logging.getLogger().handlers[-1].handle(record)  # pytest itself could not print half a pair
    (line,) = lines(path)
    assert line["message"].startswith('a\n{"level": "forged"}')


def test_our_own_lines_follow_the_level_and_those_of_libraries_start_at_warning(
    tmp_path: Path,
) -> None:
    path = configure_logging(tmp_path, "cli", "DEBUG")
    get_logger("backend.x").debug("ours")
    logging.getLogger("urllib3.connectionpool").debug("theirs")
    logging.getLogger("urllib3.connectionpool").warning("their warning")
    assert [line["message"] for line in lines(path)] == ["ours", "their warning"]


def test_below_the_level_nothing_is_written(tmp_path: Path) -> None:
    path = configure_logging(tmp_path, "cli", "ERROR")
    get_logger("backend.x").warning("quiet")
    assert not lines(path)


def test_configuring_twice_writes_each_line_once(tmp_path: Path) -> None:
    configure_logging(tmp_path, "cli", "INFO")
    path = configure_logging(tmp_path, "cli", "INFO")
    get_logger("backend.x").info("once")
    assert [line["message"] for line in lines(path)] == ["once"]


def test_another_door_gets_its_own_file(tmp_path: Path) -> None:
    first = configure_logging(tmp_path, "cli", "INFO")
    second = configure_logging(tmp_path, "service", "INFO")
    get_logger("backend.x").info("hello")
    assert (len(lines(first)), len(lines(second))) == (0, 1)


def test_the_log_can_be_read_by_its_owner_only(tmp_path: Path) -> None:
    path = configure_logging(tmp_path, "cli", "INFO")
    assert stat.S_IMODE(path.stat().st_mode) == 0o600


def test_a_flood_of_lines_is_rotated_and_bounded(tmp_path: Path) -> None:
    path = configure_logging(tmp_path, "cli", "INFO")
    for number in range(6):
        with path.open("ab") as file:
            file.write(b"x" * (MAX_BYTES - path.stat().st_size))
        get_logger("backend.x").info("line %d", number)
    assert sorted(p.name for p in tmp_path.iterdir()) == [
        *("cli.log", "cli.log.1", "cli.log.2", "cli.log.3")
    ]
    assert all(p.stat().st_size <= MAX_BYTES for p in tmp_path.iterdir())
    assert '"line 5"' in path.read_text()


def test_a_folder_that_cannot_be_written_costs_one_line_and_no_exception(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "logs").write_text("a file stands where the folder should be")
    path = configure_logging(tmp_path / "logs", "cli", "INFO")
    first = capsys.readouterr().err
    get_logger("backend.x").info("not shown")
    get_logger("backend.x").warning("shown, token=%s", "abcdefgh")
    assert path == tmp_path / "logs" / "cli.log"
    assert len(first.splitlines()) == 1
    assert first.startswith("WARNING No log file")
    assert capsys.readouterr().err == "WARNING shown, token=***\n"


def test_a_disk_that_fails_later_is_told_once_and_raises_nothing(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "cli.log").symlink_to("/dev/full")
    configure_logging(tmp_path, "cli", "INFO")
    for _ in range(3):
        get_logger("backend.x").info("lost")
    assert capsys.readouterr().err.count("Log lines are lost") == 1
    for handler in logging.getLogger().handlers:
        if handler.__class__.__module__ == logging_config.__name__:
            with pytest.raises(OSError, match="No space"):
                handler.close()
            logging.getLogger().removeHandler(handler)


def test_a_message_that_does_not_fit_its_arguments_is_logged_all_the_same(tmp_path: Path) -> None:
    path = configure_logging(tmp_path, "cli", "INFO")
    get_logger("backend.x").info("%d of %d", "one")
    assert "one" in lines(path)[0]["message"]


@pytest.mark.parametrize("before", WORDS_BEFORE)
def test_a_registered_secret_is_hidden_wherever_it_stands(before: str) -> None:
    scrubber = SecretScrubber()
    scrubber.register(CANARY)
    assert scrubber.scrub(f"{before}{CANARY}' and {CANARY}") == f"{before}***' and ***"


def test_a_secret_is_hidden_as_it_stands_in_a_url_and_in_json() -> None:
    scrubber = SecretScrubber()
    scrubber.register('pa"ss/wörd')
    for form in ("https://x.org/?q=pa%22ss%2Fw%C3%B6rd", json.dumps({"k": 'pa"ss/wörd'})):
        assert "ss" not in scrubber.scrub(form)


def test_of_two_secrets_the_longer_one_is_hidden_whole() -> None:
    scrubber = SecretScrubber()
    scrubber.register("abcdef")
    scrubber.register("abcdef-and-more")
    assert scrubber.scrub("x abcdef-and-more x abcdef") == "x *** x ***"


@pytest.mark.parametrize("value", ["", "   ", "abc"])
def test_what_is_too_short_to_be_a_secret_hides_nothing(value: str) -> None:
    scrubber = SecretScrubber()
    scrubber.register(value)
    assert scrubber.scrub("abc   def") == "abc   def"


@pytest.mark.parametrize(
    ("text", "hidden"),
    [
        ("Authorization: Bearer abc.def", "Authorization: Bearer ***"),
        ("{'Authorization': 'Basic QWxhZGRpbg=='}", "{'Authorization': 'Basic ***'}"),
        ("authorization: token abcdef", "authorization: token ***"),
        ("sent Bearer abc.def there", "sent Bearer *** there"),
        ("GET /x?token=abc&b=1", "GET /x?token=***&b=1"),
        ("?api_key=abc", "?api_key=***"),
        ("apikey='abc'", "apikey='***'"),
        ("access_token=abc;", "access_token=***;"),
        ('{"password": "abc def"}', '{"password": "***"}'),
        ("X-Amz-Signature=0a1b2c", "X-Amz-Signature=***"),
        ("https://user:pw@example.org/x", "https://***@example.org/x"),
        ("https://token@example.org", "https://***@example.org"),
        ("ghp_0123456789abcdefghij used", "*** used"),
        ("HF hf_ABCDEFGHIJKLMNOPQRST", "HF ***"),
    ],
)
def test_what_looks_like_a_secret_is_hidden(text: str, hidden: str) -> None:
    assert scrub(text) == hidden


@pytest.mark.parametrize(
    "text",
    [
        "installing v0.3.60 from https://github.com/Comfy-Org/ComfyUI",
        "max_tokens=512 and tokens: 5",
        "mail to me@example.org",
        "the token is missing",
        "C:\\secret\\plan",
    ],
)
def test_ordinary_text_stays_as_it_is(text: str) -> None:
    assert scrub(text) == text


def test_scrubbing_twice_changes_nothing_more() -> None:
    once = scrub("Authorization: Bearer abc https://u:p@x.org?token=1")
    assert scrub(once) == once


def test_no_secret_reaches_the_file_by_any_way(tmp_path: Path) -> None:
    path = configure_logging(tmp_path, "cli", "DEBUG")
    register_secret(CANARY)
    ours, foreign = get_logger("backend.x"), logging.getLogger("urllib3")
    for logger in (ours, foreign):
        logger.warning("plain %s", CANARY)
        logger.warning(f"in the text {CANARY}")  # noqa: G004 - that is the test
        logger.warning("in a structure %s", {"key": [CANARY]})
        try:
            raise ValueError(CANARY)
        except ValueError as error:
            logger.exception("told by %s", error)
        logger.warning("with a stack", stack_info=True)
    ours.warning("misfit %d", CANARY)
    assert len(lines(path)) == 11
    assert CANARY not in path.read_text()


def test_other_handlers_see_the_scrubbed_text_too(caplog: pytest.LogCaptureFixture) -> None:
    get_logger("backend.x").warning("token=%s", "abcdefgh")
    assert caplog.messages == ["token=***"]


def test_without_any_setup_a_warning_on_standard_error_holds_no_secret() -> None:
    code = """
        from backend.logging_config import get_logger, register_secret
        register_secret("c4n4ry-5ecret")
        get_logger("backend.x").warning("with %s and token=%s", "c4n4ry-5ecret", "abcdefgh")
    """
    assert run_python(code).stderr == "with *** and token=***\n"


def test_secrets_may_be_registered_while_others_scrub() -> None:
    scrubber, wrong = SecretScrubber(), list[str]()

    def work(number: int) -> None:
        for step in range(50):
            secret = f"secret-{number}-{step}-x"
            scrubber.register(secret)
            if secret in scrubber.scrub(f"a {secret} b"):
                wrong.append(secret)

    threads = [threading.Thread(target=work, args=(number,)) for number in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert not wrong


def test_hostile_text_is_scrubbed_in_linear_time() -> None:
    for text in ("a_" * 50_000, "://" * 50_000, "token" * 30_000, "authorization" * 10_000):
        scrub(text)


def test_the_operation_of_one_thread_is_not_that_of_another(tmp_path: Path) -> None:
    path = configure_logging(tmp_path, "cli", "INFO")

    def work(operation: str) -> None:
        current_operation.set(operation)
        get_logger("backend.x").info(operation)

    threads = [threading.Thread(target=work, args=(f"op-{n}",)) for n in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert all(line["operation"] == line["message"] for line in lines(path))
    assert current_operation.get() is None
