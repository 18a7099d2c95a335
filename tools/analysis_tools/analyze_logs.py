"""Draw the curves of trainings, or tell how long their iterations took.

A log is a work dir, the folder of one run in it, or a file
``vis_data/scalars.json``. Examples:

    python tools/analysis_tools/analyze_logs.py plot_curve \
        work_dirs/one work_dirs/other --keys loss reid/mAP --out curves.png
    python tools/analysis_tools/analyze_logs.py cal_train_time work_dirs/one
"""
import argparse
import json
import os.path as osp
from itertools import groupby
from pathlib import Path
from typing import Any, Dict, Iterator, List, NamedTuple, Optional, Tuple

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from fusionreid_mm.engine.figures import (add_figure_arguments, drawing,
                                          has_window)

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


def choose_curves(logs: List[Log],
                  keys: Optional[List[str]]) -> List[Tuple[Log, str]]:
    """What to draw: keys that all logs have, or, if none are named, the loss
    and the mAP where there are any.

    Raises:
        ValueError: If a log has no such key.
    """
    if keys is None:
        curves = [(log, key) for log in logs for key in main_keys(log)]
        if not curves:
            raise ValueError('the logs have neither a loss nor a mAP: choose '
                             f'--keys from {", ".join(logs[0].keys())}')
        return curves
    for log in logs:
        for key in keys:
            if not log.rows_of(key):
                raise ValueError(f'{log.path} has no key {key!r}; it has '
                                 f'{", ".join(log.keys())}')
    return [(log, key) for log in logs for key in keys]


def main_keys(log: Log) -> List[str]:
    """The loss and the mAP, that of each dataset if there are several."""
    keys = log.keys()
    precisions = ['reid/mAP'] if 'reid/mAP' in keys else [
        key for key in keys if key.endswith('/mAP')
    ]
    return [key for key in keys if key == 'loss'] + precisions


def default_legend(curves: List[Tuple[Log, str]]) -> List[str]:
    """The keys, after the names of the logs if there are several."""
    paths = list(dict.fromkeys(log.path for log, _ in curves))
    names = {path: f'{name} ' for path, name in short_names(paths).items()}
    if len(paths) == 1:
        names = {paths[0]: ''}
    return [f'{names[log.path]}{key}' for log, key in curves]


def short_names(paths: List[str]) -> Dict[str, str]:
    """Paths without what all of them begin and end with."""
    folders = {
        path: osp.abspath(path).replace('/vis_data/scalars.json', '')
        for path in paths
    }
    start = osp.commonpath(
        [osp.dirname(folder) for folder in folders.values()])
    return {
        path: osp.relpath(folder, start)
        for path, folder in folders.items()
    }


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


def plot_curve(logs: List[Log], args: argparse.Namespace) -> None:
    if args.out is None and not has_window():
        raise SystemExit('there is no display to show the curves on: write '
                         'them to a file with --out')
    curves = choose_curves(logs, args.keys)
    legend = args.legend or default_legend(curves)
    if len(legend) != len(curves):
        raise ValueError(
            f'--legend has {len(legend)} names for {len(curves)} curves, '
            f'which are: {", ".join(default_legend(curves))}')
    with drawing(args, args.out, show=args.out is None) as figure:
        plot_curves(figure, curves, legend)
        names = short_names([log.path for log in logs])
        figure.suptitle(args.title or ', '.join(names.values()))
    if args.out is not None:
        print(f'{len(curves)} curves: {args.out}')


def cal_train_time(logs: List[Log], args: argparse.Namespace) -> None:
    for log in logs:
        print(f'-----Analyze train time of {log.path}-----')
        print('\n'.join(time_report(log, args.include_outliers)), end='\n\n')


def time_report(log: Log, include_outliers: bool) -> Iterator[str]:
    """The times of iterations, in seconds.

    Raises:
        ValueError: If no iteration was logged.
    """
    timed = [row for row in log.train if 'time' in row]
    if not timed:
        raise ValueError(f'{log.path} has no times of training iterations')
    epochs: Dict[Optional[int], np.ndarray] = {}
    for epoch, rows in groupby(timed, lambda row: row.get('epoch')):
        times = np.array([row['time'] for row in rows])
        # The first one waits for the workers of the data loader.
        if not include_outliers and len(times) > 1:
            times = times[1:]
        epochs[epoch] = times
    if None not in epochs:
        means = {epoch: times.mean() for epoch, times in epochs.items()}
        ranked = sorted(means, key=means.__getitem__)
        fastest, slowest = ranked[0], ranked[-1]
        yield f'slowest epoch {slowest}, average time is {means[slowest]:.4f}'
        yield f'fastest epoch {fastest}, average time is {means[fastest]:.4f}'
        yield f'time std over epochs is {np.std(list(means.values())):.4f}'
    average = np.concatenate(list(epochs.values())).mean()
    yield f'average iter time: {average:.4f} s/iter'


def parse_args() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    tasks = parser.add_subparsers(dest='task', required=True)
    plot = tasks.add_parser('plot_curve', help='draw curves')
    time = tasks.add_parser(
        'cal_train_time', help='average time of a training iteration')
    for task in (plot, time):
        task.add_argument(
            'json_logs',
            nargs='+',
            metavar='LOG',
            help='work dirs, folders of runs, or files vis_data/scalars.json; '
            'the runs of a work dir are one training')
    plot.add_argument(
        '--keys',
        nargs='+',
        help='what to draw, such as loss, lr or reid/Rank-1 (default: loss '
        'and mAP)')
    plot.add_argument(
        '--legend',
        nargs='+',
        help='names of the curves: all of the first '
        'log, then all of the next')
    plot.add_argument(
        '--out',
        type=Path,
        help='write the picture to this file (.png, .pdf, .svg) instead of '
        'showing it')
    add_figure_arguments(plot)
    time.add_argument(
        '--include-outliers',
        action='store_true',
        help='include the first value of each epoch')
    return parser.parse_args()


def main() -> None:
    args = parse_args()
    logs = [load_log(path) for path in args.json_logs]
    task = dict(plot_curve=plot_curve, cal_train_time=cal_train_time)
    task[args.task](logs, args)


if __name__ == '__main__':
    main()
