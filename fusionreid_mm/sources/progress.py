from contextlib import contextmanager
from typing import Callable, Iterator, Optional

from rich.console import Console
from rich.progress import (BarColumn, MofNCompleteColumn, Progress, TextColumn,
                           TimeElapsedColumn, TimeRemainingColumn)


@contextmanager
def progress_bar(total: Optional[int],
                 show: bool) -> Iterator[Callable[[int], None]]:
    """A bar on standard error, if that is a terminal.

    Args:
        total (int, optional): Of the images, if that is known.
        show (bool): Whether to draw it at all.

    Yields:
        Callable[[int], None]: To be told how many of them are done.
    """
    console = Console(stderr=True)
    columns = (TextColumn('images'), BarColumn(), MofNCompleteColumn(),
               TimeElapsedColumn(), TextColumn('left:'), TimeRemainingColumn())
    shown = show and console.is_terminal
    with Progress(*columns, console=console, disable=not shown) as progress:
        task = progress.add_task('', total=total)
        yield lambda done: progress.update(task, completed=done)
