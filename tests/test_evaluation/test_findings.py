"""What is collected for a report, in one process and in two."""
import numpy as np
import pytest
import torch
from helpers.evaluate_in_processes import draw_samples
from helpers.small_run import run_in_processes
from mmengine.dist import get_dist_info

from fusionreid_mm.evaluation import ReIDMetric, find_nearest
from fusionreid_mm.evaluation.functional import Verdict
from fusionreid_mm.evaluation.metrics import DESCRIPTOR, collect_findings

BRANCHES = ['cnn', 'transformer']


def collect(samples, branches=BRANCHES, **options):
    """The findings of the one dataset, by a process's part of the samples."""
    found = []
    metric = ReIDMetric(embeddings=branches, **options)
    metric.observers.append(lambda dataset: found.append(
        collect_findings(
            dataset, branches, num_worst=5, num_examples=2, topk=7)))
    rank, world_size = get_dist_info()
    metric.process(None, samples[rank::world_size])
    metrics = metric.evaluate(len(samples))
    return found[0], metrics


@pytest.fixture(scope='module')
def samples():
    """People who are told apart about as often as not."""
    samples = draw_samples()
    centres = torch.randn(25, 19, generator=torch.Generator().manual_seed(1))
    for sample in samples:
        sample['feature'] = sample['feature'] + .7 * centres[sample['pid']]
    return samples


@pytest.fixture(scope='module')
def found(samples):
    return collect(samples)[0]


def arrays_of(samples, columns=slice(None)):
    """What the functions of evaluation take."""
    return {
        f'{role}_{name}':
        np.array(
            [sample[key] for sample in samples if sample['split'] == role])
        for role in ('query', 'gallery')
        for name, key in (('pids', 'pid'), ('camids', 'camid'))
    } | {
        f'{role}_features':
        torch.stack([
            sample['feature'][columns]
            for sample in samples if sample['split'] == role
        ])
        for role in ('query', 'gallery')
    }


def test_what_is_counted(samples, found):
    arrays = arrays_of(samples)
    assert found.num_gallery == len(arrays['gallery_pids'])
    assert found.num_distractors == sum(
        pid not in set(arrays['query_pids']) for pid in arrays['gallery_pids'])
    np.testing.assert_array_equal(found.queries.pids, arrays['query_pids'])
    np.testing.assert_array_equal(found.queries.camids, arrays['query_camids'])


def test_the_worst_queries(found):
    ap = found.rankings[DESCRIPTOR].ap
    assert len(found.worst) == 5
    assert ap[found.worst].tolist() == sorted(ap[~np.isnan(ap)])[:5]


@pytest.mark.parametrize('part, columns', [(DESCRIPTOR, slice(None)),
                                           ('cnn', slice(0, 7)),
                                           ('transformer', slice(7, 19))])
def test_lists_are_of_the_part(samples, found, part, columns):
    nearest = find_nearest(**arrays_of(samples, columns), k=7)
    paths = [s['img_path'] for s in samples if s['split'] == 'gallery']
    queries = [s['img_path'] for s in samples if s['split'] == 'query']
    lists = found.lists[part]
    assert len(lists) >= 5
    for row, item in lists.items():
        assert item.query.path == queries[row]
        assert [image.path for image in item.gallery
                ] == [paths[i] for i in nearest.indices[row]]
        np.testing.assert_allclose(item.scores, nearest.scores[row])


def test_disagreements(found):
    told = found.disagreement
    assert (told.first, told.second) == ('cnn', 'transformer')
    firsts = {
        part: ranking.first_match_rank == 1
        for part, ranking in found.rankings.items()
    }
    differences = np.abs(found.rankings['cnn'].ap -
                         found.rankings['transformer'].ap)
    sizes = []
    for verdict, rows in told.verdicts.items():
        sizes.append(len(rows))
        for row in rows:
            assert verdict == Verdict(firsts['cnn'][row],
                                      firsts['transformer'][row],
                                      firsts[DESCRIPTOR][row])
        examples = told.examples[verdict]
        assert set(examples) <= set(rows) and len(examples) <= 2
        if len(rows) > 1:
            assert differences[examples].tolist() == sorted(
                differences[rows], reverse=True)[:2]
        for part in (DESCRIPTOR, *BRANCHES):
            assert set(examples) <= set(found.lists[part])
    assert sum(sizes) == found.rankings[DESCRIPTOR].num_valid_queries
    assert sizes.count(0) < 3
    assert differences[told.largest[0]] == np.nanmax(differences)


def test_a_single_branch(samples):
    found, _ = collect(samples, [])
    assert found.disagreement is None
    assert set(found.lists) == {DESCRIPTOR}
    assert set(found.lists[DESCRIPTOR]) == set(found.worst)


def test_unknown_cameras(samples):
    unknown = [{k: v for k, v in s.items() if k != 'camid'} for s in samples]
    assert collect(unknown)[0].camera_pairs is None


def test_trials(samples):
    """Findings are of the first gallery, in its roles."""
    found, metrics = collect(samples, num_trials=3)
    people = {sample['pid'] for sample in samples}
    assert found.num_gallery == len(people)
    assert found.num_distractors == 0
    assert len(found.queries.pids) == len(samples) - len(people)
    assert metrics['reid/mAP'] != pytest.approx(100 *
                                                found.rankings[DESCRIPTOR].mAP)


def test_two_processes_find_what_one_does(samples, found, tmp_path):
    results = run_in_processes(lambda rank: collect(samples)[0], tmp_path)
    for result in results:
        assert repr(result.lists) == repr(found.lists)
        assert result.worst == found.worst
        assert result.disagreement.examples == found.disagreement.examples
        assert result.disagreement.largest == found.disagreement.largest
        assert result.num_distractors == found.num_distractors
        for pair in (result.camera_pairs, found.camera_pairs), (
                result.queries, found.queries), (result.rankings[DESCRIPTOR],
                                                 found.rankings[DESCRIPTOR]):
            for one, other in zip(*pair):
                np.testing.assert_array_equal(one, other)
