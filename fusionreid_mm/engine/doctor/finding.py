from typing import NamedTuple


class Finding(NamedTuple):
    """What a check found out.

    Attributes:
        severity: ``'ok'``, ``'warning'``, or ``'problem'``: nothing will come
            of a run.
        subject: What was looked at.
        text: What was found.
        advice: What to do about it.
    """
    severity: str
    subject: str
    text: str
    advice: str = ''


def ok(subject: str, text: str) -> Finding:
    return Finding('ok', subject, text)


def warning(subject: str, text: str, advice: str = '') -> Finding:
    return Finding('warning', subject, text, advice)


def problem(subject: str, text: str, advice: str = '') -> Finding:
    return Finding('problem', subject, text, advice)
