from collections import Counter

import pytest

from fusionreid_mm.datasets.synthetic import LAYOUTS, DatasetSettings
from fusionreid_mm.datasets.synthetic.plan import plan_dataset

TRAIN, TEST, CAMERAS, IMAGES = 7, 5, 4, 3


def plan_of(layout, **kwargs):
    return plan_dataset(
        DatasetSettings(
            layout,
            num_train_pids=TRAIN,
            num_test_pids=TEST,
            num_cameras=CAMERAS,
            images_per_camera=IMAGES,
            **kwargs))


def labels_of(plan, *roles):
    return [p.label for p in plan.pictures if p.label.role in roles]


@pytest.mark.parametrize('layout', LAYOUTS)
def test_everyone_is_seen_by_every_camera(layout):
    plan = plan_of(layout)
    train = Counter(
        (label.pid, label.camera) for label in labels_of(plan, 'train', 'val'))
    assert len(train) == TRAIN * CAMERAS
    assert set(train.values()) == {IMAGES}


@pytest.mark.parametrize('layout', LAYOUTS)
def test_each_query_has_a_match_under_another_camera(layout):
    plan = plan_of(layout)
    queries = labels_of(plan, 'query')
    gallery = labels_of(plan, 'gallery')
    assert len({(q.pid, q.camera) for q in queries}) == len(queries)
    assert len(queries) == TEST * CAMERAS
    for query in queries:
        matches = [
            label for label in gallery
            if label.pid == query.pid and label.camera != query.camera
        ]
        assert len(matches) == (CAMERAS - 1) * (IMAGES - 1)


@pytest.mark.parametrize('layout', LAYOUTS)
def test_nobody_is_both_trained_and_tested_on(layout):
    plan = plan_of(layout)
    train = {
        p.shot.person
        for p in plan.pictures if p.label.role in ('train', 'val')
    }
    test = {
        p.shot.person
        for p in plan.pictures if p.label.role in ('query', 'gallery')
    }
    assert (len(train), len(test)) == (TRAIN, TEST)
    assert not train & test
    if not layout.startswith('msmt'):  # there, ids start again
        assert not ({label.pid
                     for label in labels_of(plan, 'train')}
                    & {label.pid
                       for label in labels_of(plan, 'gallery')})


@pytest.mark.parametrize('layout', LAYOUTS)
def test_no_path_and_no_shot_occurs_twice(layout):
    plan = plan_of(layout)
    assert len(set(plan.paths)) == len(plan.paths)
    keys = [p.shot.key for p in plan.pictures]
    assert len(set(keys)) == len(keys)


def test_market_has_distractors_and_junk():
    plan = plan_of('market1501', num_distractors=11, num_junk=6)
    distractors = labels_of(plan, 'distractor')
    junk = labels_of(plan, 'junk')
    assert [label.pid for label in distractors] == [0] * 11
    assert [label.pid for label in junk] == [-1] * 6
    test = {p.shot.person for p in plan.pictures if p.label.role == 'query'}
    for picture in plan.pictures:
        if picture.label.role == 'distractor':
            assert picture.shot.person not in test
            assert picture.shot.box in ('person', 'empty')
        if picture.label.role == 'junk':
            assert picture.shot.person in test
            assert picture.shot.box == 'cut'


def test_duke_distractors_are_people_of_their_own():
    plan = plan_of('dukemtmc', num_distractors=7)
    distractors = labels_of(plan, 'distractor')
    others = {label.pid for label in labels_of(plan, 'train', 'query')}
    assert len(distractors) == 7
    assert len({label.pid for label in distractors}) == 3  # 3 + 3 + 1
    assert not {label.pid for label in distractors} & {0, -1, *others}
    assert all(p.shot.box == 'person' for p in plan.pictures)


@pytest.mark.parametrize('layout', ['msmt17', 'msmt17_v2'])
def test_msmt_holds_out_one_image_of_each_trained_person(layout):
    plan = plan_of(layout)
    assert [label.pid
            for label in labels_of(plan, 'val')] == list(range(TRAIN))
    assert {label.pid
            for label in labels_of(plan, 'train')} == set(range(TRAIN))


def test_counts_are_what_a_reader_counts():
    market = plan_of('market1501', num_distractors=11, num_junk=6).counts()
    gallery = TEST * CAMERAS * (IMAGES - 1)
    assert market == {
        'train': {
            'pids': TRAIN,
            'images': TRAIN * CAMERAS * IMAGES
        },
        'query': {
            'pids': TEST,
            'images': TEST * CAMERAS
        },
        'gallery': {
            'pids': TEST + 1,
            'images': gallery + 11
        },
    }
    duke = plan_of('dukemtmc', num_distractors=7).counts()
    assert duke['gallery'] == {'pids': TEST + 3, 'images': gallery + 7}
    msmt = plan_of('msmt17').counts()
    assert msmt['train'] == {'pids': TRAIN, 'images': TRAIN * CAMERAS * IMAGES}
    assert msmt['gallery'] == {'pids': TEST, 'images': gallery}
