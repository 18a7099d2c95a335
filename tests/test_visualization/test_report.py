"""A report of drawn results, whose numbers are known."""
import re

import pytest
import torch
from helpers.drawn_data import write_image
from helpers.read_page import Page
from matplotlib.figure import Figure

from fusionreid_mm.evaluation import ReIDMetric, confidence_interval
from fusionreid_mm.evaluation.metrics import DESCRIPTOR, collect_findings
from fusionreid_mm.visualization import TestRun as Run
from fusionreid_mm.visualization import draw_report, list_tiles

# A file may be called so.
HOSTILE = '<b onclick="x">&\'.png'

NUM_QUERIES = 12


def draw_samples(folder, with_cameras=True) -> list:
    """Four people; two embeddings that see them differently well."""
    generator = torch.Generator().manual_seed(3)
    centres = torch.randn(5, 10, generator=generator)
    noise = torch.tensor([1.2] * 6 + [1.5] * 4)
    samples = []
    for i in range(60):
        pid = 4 if i >= 56 else i % 4  # the last ones are distractors
        name = HOSTILE if i == 0 else f'{i:02d}_{pid}.png'
        path = folder / name
        write_image(path, seed=i, size=(16, 32))
        sample = dict(
            feature=centres[pid] +
            noise * torch.randn(10, generator=generator),
            pid=pid,
            sample_idx=i,
            img_path=str(path),
            split='query' if i < NUM_QUERIES else 'gallery',
            dataset='drawn',
            embedding_columns=dict(cnn=(0, 6), transformer=(6, 10)))
        if with_cameras:
            sample['camid'] = i // 4 % 3
        samples.append(sample)
    return samples


def measure(samples, branches=('cnn', 'transformer'), **options):
    """The findings, and the metrics as they would be printed."""
    found = []
    options.setdefault('embeddings', list(branches))
    metric = ReIDMetric(**options)
    metric.observers.append(lambda dataset: found.append(
        collect_findings(
            dataset, branches, num_worst=3, num_examples=2, topk=6)))
    metric.process(None, samples)
    return found, metric.evaluate(len(samples))


def report_of(samples, tmp_path, num_trials=0, **options):
    found, metrics = measure(samples, num_trials=num_trials, **options)
    run = Run('Test <1>', {'Checkpoint': 'a&b.pth'}, metrics, (1, 5, 10),
              num_trials)
    page = draw_report(run, found)
    page.write(tmp_path / 'report.html')
    return Page(tmp_path / 'report.html'), found, metrics


@pytest.fixture(scope='module')
def reported(tmp_path_factory):
    folder = tmp_path_factory.mktemp('report')
    return report_of(draw_samples(folder / 'images'), folder)


def test_it_needs_nothing_else(reported):
    page, _, _ = reported
    page.check_alone()
    assert page.headings == [
        'Test <1>', 'Metrics', 'Where the branches disagree', 'Worst queries',
        'Cameras', 'Everything measured'
    ]
    # The file's name is text.
    assert HOSTILE in page.words
    assert '<b ' not in page.source


def test_parts_that_are_called_as_others(tmp_path):
    """A config may call a combination as the report calls the descriptor."""
    page, _, metrics = report_of(
        draw_samples(tmp_path / 'images'),
        tmp_path,
        embeddings=dict(
            fused=['cnn'], cnn=['cnn'], transformer=['transformer']))
    values = {row[0]: float(row[1].split()[0]) for row in page.tables[1][1:]}
    assert values == pytest.approx(
        {
            'fused': metrics['reid/mAP'],
            'fused (of the config)': metrics['reid/fused/mAP'],
            'CNN alone': metrics['reid/cnn/mAP'],
            'Transformer alone': metrics['reid/transformer/mAP']
        },
        abs=.005)


