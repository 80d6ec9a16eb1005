"""The day of an answer: the first time in its record that can be read as one."""

from __future__ import annotations

import re
from datetime import UTC, date, datetime

from gpt41_cli.requests.fields import Json, Object

DAYS = ("created", "created_at", "completed_at", "start_time", "start_time_iso", "timestamp", "date", "day")

_LATEST_SECONDS = 10**11
_DAY = re.compile(r"\d{4}-\d{2}-\d{2}")
_SECONDS = re.compile(r"(\d{1,19})(\.\d+)?", re.ASCII)


def day_of(value: Object) -> date | None:
    """The day in UTC of the first time that can be read as one: ISO 8601, or seconds since 1970 or a thousandth of them, or of
    those, down to nanoseconds.
    """
    for key in DAYS:
        if (found := _time(value.get(key))) is not None:
            return found
    return None


def _time(value: Json) -> date | None:
    if isinstance(value, str) and (digits := _SECONDS.fullmatch(value)):
        value = int(digits[1])
    try:
        if isinstance(value, int | float) and not isinstance(value, bool):
            for _ in range(3):
                value = value // 1000 if value > _LATEST_SECONDS else value
            return datetime.fromtimestamp(value, UTC).date() if value > 0 else None
        if isinstance(value, str) and _DAY.match(value):
            time = datetime.fromisoformat(value)
            return (time.astimezone(UTC) if time.tzinfo else time).date()
    except (ValueError, OverflowError, OSError):
        pass
    return None
