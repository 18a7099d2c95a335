"""Draw the curves of trainings, or tell how long their iterations took.

A log is a work dir, the folder of one run in it, or a file
``vis_data/scalars.json``. Examples:

    python tools/analysis_tools/analyze_logs.py plot_curve \
        work_dirs/one work_dirs/other --keys loss reid/mAP --out curves.png
    python tools/analysis_tools/analyze_logs.py cal_train_time work_dirs/one
"""
import argparse
import os.path as osp
from itertools import groupby
from pathlib import Path
from typing import Dict, Iterator, List, Optional, Tuple

import numpy as np

from fusionreid_mm.engine.figures import (add_figure_arguments, drawing,
                                          has_window)
from fusionreid_mm.engine.training_log import (Log, load_log, main_keys,
                                               plot_curves)


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
