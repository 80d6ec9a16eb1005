"""The day of an answer: the first field of its record that can be read as a time."""

from __future__ import annotations

import re
from datetime import UTC, date, datetime

from gpt41_cli.files.fields import JsonObject, JsonValue

TIME_FIELDS = (
    *("created", "created_at", "completed_at", "start_time", "start_time_iso", "timestamp", "date", "day"),
    *("startTime", "endTime", "request_created_at", "created_time", "time", "datetime", "request_timestamp", "@timestamp"),
    *("started_at", "datetime_utc", "ts", "aggregation_timestamp", "startTimeUnixNano", "start_time_unix_nano"),
    *("TimeGenerated", "timegenerated"),
)

_LATEST_SECONDS = 10**11
_EARLIEST_DAY = date(2015, 1, 1)
"""No API that is priced here is older: a number that would be an earlier day is a duration, or the number of something."""
_DAY = re.compile(r"\d{4}-\d{2}-\d{2}")
_DIGITS_OF_A_DAY = re.compile(r"\d{8}", re.ASCII)
_SECONDS = re.compile(r"(\d{1,19})(\.\d+)?", re.ASCII)


def read_day(value: JsonObject) -> date | None:
    """Return the day in UTC of the first readable time: ISO 8601, eight digits, or seconds, milli-, micro- or nanoseconds since
    1970.
    """
    for key in TIME_FIELDS:
        if (found := parse_day(value.get(key))) is not None:
            return found
    return None


def parse_day(value: JsonValue) -> date | None:
    """Return the day in UTC of a time as `read_day` takes it; None if it is none."""
    try:
        if isinstance(value, bool):
            return None
        if isinstance(value, int | str) and _DIGITS_OF_A_DAY.fullmatch(str(value)):
            return date.fromisoformat(str(value))
        if isinstance(value, str) and (digits := _SECONDS.fullmatch(value)):
            value = int(digits[1])
        if isinstance(value, int | float):
            return _convert_seconds(value)
        if isinstance(value, str) and _DAY.match(value):
            time = datetime.fromisoformat(value)
            return (time.astimezone(UTC) if time.tzinfo else time).date()
    except (ValueError, OverflowError, OSError):
        pass
    return None


def _convert_seconds(value: float) -> date | None:
    for _ in range(3):
        value = value // 1000 if value > _LATEST_SECONDS else value
    found = datetime.fromtimestamp(value, UTC).date()
    return found if found >= _EARLIEST_DAY else None
