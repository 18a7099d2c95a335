"""The report of a test: what it measured, where it fails, and who decides."""
from pathlib import Path
from typing import Any, Dict, Iterator, List, NamedTuple, Optional, Sequence

import numpy as np
from matplotlib.figure import Figure

from fusionreid_mm.evaluation.functional import (CameraPairs, Interval,
                                                 RankingResult, Verdict,
                                                 confidence_interval,
                                                 query_scores)
from fusionreid_mm.evaluation.metrics import (DESCRIPTOR, Disagreement,
                                              Findings, ListedImage,
                                              RankedList)
from .curves import plot_cmc, plot_matrix, plot_precision_recall, plot_scores
from .html_page import HtmlPage, Tile
from .photograph import read_photograph
from .reid_visualizer import camera_name

# How people write what the model calls 'cnn'.
_BRANCHES = {'cnn': 'CNN', 'transformer': 'Transformer'}

# Of a query about which the parts disagree, each list has so many images.
_SHORT_LIST = 5

# Of two branches: those about which they disagree first.
_OUTCOMES = ((True, False), (False, True), (True, True), (False, False))

# Cameras whose pairs can be drawn into one figure.
_MOST_CAMERAS = 24


class TestRun(NamedTuple):
    """What a report tells of the run itself.

    Attributes:
        title: Of the page.
        facts: What is worth knowing, such as the checkpoint, by its name.
        metrics: In percent, by name, as the test printed them.
        ranks: The k of Rank-k.
        num_trials: Galleries that were drawn; 0 for the dataset's own.
        training_curve: A figure of the training, if there is its log.
    """
    title: str
    facts: Dict[str, str]
    metrics: Dict[str, float]
    ranks: Sequence[int]
    num_trials: int = 0
    training_curve: Optional[Figure] = None


def draw_report(run: TestRun, findings: Sequence[Findings]) -> HtmlPage:
    """A page that tells all of a test.

    Args:
        run (TestRun): What was run.
        findings (Sequence[Findings]): Of each dataset.

    Returns:
        HtmlPage: Ready to be written.

    Raises:
        OSError: If an image that is to be shown cannot be read any more.
    """
    page = HtmlPage(run.title, _subtitle(findings, run.num_trials))
    with page.folded('About this run'):
        page.table(['Fact', 'Value'], list(run.facts.items()))
    for found in findings:
        of = f' of {found.name}' if len(findings) > 1 else ''
        page.heading(f'Metrics{of}')
        _metrics(page, found, run)
        _curves(page, found)
        _scores(page, found)
        page.heading(f'Where the branches disagree{of}')
        _disagreement(page, found)
        page.heading(f'Worst queries{of}')
        _worst_queries(page, found)
        page.heading(f'Cameras{of}')
        _cameras(page, found)
    if run.training_curve is not None:
        page.heading('Training')
        page.picture(run.training_curve, 'What the training logged.')
    page.heading('Everything measured')
    with page.folded('All metrics, in percent, as the test printed them'):
        page.table(['metric', '%'], [[name, f'{value:.4f}']
                                     for name, value in run.metrics.items()])
    return page


def list_tiles(item: RankedList, topk: int) -> List[Tile]:
    """A ranked list: the query, and the images that came first for it.

    Args:
        item (RankedList): What was found.
        topk (int): Images at most.
    """
    tiles = [
        Tile(
            read_photograph(item.query.path),
            ['query', camera_name(item.query.camid)], 'query')
    ]
    for rank, (image, score) in enumerate(
            zip(item.gallery[:topk], item.scores), start=1):
        tiles.append(_ranked_tile(rank, image, score, item.query.pid))
    return tiles


def _ranked_tile(rank: int, image: ListedImage, score: float,
                 pid: int) -> Tile:
    return Tile(
        read_photograph(image.path),
        [f'{rank}: {score:.3f}',
         camera_name(image.camid)], 'right' if image.pid == pid else 'wrong')


def _subtitle(findings: Sequence[Findings], num_trials: int) -> str:
    values = ', '.join(f'{found.name or "test"}: '
                       f'mAP {100 * ranking.mAP:.1f} %, '
                       f'Rank-1 {100 * ranking.cmc[0]:.1f} %'
                       for found in findings
                       for ranking in [found.rankings[DESCRIPTOR]])
    if num_trials:
        values += f' (the first of {num_trials} galleries)'
    return values


def _labels(found: Findings) -> Dict[str, str]:
    """What the parts of the descriptor are called."""
    whole = 'fused' if found.disagreement is not None else 'descriptor'
    labels = {DESCRIPTOR: whole}
    for part in found.rankings:
        if part == DESCRIPTOR:
            continue
        label = f'{_BRANCHES[part]} alone' if part in _BRANCHES else part
        # A part may be called as another one is called here.
        while label in labels.values():
            label += ' (of the config)'
        labels[part] = label
    return labels


