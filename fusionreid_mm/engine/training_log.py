"""What a training logged, and its curves."""
import json
from pathlib import Path
from typing import Any, Dict, Iterator, List, NamedTuple, Optional, Tuple

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure

# Where a folder has its logs: of a run, or of the runs of a work dir.
_PLACES = ('scalars.json', 'vis_data/scalars.json', '*/vis_data/scalars.json')

_POSITIONS = {'step', 'epoch', 'iter'}
_LINES = ('-', '--', ':', '-.')

Row = Dict[str, Any]


class Log(NamedTuple):
    """What a training logged, in order.

    Attributes:
        path: What the user calls it.
        train: A row for each logged iteration, whose ``step`` counts
            iterations.
        val: A row for each validation, whose ``step`` counts epochs in a
            training by epoch, and iterations else.
    """
    path: str
    train: List[Row]
    val: List[Row]

    def rows_of(self, key: str) -> List[Row]:
        """Those that have a key; of one that both have, such as ``time``, the
        rows of training."""
        for rows in (self.train, self.val):
            found = [row for row in rows if key in row]
            if found:
                return found
        return []

    def keys(self) -> List[str]:
        keys = dict.fromkeys(key for row in self.train + self.val
                             for key in row)
        return [key for key in keys if key not in _POSITIONS]

    def epoch_length(self) -> Optional[float]:
        """Iterations of an epoch; None if the training is not by epoch."""
        if not self.train or 'epoch' not in self.train[0]:
            return None
        firsts: Dict[int, int] = {}
        for row in self.train:
            firsts.setdefault(row['epoch'], row['step'])
        if len(firsts) == 1:
            last = self.train[-1]
            return last['step'] / last['epoch']
        # Epochs are logged alike, but their last iterations may not be.
        (epoch, step), *_, (last_epoch, last_step) = firsts.items()
        return (last_step - step) / (last_epoch - epoch)


def load_log(path: str) -> Log:
    """All that is logged below a path.

    Raises:
        FileNotFoundError: If there is no log.
        ValueError: If there is a file that is none, or an empty one.
    """
    train: List[Row] = []
    val: Dict[int, Row] = {}
    for file in find_files(Path(path)):
        rows = read_rows(file)
        resumed = [row for row in rows if is_of_training(row)]
        if resumed:
            # What had come after the checkpoint was trained again.
            start = resumed[0]
            first_val = start['epoch' if 'epoch' in start else 'step']
            train = [row for row in train if row['step'] < start['step']]
            val = {step: val[step] for step in val if step < first_val}
        train += resumed
        val.update(
            (row['step'], row) for row in rows if not is_of_training(row))
    if not train and not val:
        raise ValueError(f'nothing is logged in {path}')
    return Log(path, train, [val[step] for step in sorted(val)])


def find_files(path: Path) -> List[Path]:
    """The logs of a path, one for each run, in the order of time."""
    if path.is_file():
        return [path]
    for place in _PLACES:
        # The folders are called by their time.
        files = sorted(path.glob(place))
        if files:
            return files
    raise FileNotFoundError(
        f'there is no log {str(path)!r}: give a file vis_data/scalars.json, '
        'the folder of a run, or a work dir that holds some')


def read_rows(path: Path) -> List[Row]:
    rows: List[Row] = []
    lines = path.read_text(encoding='utf-8', errors='replace').splitlines()
    for number, line in enumerate(lines, start=1):
        try:
            row = json.loads(line)
        except json.JSONDecodeError:
            if rows and number == len(lines):
                break  # The process was killed while it wrote.
            row = None
        if not isinstance(row, dict) or 'step' not in row:
            raise ValueError(
                f'{path}, line {number}: this is no row of a log in JSON, as '
                'MMEngine writes them to vis_data/scalars.json')
        rows.append(row)
    return rows


def is_of_training(row: Row) -> bool:
    return 'iter' in row


def main_keys(log: Log) -> List[str]:
    """The loss and the mAP, that of each dataset if there are several."""
    keys = log.keys()
    precisions = ['reid/mAP'] if 'reid/mAP' in keys else [
        key for key in keys if key.endswith('/mAP')
    ]
    return [key for key in keys if key == 'loss'] + precisions


def panel_of(key: str) -> str:
    """What is drawn together, and labelled so."""
    if 'loss' in key:
        return 'loss'
    if key.startswith('reid/'):
        return '%'
    if key in ('time', 'data_time'):
        return 'seconds'
    return key


def plot_curves(figure: Figure, curves: List[Tuple[Log, str]],
                legend: List[str]) -> None:
    """Draw each curve into the panel of its quantity, above one axis."""
    panels: Dict[str, List[int]] = {}
    for number, (_, key) in enumerate(curves):
        panels.setdefault(panel_of(key), []).append(number)
    lengths = {log.path: log.epoch_length() for log, _ in curves}
    by_epoch = all(lengths.values())
    logs = list(lengths)
    axes = figure.subplots(len(panels), sharex=True, squeeze=False)[:, 0]
    for panel, (label, numbers) in zip(axes, panels.items()):
        keys = list(dict.fromkeys(curves[number][1] for number in numbers))
        for number in numbers:
            log, key = curves[number]
            ranks = logs.index(log.path), keys.index(key)
            # One colour for each log, or for each key of the only one.
            colour, line = ranks if len(logs) > 1 else (ranks[1], 0)
            _plot(
                panel,
                list(points(log, key, lengths[log.path], by_epoch)),
                color=f'C{colour}',
                linestyle=_LINES[line % len(_LINES)],
                label=legend[number])
        panel.set_ylabel(label)
        panel.legend(loc='center left', bbox_to_anchor=(1, 0.5))
    axes[-1].set_xlabel('epochs' if by_epoch else 'iterations')


def points(log: Log, key: str, epoch_length: Optional[float],
           by_epoch: bool) -> Iterator[Tuple[float, float]]:
    """The values of a key, and the epochs or iterations after which they were
    logged."""
    length = epoch_length or 1
    for row in log.rows_of(key):
        step = row['step']
        if is_of_training(row):
            yield step / length if by_epoch else step, row[key]
        else:
            yield step if by_epoch else step * length, row[key]


def _plot(axes: Axes, values: List[Tuple[float, float]], **style: Any) -> None:
    # Lines between few points hide where they are.
    marker = 'o' if len(values) <= 30 else ''
    axes.plot(
        *np.transpose(values),
        marker=marker,
        markersize=4,
        linewidth=1.2,
        **style)
