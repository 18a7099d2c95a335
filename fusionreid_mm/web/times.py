"""Times as people read and write them.

A gallery counts seconds from any start: that of a recording, or 1970. Seconds
that are as many as since 1970 are taken for those, in UTC.
"""
import re
from datetime import datetime, timedelta, timezone
from typing import Optional

# More than three years: no recording is as long.
_CALENDAR = 1e8

_EPOCH = datetime(1970, 1, 1, tzinfo=timezone.utc)

_CLOCK = re.compile(r'(?:(\d+):)?(\d+):(\d+(?:\.\d*)?)')


def format_time(seconds: float) -> str:
    """Such as ``'1:02:03.5'``, or ``'2026-11-29 15:00:00'``.

    Args:
        seconds (float): Since the start of the recording, or since 1970.
    """
    # Tenths are enough to find a frame.
    tenths = round(10 * seconds)
    if abs(seconds) >= _CALENDAR:
        try:
            moment = _EPOCH + timedelta(milliseconds=100 * tenths)
        except OverflowError:
            return f'{seconds:g} s'
        text = moment.strftime('%Y-%m-%d %H:%M:%S')
    else:
        whole = abs(tenths) // 10
        text = f'{whole // 3600}:{whole // 60 % 60:02d}:{whole % 60:02d}'
        text = f'-{text}' if tenths < 0 else text
    return f'{text}.{abs(tenths) % 10}' if tenths % 10 else text


def parse_time(text: Optional[str]) -> Optional[float]:
    """Seconds, of what :func:`format_time` writes, or of a number of them.

    Args:
        text (str, optional): ``'1:02:03.5'``, ``'2:03'``, ``'123.5'``,
            ``'2026-11-29'`` or ``'2026-11-29 15:00'``.

    Returns:
        float, optional: None if there is no text.

    Raises:
        ValueError: If it is something else.
    """
    text = (text or '').strip()
    if not text:
        return None
    clock = _CLOCK.fullmatch(text)
    if clock:
        hours, minutes, seconds = clock.groups()
        return 3600 * int(hours or 0) + 60 * int(minutes) + float(seconds)
    for read in (_number, _moment):
        try:
            return read(text)
        except ValueError:
            pass
    raise ValueError(f'{text!r} is no time: write 1:02:03 (hours, minutes, '
                     'seconds), a number of seconds, or 2026-11-29 15:00')


def _number(text: str) -> float:
    if not re.fullmatch(r'-?\d+(\.\d*)?', text):
        raise ValueError(text)
    return float(text)


def _moment(text: str) -> float:
    moment = datetime.fromisoformat(text)
    if moment.tzinfo is None:
        moment = moment.replace(tzinfo=timezone.utc)
    return moment.timestamp()