def _metrics(page: HtmlPage, found: Findings, run: TestRun) -> None:
    ranking = found.rankings[DESCRIPTOR]
    invalid = len(ranking.ap) - ranking.num_valid_queries
    page.paragraph(
        f'{ranking.num_valid_queries:,} queries of '
        f'{len(_people(found, ranking)):,} people, '
        f'{found.num_gallery:,} gallery images, of which '
        f'{found.num_distractors:,} show nobody who is looked for. '
        f'Compared by {found.metric} '
        f'{"similarity" if found.metric == "cosine" else "distance"}.' +
        (f' {invalid:,} queries have no match by another camera and are left '
         'out.' if invalid else ''))
    if run.num_trials:
        page.paragraph(
            f'The printed metrics are the means of {run.num_trials} galleries '
            'that were drawn; what is shown here is of the first one.')
    labels = _labels(found)
    names = ['mAP', 'mINP', *(f'Rank-{rank}' for rank in run.ranks)]
    page.table(['%', *names],
               [[labels[part], *_intervals(found, part, run.ranks)]
                for part in labels])
    page.paragraph(
        'In brackets: where the metric lies with 95 % confidence, had other '
        'people been looked for (bootstrap over the people of the queries). '
        'Another training of the same model may differ by more.')


def _people(found: Findings, ranking: RankingResult) -> np.ndarray:
    return np.unique(found.queries.pids[ranking.first_match_rank > 0])


def _intervals(found: Findings, part: str,
               ranks: Sequence[int]) -> Iterator[str]:
    ranking = found.rankings[part]
    scores = query_scores(ranking.ap, ranking.inp, ranking.first_match_rank,
                          ranks)
    can_be_drawn = len(_people(found, ranking)) > 1
    for column in scores.values():
        if can_be_drawn:
            yield _show(
                confidence_interval(100 * column, people=found.queries.pids))
        else:
            yield f'{100 * np.nanmean(column):.2f}'


def _show(interval: Interval) -> str:
    return (f'{interval.value:.2f} '
            f'[{interval.low:.1f}, {interval.high:.1f}]')


def _curves(page: HtmlPage, found: Findings) -> None:
    labels = _labels(found)
    rankings = {label: found.rankings[part] for part, label in labels.items()}
    figure, axes = _figure()
    plot_cmc(axes, {label: one.cmc for label, one in rankings.items()})
    page.picture(
        figure, 'CMC: the share of queries that have a match among the first '
        'images of their lists.')
    figure, axes = _figure()
    plot_precision_recall(axes, {
        label: one.precision
        for label, one in rankings.items()
    })
    page.picture(
        figure, 'Precision over recall, the mean of all queries. The area '
        'below a curve is its mAP.')


def _scores(page: HtmlPage, found: Findings) -> None:
    figure, axes = _figure()
    plot_scores(axes, found.scores, found.metric)
    page.picture(
        figure, f'What {found.scores.genuine.sum():,} pairs of one person by '
        f'two cameras and {found.scores.impostor.sum():,} pairs of two people '
        'score, each as shares of their own. Where both are, no threshold '
        'tells them apart.')


def _figure(width: float = 5.6, height: float = 3.8) -> tuple:
    figure = Figure(figsize=(width, height), layout='constrained')
    return figure, figure.add_subplot()


def _disagreement(page: HtmlPage, found: Findings) -> None:
    told = found.disagreement
    if told is None:
        page.paragraph(
            'The descriptor does not hold the embeddings of two branches, so '
            'there is nothing that could disagree.')
        return
    first, second = (
        _BRANCHES.get(name, name) for name in (told.first, told.second))
    numbers = {verdict: len(rows) for verdict, rows in told.verdicts.items()}
    total = sum(numbers.values())
    disputed = {v: n for v, n in numbers.items() if v.is_disputed}
    num_disputed = sum(disputed.values())
    num_won = sum(n for verdict, n in disputed.items() if verdict.fused)
    page.paragraph(
        f'A branch is right about a query if the first image that it finds '
        f'shows the same person. {first} and {second} alone disagree about '
        f'{_share(num_disputed, total)} of {total:,} queries; the fused '
        f'descriptor is right about {_share(num_won, num_disputed)} of these.')
    rows = []
    for one, other in _OUTCOMES:
        right, wrong = (
            numbers[Verdict(one, other, fused)] for fused in (True, False))
        rows.append([
            f'{first} {_word(one)}, {second} {_word(other)}',
            f'{right + wrong:,}', f'{right:,}', f'{wrong:,}'
        ])
    page.table(['', 'queries', 'fused right', 'fused wrong'], rows)
    _examples(page, found, told, first, second)
    _largest(page, found, told, first, second)