def test_metrics_are_those_that_were_printed(reported):
    page, (found, ), metrics = reported
    table = page.tables[1]
    assert table[0] == ['%', 'mAP', 'mINP', 'Rank-1', 'Rank-5', 'Rank-10']
    prefixes = {
        'fused': 'reid',
        'CNN alone': 'reid/cnn',
        'Transformer alone': 'reid/transformer'
    }
    assert [row[0] for row in table[1:]] == list(prefixes)
    for label, *cells in table[1:]:
        for name, cell in zip(table[0][1:], cells):
            value, low, high = map(float, re.findall(r'[\d.]+', cell))
            assert value == pytest.approx(
                metrics[f'{prefixes[label]}/{name}'], abs=.005)
            assert low - .05 <= value <= high + .05
    mean_ap = confidence_interval(
        100 * found.rankings[DESCRIPTOR].ap, people=found.queries.pids)
    assert table[1][1] == (f'{mean_ap.value:.2f} [{mean_ap.low:.1f}, '
                           f'{mean_ap.high:.1f}]')
    everything = page.tables[-1]
    assert everything[1:] == [[name, f'{value:.4f}']
                              for name, value in metrics.items()]
    assert '12 queries of 4 people, 48 gallery images, of which 4' in \
        page.words


def test_disagreements_are_counted(reported):
    page, (found, ), _ = reported
    table, = [
        t for t in page.tables
        if t[0][1:2] == ['queries'] and t[0][2] == 'fused right'
    ]
    first, second, fused = (
        found.rankings[part].first_match_rank == 1
        for part in ('cnn', 'transformer', DESCRIPTOR))
    for row, one, other in zip(table[1:], (1, 0, 1, 0), (0, 1, 1, 0)):
        here = (first == one) & (second == other)
        assert row == [
            f'CNN {("wrong", "right")[one]}, '
            f'Transformer {("wrong", "right")[other]}',
            str(here.sum()),
            str((here & fused).sum()),
            str((here & ~fused).sum())
        ]
    disputed = (first != second).sum()
    assert 0 < disputed < NUM_QUERIES
    assert (f'alone disagree about {disputed} '
            f'({100 * disputed / NUM_QUERIES:.1f} %)') in page.words


def test_frames_are_right(reported):
    page, (found, ), _ = reported
    right = wrong = queries = 0
    told = found.disagreement
    shown = [(DESCRIPTOR, row, 6) for row in found.worst]
    shown += [(part, row, 5)
              for rows in (*told.examples.values(), told.largest)
              for row in rows for part in (DESCRIPTOR, 'cnn', 'transformer')]
    # All three are right, or wrong, in what needs no example.
    for verdict in ((True, True, True), (False, False, False)):
        for row in told.examples[verdict]:
            for part in (DESCRIPTOR, 'cnn', 'transformer'):
                shown.remove((part, row, 5))
    for part, row, topk in shown:
        item = found.lists[part][row]
        matches = sum(image.pid == item.query.pid
                      for image in item.gallery[:topk])
        right += matches
        wrong += len(item.gallery[:topk]) - matches
        queries += 1
    assert len(page.of_class('query')) == queries
    assert len(page.of_class('right')) == right > 0
    assert len(page.of_class('wrong')) == wrong > 0
    assert len(page.photographs()) == queries + right + wrong


def test_tiles_of_a_list(reported):
    _, (found, ), _ = reported
    row = found.worst[0]
    item = found.lists[DESCRIPTOR][row]
    query, *tiles = list_tiles(item, topk=3)
    assert query.frame == 'query' and query.lines[0] == 'query'
    assert query.image.shape == (32, 16, 3)
    assert [tile.lines[0] for tile in tiles] == [
        f'{rank}: {score:.3f}' for rank, score in zip((1, 2, 3), item.scores)
    ]
    assert [tile.lines[1] for tile in tiles
            ] == [f'camera {image.camid + 1}' for image in item.gallery[:3]]


