"""Values that come from people, files and servers: each function returns the sound form or raises.

None answers with a bool, so a check cannot be forgotten between asking and using. What is refused
is told with the form that was expected. The functions touch nothing but, for paths, the disk.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Collection
from pathlib import Path, PurePosixPath
from typing import Annotated, Final
from urllib.parse import SplitResult, urlsplit, urlunsplit

from pydantic import AfterValidator

from backend.exceptions import InvalidValue, UnsafePath

MAX_TAG_LENGTH: Final = 100
MAX_REFERENCE_LENGTH: Final = 200
MAX_NAME_BYTES: Final = 255  # of one path component, on every common file system
MAX_FOLDER_BYTES: Final = 3500  # a path ends at 4,096, and what lies inside has one too
MAX_URL_LENGTH: Final = 2048
MAX_REQUIREMENT_LENGTH: Final = 1000
LOWEST_PORT: Final = 1024
HIGHEST_PORT: Final = 65535

_TAG: Final = re.compile(r"[A-Za-z0-9_+][A-Za-z0-9._+-]*")
_COMMIT: Final = re.compile(r"[0-9a-f]{7,40}")
_PACKAGE: Final = re.compile(r"[A-Za-z0-9]([A-Za-z0-9._-]*[A-Za-z0-9])?")
_DRIVE: Final = re.compile(r"[A-Za-z]:")
# Control characters, line separators, and halves of surrogate pairs (no file name can hold those).
_UNWRITABLE: Final = re.compile("[\x00-\x1f\x7f-\x9f\u2028\u2029\ud800-\udfff]")
_FORBIDDEN_IN_REFERENCE: Final = re.compile(r"[\s~^:?*\[\\]|\.\.|@\{|//")
_FORBIDDEN_IN_NAME: Final = re.compile(r'[/\\<>:"|?*]')
_RESERVED_ON_WINDOWS: Final = re.compile(
    r"(con|prn|aux|nul|(com|lpt)[0-9¹²³])(\..*)?", re.IGNORECASE
)

_REFERENCE_FORM: Final = (
    "a name as git allows it, such as `master` or `feature/name`: no spaces, no `..`, `@{`, `:`, "
    f"`~`, `^`, `?`, `*`, `[` or `\\`, no leading dash, at most {MAX_REFERENCE_LENGTH} characters"
)
_REPOSITORY_FORM: Final = (
    "an https, http or file address without a password, such as "
    "https://github.com/Comfy-Org/ComfyUI or file:///srv/ComfyUI (ssh and host:path are not taken)"
)


def validate_version_tag(tag: str) -> str:
    """The tag, safe as the name of a folder on every system. Raises: InvalidValue."""
    sound = (
        _TAG.fullmatch(tag)
        and len(tag) <= MAX_TAG_LENGTH
        and ".." not in tag
        and not tag.endswith((".", ".lock"))
        and not _RESERVED_ON_WINDOWS.fullmatch(tag)
    )
    if not sound:
        expected = (
            "letters, digits, `.`, `-`, `_` and `+`, not starting with `-` or `.`, without `..`, "
            f"at most {MAX_TAG_LENGTH} characters, such as v0.3.60"
        )
        raise InvalidValue("version tag", tag, expected=expected)
    return tag


def validate_branch(name: str) -> str:
    """The branch name, as `git check-ref-format --branch` takes it. Raises: InvalidValue."""
    if not _is_reference(name):
        raise InvalidValue("branch name", name, expected=_REFERENCE_FORM)
    return name


def validate_commit(text: str) -> str:
    """The commit in lower case, whole or shortened to 7 digits or more. Raises: InvalidValue."""
    commit = text.lower()
    if not _COMMIT.fullmatch(commit):
        raise InvalidValue("commit", text, expected="7 to 40 hexadecimal digits")
    return commit


def is_commit(text: str) -> bool:
    """Whether it could be a commit, whole or shortened."""
    return _COMMIT.fullmatch(text.lower()) is not None


def validate_reference(text: str) -> str:
    """The tag, branch or commit, safe to hand to git as an argument. Raises: InvalidValue.

    The rules for branches are the widest of the three, so they decide.
    """
    if not _is_reference(text):
        raise InvalidValue("tag, branch or commit", text, expected=_REFERENCE_FORM)
    return text


def validate_package_name(name: str) -> str:
    """The name of a Python package in its normal form (PEP 503). Raises: InvalidValue."""
    if not _PACKAGE.fullmatch(name) or len(name) > MAX_TAG_LENGTH:
        expected = "letters, digits, `.`, `-` and `_`, starting and ending with a letter or digit"
        raise InvalidValue("package name", name, expected=expected)
    return re.sub(r"[-_.]+", "-", name).lower()


def validate_requirement(text: str) -> str:
    """The requirement (PEP 508) in its normal form. Raises: InvalidValue.

    An address in it is https or file. `$` is refused there, because installers put the
    environment's secrets in its place.
    """
    from packaging.requirements import InvalidRequirement, Requirement

    expected = "a package with an optional version, such as `numpy>=2,<3`"
    if _UNWRITABLE.search(text) or len(text) > MAX_REQUIREMENT_LENGTH:
        raise InvalidValue("requirement", text, expected=expected)
    try:
        requirement = Requirement(text)
    except InvalidRequirement as error:
        raise InvalidValue("requirement", text, expected=expected) from error
    requirement.name = validate_package_name(requirement.name)
    if requirement.url is not None:
        requirement.url = _validate_source_of_package(requirement.url)
    return str(requirement)


def validate_url(url: str, *, schemes: Collection[str] = ("https",)) -> str:
    """The address with scheme and host in lower case; it names a host and holds no password.

    Raises: InvalidValue.
    """
    expected = f"an address such as {min(schemes)}://example.org/path, without a password"
    parts = _split_url("address", url, expected)
    if parts.scheme not in schemes or not _is_host(parts.hostname):
        raise InvalidValue("address", url, expected=expected)
    return urlunsplit(parts._replace(netloc=parts.netloc.lower()))


def validate_repository_url(url: str) -> str:
    """The address of a git repository, without a trailing slash. Raises: InvalidValue.

    Only forms that run nothing on this machine: `ext::` runs a command, ssh one of the user's.
    """
    parts = _split_url("repository address", url, _REPOSITORY_FORM)
    if parts.scheme == "file":
        sound = parts.netloc in {"", "localhost"} and bool(parts.path.strip("/"))
    else:
        sound = parts.scheme in {"https", "http"} and _is_host(parts.hostname)
    if not sound or parts.query or parts.fragment:
        raise InvalidValue("repository address", url, expected=_REPOSITORY_FORM)
    clean = parts._replace(netloc=parts.netloc.lower(), path=parts.path.rstrip("/"))
    # urlunsplit would write an empty host as `file:/path`, which git takes for host:path.
    return f"file://{clean.path}" if clean.scheme == "file" else urlunsplit(clean)


def sanitize_path(path: str, base: Path) -> Path:
    """The absolute path, with every link followed, strictly inside `base`.

    Raises: UnsafePath for an absolute path, `..`, a backslash, a drive, a control character, or a
    link inside `base` that leads out of it.
    """
    parts = PurePosixPath(path).parts
    if (
        _UNWRITABLE.search(path)
        or "\\" in path
        or path.startswith("/")
        or _DRIVE.match(path)
        or ".." in parts
        or any(len(part.encode()) > MAX_NAME_BYTES for part in parts)
    ):
        raise UnsafePath(path, base=base)
    try:
        root = base.resolve()
        found = root.joinpath(*parts).resolve()
    except (OSError, RuntimeError) as error:  # a loop of links; RuntimeError up to Python 3.12
        raise UnsafePath(path, base=base) from error
    # From Python 3.13 on a loop does not raise: its link is still there after all were followed.
    in_loop = any(place.is_symlink() for place in (found, *found.parents))
    if root not in found.parents or in_loop:
        raise UnsafePath(path, base=base)
    return found


def validate_port(port: int) -> int:
    """The port, one that needs no special rights (1024 to 65535). Raises: InvalidValue."""
    if isinstance(port, bool) or not LOWEST_PORT <= port <= HIGHEST_PORT:
        expected = f"a number from {LOWEST_PORT} to {HIGHEST_PORT}"
        raise InvalidValue("port", str(port), expected=expected)
    return port


def validate_file_name(name: str) -> str:
    """The name of one file or folder, writable on every system. Raises: InvalidValue."""
    if (
        _UNWRITABLE.search(name)
        or _FORBIDDEN_IN_NAME.search(name)
        or not 0 < len(name.encode()) <= MAX_NAME_BYTES
        or name.startswith("-")
        or name != name.strip()
        or name.endswith(".")  # `.` and `..` too
        or _RESERVED_ON_WINDOWS.fullmatch(name)
    ):
        expected = (
            "one name without `/`, `\\` or control characters, not starting with `-`, "
            f"not ending with `.`, at most {MAX_NAME_BYTES} bytes"
        )
        raise InvalidValue("file name", name, expected=expected)
    return name


def _is_reference(name: str) -> bool:
    """The rules of `git check-ref-format`, and a limit that a file system can hold."""
    parts = name.split("/")
    return (
        0 < len(name) <= MAX_REFERENCE_LENGTH
        and not _UNWRITABLE.search(name)
        and not _FORBIDDEN_IN_REFERENCE.search(name)
        and name not in {"@", "HEAD"}
        and not name.startswith(("-", "/"))
        and not name.endswith(("/", "."))
        and not any(part.startswith(".") or part.endswith(".lock") for part in parts)
    )


def _is_host(host: str | None) -> bool:
    """Whether a name server could be asked for it. A leading dash would be an option to ssh."""
    if not host or host.startswith("-"):
        return False
    try:
        return bool(host.encode("idna"))
    except UnicodeError:
        return False


def _validate_source_of_package(url: str) -> str:
    expected = "an https or file address of a package, without a password and without `$`"
    parts = _split_url("package address", url, expected)
    local = parts.scheme == "file" and not parts.netloc
    remote = parts.scheme == "https" and _is_host(parts.hostname)
    if "$" in url or not (local or remote):
        raise InvalidValue("package address", url, expected=expected)
    return url


def _split_url(what: str, url: str, expected: str) -> SplitResult:
    """The parts of an address that every reader of addresses would split the same way."""
    odd = _UNWRITABLE.search(url) or re.search(r"[\s\\<>\"]", url) or len(url) > MAX_URL_LENGTH
    try:
        parts = urlsplit("" if odd else url)
        _ = parts.port  # reading it checks it
    except ValueError as error:
        raise InvalidValue(what, url, expected=expected) from error
    if parts.username is not None or parts.password is not None:
        # The message must not repeat the password.
        shown = urlunsplit(parts._replace(netloc="***@" + parts.netloc.rpartition("@")[2]))
        raise InvalidValue(what, shown, expected=expected)
    if not parts.scheme:
        raise InvalidValue(what, url, expected=expected)
    return parts


def validate_package_place(text: str) -> str:
    """A folder, or an address without a password, where wheels lie. Raises: InvalidValue."""
    if "://" in text:
        return validate_repository_url(text)  # https, http or file: the same forms
    return validate_folder(text)


def validate_folder(text: str) -> str:
    """A path that can be written down and followed; `~` is a home. Raises: InvalidValue."""
    if not text or "\0" in text or not _fits_a_disk(text):
        raise InvalidValue("folder", text, expected="a path, for example ~/models")
    return text


def _fits_a_disk(text: str) -> bool:
    try:
        path = Path(text).expanduser()
        return len(str(path).encode()) <= MAX_FOLDER_BYTES and all(
            len(part.encode()) <= MAX_NAME_BYTES for part in path.parts
        )
    except (RuntimeError, UnicodeEncodeError):  # ~nosuchuser; a name that is no text
        return False


def _for_a_record(check: Callable[[str], str]) -> AfterValidator:
    """A check in the form that a field of a record takes: its words become damage of the record."""

    def checked(text: str) -> str:
        try:
            return check(text)
        except InvalidValue as error:
            raise ValueError(error.message) from error

    return AfterValidator(checked)


# In records, for what becomes a part of a path: a file can be edited, or made by someone else.
VersionTag = Annotated[str, _for_a_record(validate_version_tag)]
FileName = Annotated[str, _for_a_record(validate_file_name)]
PlainPath = Annotated[str, _for_a_record(validate_folder)]