def _examples(page: HtmlPage, found: Findings, told: Disagreement, first: str,
              second: str) -> None:
    for verdict in (Verdict(True, False, True), Verdict(False, True, True),
                    Verdict(True, False, False), Verdict(False, True, False),
                    Verdict(False, False, True), Verdict(True, True, False)):
        rows = told.examples[verdict]
        if not rows:
            continue
        number = len(told.verdicts[verdict])
        with page.folded(f'{first} {_word(verdict.first)}, {second} '
                         f'{_word(verdict.second)}, fused '
                         f'{_word(verdict.fused)} ({len(rows)} of '
                         f'{number:,} queries)'):
            for row in rows:
                _compared_lists(page, found, told, row)


def _largest(page: HtmlPage, found: Findings, told: Disagreement, first: str,
             second: str) -> None:
    page.paragraph('Queries for which the average precisions of the two '
                   'branches differ most, in percent:')
    parts = (told.first, told.second, DESCRIPTOR)
    page.table(['query', 'person', first, second, 'fused'], [[
        Path(found.lists[DESCRIPTOR][row].query.path).name,
        found.queries.pids[row], *(f'{100 * found.rankings[part].ap[row]:.1f}'
                                   for part in parts)
    ] for row in told.largest])
    with page.folded('Their ranked lists'):
        for row in told.largest:
            _compared_lists(page, found, told, row)


def _compared_lists(page: HtmlPage, found: Findings, told: Disagreement,
                    row: int) -> None:
    """What a query finds by either branch alone, and by both."""
    labels = _labels(found)
    for part in (told.first, told.second, DESCRIPTOR):
        item = found.lists[part][row]
        page.caption(f'{Path(item.query.path).name}, {labels[part]}: '
                     f'{_outcome(found.rankings[part], row)}')
        page.tiles(list_tiles(item, _SHORT_LIST))


def _worst_queries(page: HtmlPage, found: Findings) -> None:
    page.paragraph('Those with the lowest average precision. A frame with ✓ '
                   'shows the same person, one with ✗ another.')
    for row in found.worst:
        item = found.lists[DESCRIPTOR][row]
        page.caption(f'{Path(item.query.path).name}: '
                     f'{_outcome(found.rankings[DESCRIPTOR], row)}')
        page.tiles(list_tiles(item, len(item.gallery)))


def _outcome(ranking: RankingResult, row: int) -> str:
    return (f'AP {100 * ranking.ap[row]:.1f} %, first match at rank '
            f'{ranking.first_match_rank[row]:,}')


def _cameras(page: HtmlPage, found: Findings) -> None:
    labels = _labels(found)
    ranking = found.rankings[DESCRIPTOR]
    valid = ranking.first_match_rank > 0
    camids = found.queries.camids
    rows: List[List[Any]] = []
    for camid in np.unique(camids[valid]):
        own = valid & (camids == camid)
        rows.append([
            camera_name(camid), f'{own.sum():,}',
            *(f'{100 * found.rankings[part].ap[own].mean():.1f}'
              for part in labels),
            f'{100 * (ranking.first_match_rank[own] == 1).mean():.1f}'
        ])
    page.paragraph('By the camera of the query, in percent:')
    page.table([
        'query by', 'queries', *(f'mAP, {label}' for label in labels.values()),
        f'Rank-1, {labels[DESCRIPTOR]}'
    ], rows)
    if found.camera_pairs is None:
        page.paragraph('The cameras of some images are not known, so that '
                       'pairs of cameras cannot be compared.')
        return
    _camera_pairs(page, found.camera_pairs)


def _camera_pairs(page: HtmlPage, pairs: CameraPairs) -> None:
    rows, columns = ([camera_name(camid) for camid in camids]
                     for camids in (pairs.query_cameras,
                                    pairs.gallery_cameras))
    caption = ('mAP in percent, if the gallery holds only the images of one '
               'camera: queries by row, gallery by column. A camera is not '
               'searched for its own queries.')
    if max(len(rows), len(columns)) > _MOST_CAMERAS:
        page.paragraph(caption)
    else:
        figure, axes = _figure(1.2 + .62 * len(columns), 1 + .38 * len(rows))
        numbers = [[str(camid + 1) for camid in camids]
                   for camids in (pairs.query_cameras, pairs.gallery_cameras)]
        plot_matrix(axes, pairs.mAP, *numbers)
        axes.set(xlabel='camera of the gallery', ylabel='camera of the query')
        page.picture(figure, caption)
    with page.folded('The same as a table, with Rank-1 and the number of '
                     'queries'):
        cells = [[
            '–' if not number else
            f'{100 * mean_ap:.1f} / {100 * rank1:.1f} ({number:,})'
            for mean_ap, rank1, number in zip(*row)
        ] for row in zip(pairs.mAP, pairs.rank1, pairs.num_queries)]
        page.table(['mAP / Rank-1 (queries)', *columns],
                   [[name, *row] for name, row in zip(rows, cells)])


def _share(part: int, total: int) -> str:
    percent = f' ({100 * part / total:.1f} %)' if total else ''
    return f'{part:,}{percent}'


def _word(is_right: bool) -> str:
    return 'right' if is_right else 'wrong'
