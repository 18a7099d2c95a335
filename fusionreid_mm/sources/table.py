"""Text files with a line for each image."""
import csv
from contextlib import contextmanager
from pathlib import Path
from typing import Dict, Iterator, List, Optional, Sequence, Tuple


def read_lines(path: Path, advice: str = '') -> List[str]:
    """The lines of a text file.

    Args:
        path (Path): The file.
        advice (str): What to say when it is missing. Defaults to ``''``.

    Raises:
        FileNotFoundError: If there is no such file.
        ValueError: If it is not in UTF-8.
    """
    if not path.is_file():
        separator = ': ' if advice else ''
        raise FileNotFoundError(
            f'the file {path.absolute()} is missing{separator}{advice}')
    try:
        return path.read_text(encoding='utf-8-sig').splitlines()
    except UnicodeDecodeError as error:
        raise ValueError(
            f'{path.absolute()} is no text in UTF-8: {error}') from error


def columns_of(path: Path) -> List[str]:
    """The header of a CSV file; nothing if it is empty."""
    rows = csv.reader(read_lines(path), skipinitialspace=True)
    with _named_errors(path):
        return [name.strip() for name in next(rows, [])]


def read_table(path: Path,
               required: Sequence[str],
               advice: str = '') -> Iterator[Tuple[str, Dict[str, str]]]:
    """Yield ``(place, fields)`` of each line of a CSV file with a header.

    Args:
        path (Path): The file.
        required (Sequence[str]): Columns that it must have.
        advice (str): What to say when one is missing. Defaults to ``''``.

    Raises:
        FileNotFoundError: If there is no such file.
        ValueError: If a column is missing or there twice, or a line has more
            or fewer fields than there are columns.
    """
    table = csv.DictReader(read_lines(path), skipinitialspace=True)
    with _named_errors(path):
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
    while (fields := _next_line(table, path)) is not None:
        place = f'{path.absolute()}, line {table.line_num}'
        if None in fields or None in fields.values():
            raise ValueError(f'{place}: expected {len(columns)} fields, '
                             f'{",".join(columns)}, got others')
        yield place, {name: text.strip() for name, text in fields.items()}


def _next_line(table: csv.DictReader, path: Path) -> Optional[dict]:
    with _named_errors(path):
        return next(table, None)


@contextmanager
def _named_errors(path: Path) -> Iterator[None]:
    """As of a quotation mark that nothing closes."""
    try:
        yield
    except csv.Error as error:
        raise ValueError(f'{path.absolute()} is no CSV file: {error}') \
            from error
