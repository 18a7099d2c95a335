"""The lists that datasets come with."""
import re
from pathlib import Path
from typing import Iterator, List, Tuple

from fusionreid_mm import sources

_LIST_LINE = re.compile(r'(?P<name>.+?)\s+(?P<pid>[0-9]+)')


def read_lines(path: Path) -> List[str]:
    """The lines of a text file of a dataset.

    Raises:
        FileNotFoundError: If there is no such file.
        ValueError: If it is not in UTF-8.
    """
    return sources.read_lines(
        path, advice='is the dataset complete, and data_root its folder?')


def read_image_list(path: Path) -> Iterator[Tuple[str, int]]:
    """Yield ``(name, pid)`` from lines ``'<image> <person id>'``.

    Raises:
        ValueError: If a line is in another form.
    """
    for number, line in enumerate(read_lines(path), start=1):
        if not line.strip():
            continue
        match = _LIST_LINE.fullmatch(line.strip())
        if match is None:
            raise ValueError(f'{path.absolute()}, line {number}: expected '
                             f"'<image> <person id>', got {line!r}")
        yield match['name'], int(match['pid'])