def test_cameras(reported, tmp_path):
    page, (found, ), _ = reported
    table, = [t for t in page.tables if t[0][0] == 'query by']
    ap = found.rankings[DESCRIPTOR].ap
    assert [row[:3] for row in table[1:]] == [[
        f'camera {camid + 1}', '4',
        f'{100 * ap[found.queries.camids == camid].mean():.1f}'
    ] for camid in range(3)]
    pairs = [t for t in page.tables if 'Rank-1 (queries)' in t[0][0]][0]
    assert pairs[1][1] == '–' and pairs[2][2] == '–'
    mean_ap, rank1 = found.camera_pairs.mAP[0, 1], found.camera_pairs.rank1[0,
                                                                            1]
    assert pairs[1][2] == f'{100 * mean_ap:.1f} / {100 * rank1:.1f} (4)'


def test_a_model_of_one_branch(tmp_path):
    page, _, _ = report_of(
        draw_samples(tmp_path / 'images', with_cameras=False),
        tmp_path,
        branches=())
    page.check_alone()
    assert 'nothing that could disagree' in page.words
    assert 'cameras of some images are not known' in page.words
    assert page.tables[1][1][0] == 'descriptor'
    assert len(page.tables[1]) == 2
    assert 'camera ?' in page.words


def test_drawn_galleries(tmp_path):
    samples = draw_samples(tmp_path / 'images')
    page, (found, ), metrics = report_of(samples, tmp_path, num_trials=4)
    assert 'means of 4 galleries' in page.words
    # What stands at the top is not what was printed, and says so.
    assert (f'{100 * found.rankings[DESCRIPTOR].cmc[0]:.1f} % '
            '(the first of 4 galleries)') in page.words
    assert page.tables[-1][1] == ['reid/mAP', f"{metrics['reid/mAP']:.4f}"]


def test_several_datasets(tmp_path):
    samples = draw_samples(tmp_path / 'one')
    others = [dict(sample, dataset='other') for sample in samples]
    found, metrics = measure([*samples, *others])
    page = draw_report(Run('a', {}, metrics, (1, )), found)
    page.write(tmp_path / 'report.html')
    page = Page(tmp_path / 'report.html')
    assert [h for h in page.headings if h.startswith('Metrics')
            ] == ['Metrics of drawn', 'Metrics of other']
    assert 'reid/other/cnn/mAP' in page.words


def test_a_single_person_has_no_interval(tmp_path):
    samples = [
        sample for sample in draw_samples(tmp_path / 'images')
        if sample['pid'] == 0 or sample['split'] == 'gallery'
    ]
    page, _, metrics = report_of(samples, tmp_path)
    assert page.tables[1][1][1] == f"{metrics['reid/mAP']:.2f}"


def test_more_cameras_than_can_be_drawn(tmp_path):
    samples = draw_samples(tmp_path / 'images')
    for i, sample in enumerate(samples):
        sample['camid'] = i
    page, _, _ = report_of(samples, tmp_path)
    # Without the drawn one: two curves and the scores only.
    assert len(page.of_class('picture')) == 3
    assert any('Rank-1 (queries)' in table[0][0] for table in page.tables)


def test_an_image_that_is_gone(tmp_path):
    samples = draw_samples(tmp_path / 'images')
    found, metrics = measure(samples)
    for sample in samples:
        (tmp_path / 'images').joinpath(sample['img_path']).unlink()
    with pytest.raises(OSError, match='images/.*cannot be shown.*move since'):
        draw_report(Run('a', {}, metrics, (1, )), found)


def test_the_training_curve(reported, tmp_path):
    _, found, metrics = reported
    figure = Figure()
    page = draw_report(
        Run('a', {}, metrics, (1, ), training_curve=figure), found)
    page.write(tmp_path / 'report.html')
    page = Page(tmp_path / 'report.html')
    assert 'Training' in page.headings
    assert len(page.of_class('picture')) == 5


def test_the_area_below_the_curve_is_the_metric(reported):
    """As the page says."""
    _, (found, ), metrics = reported
    for part, heading in ((DESCRIPTOR, 'reid'), ('cnn', 'reid/cnn')):
        assert 100 * found.rankings[part].precision.mean() == pytest.approx(
            metrics[f'{heading}/mAP'])
