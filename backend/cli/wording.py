"""Numbers, times and states in words for people. Pure functions; no word is translated."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Final

_MINUTE: Final = 60
_HOUR: Final = 3600
_DAY: Final = 86_400
_DATED_AFTER: Final = 60 * _DAY
_MONTHS: Final = (
    "Jan",
    "Feb",
    "Mar",
    "Apr",
    "May",
    "Jun",
    "Jul",
    "Aug",
    "Sep",
    "Oct",
    "Nov",
    "Dec",
)

STEP_WORDS: Final = {
    "prepare": "preparing",
    "source": "getting the source",
    "environment": "making the environment",
    "resolve": "choosing the packages",
    "packages": "installing the packages",
    "verify": "checking",
    "commit": "finishing",
    "start": "starting",
    "ready": "waiting until it answers",
    "stop": "stopping",
    "trash": "moving to the trash",
    "delete": "deleting",
    "refresh": "asking the repository",
    "notes": "getting the release notes",
}


def size(count: int) -> str:
    """For example `291 kB`, `3.0 MB`, `1.9 GB`: powers of ten, as disks are sold."""
    value = float(count)
    for unit in ("B", "kB", "MB", "GB"):
        if value < 999.5:
            return f"{value:.0f} {unit}" if unit in {"B", "kB"} else f"{value:.1f} {unit}"
        value /= 1000
    return f"{value:.1f} TB"


def memory(count: int) -> str:
    """For example `16 GB`: powers of two, as memory is sold."""
    gigabytes = count / 2**30
    return f"{gigabytes:.0f} GB" if gigabytes >= 3.5 else f"{gigabytes:.1f} GB"


def number(count: int, noun: str, plural: str | None = None) -> str:
    """For example `1 package`, `1,204 packages`."""
    return f"{count:,} {noun if count == 1 else plural or f'{noun}s'}"


def day(moment: datetime) -> str:
    """For example `8 Oct 2025`."""
    return f"{moment.day} {_MONTHS[moment.month - 1]} {moment.year}"


def day_of(text: str) -> str:
    """The day of an ISO date; other text as it is (a record may hold anything)."""
    try:
        return day(datetime.fromisoformat(text))
    except ValueError:
        return text


def ago(moment: datetime, now: datetime | None = None) -> str:
    """For example `5 minutes ago`; the date once it is more than sixty days away."""
    seconds = ((now or datetime.now(UTC)) - moment).total_seconds()
    if not -_MINUTE < seconds < _DATED_AFTER:
        return day(moment)
    if seconds < _MINUTE:
        return "just now"
    for unit, length in (("day", _DAY), ("hour", _HOUR)):
        if seconds >= length:
            return f"{number(int(seconds // length), unit)} ago"
    return f"{number(int(seconds // _MINUTE), 'minute')} ago"


def duration(seconds: float) -> str:
    """For example `0.5 s`, `42 s`, `3 min 12 s`, `1 h 04 min`."""
    if seconds < 9.95:
        return f"{seconds:.1f} s"
    whole = round(seconds)
    if whole < _MINUTE:
        return f"{whole} s"
    if whole < _HOUR:
        return f"{whole // _MINUTE} min {whole % _MINUTE:02} s"
    return f"{whole // _HOUR} h {whole % _HOUR // _MINUTE:02} min"


def clock(seconds: float) -> str:
    """For example `0:42`, `12:05`, `1:02:05`: keeps its width while it runs."""
    minutes, rest = divmod(int(max(0.0, seconds)), _MINUTE)
    hours, minutes = divmod(minutes, _MINUTE)
    return f"{hours}:{minutes:02}:{rest:02}" if hours else f"{minutes}:{rest:02}"


def step(name: str | None) -> str:
    """What a step of an operation does, as one would say it."""
    return "waiting for its turn" if name is None else STEP_WORDS.get(name, name)


def operation(kind: str) -> str:
    """For example `empty trash` for `versions.empty_trash`."""
    return kind.partition(".")[2].replace("_", " ") or kind


def inline(text: str) -> str:
    """The text on one line, with nothing in it that a terminal would act on."""
    return "".join(_shown(character) for character in text)


def _shown(character: str) -> str:
    if character.isprintable():
        return character
    return " " if character == "\t" else character.encode("unicode_escape").decode()
