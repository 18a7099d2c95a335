"""Finding images in folders and in the lists that datasets come with."""
import csv
import re
from pathlib import Path
from typing import Dict, Iterator, List, Sequence, Tuple

_IMAGE_SUFFIXES = {'.jpg', '.jpeg', '.png', '.bmp', '.tif', '.tiff', '.webp'}
_LIST_LINE = re.compile(r'(?P<name>.+?)\s+(?P<pid>[0-9]+)')


def is_image(path: Path) -> bool:
    """Whether a file is an image, by its name."""
    # macOS leaves a file ._0002_c1s1_000451_03.jpg beside each.
    is_hidden = path.name.startswith('.')
    return not is_hidden and path.suffix.lower() in _IMAGE_SUFFIXES


def read_lines(path: Path) -> List[str]:
    """The lines of a text file of a dataset.

    Raises:
        FileNotFoundError: If there is no such file.
        ValueError: If it is not in UTF-8.
    """
    if not path.is_file():
        raise FileNotFoundError(
            f'the file {path.absolute()} is missing: is the dataset complete, '
            'and data_root its folder?')
    try:
        return path.read_text(encoding='utf-8-sig').splitlines()
    except UnicodeDecodeError as error:
        raise ValueError(
            f'{path.absolute()} is no text in UTF-8: {error}') from error


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


def read_table(path: Path,
               required: Sequence[str],
               advice: str = '') -> Iterator[Tuple[str, Dict[str, str]]]:
    """Yield ``(place, fields)`` of each line of a CSV file with a header.

    Args:
        path (Path): The file.
        required (Sequence[str]): Columns that it must have.
        advice (str): What to say when one is missing. Defaults to ``''``.

    Raises:
        ValueError: If a column is missing or there twice, or a line has more
            or fewer fields than there are columns.
    """
    table = csv.DictReader(read_lines(path))
    columns = [name.strip() for name in table.fieldnames or ()]
    table.fieldnames = columns
    missing = [name for name in required if name not in columns]
    if missing:
        raise ValueError(
            f'{path.absolute()}, line 1: expected columns separated by '
            f'commas, among them {", ".join(required)}; '
            f'{", ".join(missing)} is not among {columns}. {advice}'.rstrip())
    if len(set(columns)) < len(columns):
        raise ValueError(f'{path.absolute()}, line 1: a column is there '
                         f'twice: {columns}')
    for fields in table:
        place = f'{path.absolute()}, line {table.line_num}'
        if None in fields or None in fields.values():
            raise ValueError(f'{place}: expected {len(columns)} fields, '
                             f'{",".join(columns)}, got others')
        yield place, {name: text.strip() for name, text in fields.items()}
