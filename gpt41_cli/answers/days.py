"""The day of an answer, and its hour: the first field of its record that can be read as a time."""

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
"""All APIs that are priced here are younger, so a number that would be an earlier day is a duration or a count."""
_DAY = re.compile(r"(\d{4})([-/])(\d{2})\2(\d{2})", re.ASCII)
_NAMED_ZONE = re.compile(r"[ ]*(?:UTC|GMT)$|[ ]+(?=[+-]\d{2}:?\d{2}$)", re.ASCII)
"""BigQuery writes ` UTC` after the time, Go ` +0000 UTC`, Ruby ` +0000`."""
_DIGITS_OF_A_DAY = re.compile(r"\d{8}", re.ASCII)
_SECONDS = re.compile(r"(\d{1,19})(\.\d+)?", re.ASCII)


def read_day(value: JsonObject) -> date | None:
    """Return the day in UTC of the first readable time: ISO 8601, also with slashes in the day or UTC after the time; eight
    digits; or seconds, milli-, micro- or nanoseconds since 1970.
    """
    for key in TIME_FIELDS:
        if (day := parse_day(value.get(key))) is not None:
            return day
    return None


def read_hour(value: JsonObject) -> str | None:
    """Return the hour in UTC of the first time that `read_day` takes and that has one.

    >>> read_hour({"created": 1795528800}), read_hour({"date": "2026-11-24"})
    ('2026-11-24 14:00', None)
    """
    times = (_parse_time(value.get(key)) for key in TIME_FIELDS)
    moment = next((time for time in times if isinstance(time, datetime)), None)
    return moment.strftime("%Y-%m-%d %H:00") if moment else None


def parse_day(value: JsonValue) -> date | None:
    """Return the day in UTC of a time as `read_day` takes it; None if it isn't one."""
    time = _parse_time(value)
    return time.date() if isinstance(time, datetime) else time


def _parse_time(value: JsonValue) -> date | None:
    """Return a time in UTC, as a datetime if it has the time of day; None if it isn't a time."""
    try:
        if isinstance(value, bool):
            return None
        if isinstance(value, int | str) and _DIGITS_OF_A_DAY.fullmatch(str(value)):
            return date.fromisoformat(str(value))
        if isinstance(value, str) and (digits := _SECONDS.fullmatch(value)):
            value = int(digits[1])
        if isinstance(value, int | float):
            return _convert_seconds(value)
        if isinstance(value, str) and (day := _DAY.match(value)):
            rest = value[day.end() :]
            while (shorter := _NAMED_ZONE.sub("", rest)) != rest:
                rest = shorter
            time = datetime.fromisoformat(f"{day[1]}-{day[3]}-{day[4]}{rest}")
            time = time.astimezone(UTC) if time.tzinfo else time
            return time if rest else time.date()
    except (ValueError, OverflowError, OSError):
        pass
    return None


def _convert_seconds(value: float) -> datetime | None:
    for _ in range(3):
        value = value // 1000 if value > _LATEST_SECONDS else value
    moment = datetime.fromtimestamp(value, UTC)
    return moment if moment.date() >= _EARLIEST_DAY else None
