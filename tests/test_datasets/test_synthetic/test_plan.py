from collections import Counter

import pytest

from fusionreid_mm.datasets.synthetic import (LAYOUTS, DatasetSettings,
                                              Difficulty)
from fusionreid_mm.datasets.synthetic.photograph import Photographer
from fusionreid_mm.datasets.synthetic.plan import plan_dataset

TRAIN, TEST, CAMERAS, IMAGES = 7, 5, 4, 3


def plan_of(layout, num_cameras=CAMERAS, **kwargs):
    return plan_dataset(
        DatasetSettings(
            layout,
            num_train_pids=TRAIN,
            num_test_pids=TEST,
            num_cameras=num_cameras,
            images_per_camera=IMAGES,
            **kwargs))


@pytest.fixture(params=LAYOUTS)
def layout(request):
    return request.param


@pytest.fixture
def cameras(layout):
    return min(CAMERAS, LAYOUTS[layout].max_cameras)


@pytest.fixture
def plan(layout, cameras):
    return plan_of(layout, cameras)


def labels_of(plan, *roles):
    return [p.label for p in plan.pictures if p.label.role in roles]


def test_everyone_is_seen_by_every_camera(layout, cameras, plan):
    train = Counter((label.pid, label.camera, label.variant)
                    for label in labels_of(plan, 'train', 'val'))
    assert len(train) == TRAIN * cameras * len(LAYOUTS[layout].variants)
    assert set(train.values()) == {IMAGES}


def test_each_query_has_a_match_under_another_camera(layout, cameras, plan):
    queries = labels_of(plan, 'query')
    gallery = labels_of(plan, 'gallery')
    assert len({(q.pid, q.camera, q.variant) for q in queries}) == len(queries)
    assert len(queries) == TEST * cameras * len(LAYOUTS[layout].variants)
    for query in queries:
        matches = [
            label for label in gallery if (label.pid, label.variant) == (
                query.pid, query.variant) and label.camera != query.camera
        ]
        assert len(matches) == (cameras - 1) * (IMAGES - 1)


def test_nobody_is_both_trained_and_tested_on(layout, plan):
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


def test_no_path_and_no_shot_occurs_twice(plan):
    assert len(set(plan.paths)) == len(plan.paths)
    shots = [p.shot for p in plan.pictures]
    assert len(set(shots)) == len(shots)


def test_both_boxes_of_cuhk03_are_around_the_same_people():
    plan = plan_of('cuhk03_np', 2)
    labeled, detected = ({(p.label._replace(variant=''), p.shot.key)
                          for p in plan.pictures if p.label.variant == variant}
                         for variant in ('labeled', 'detected'))
    assert labeled == detected
    assert {p.shot.box for p in plan.pictures} == {'tight', 'loose'}
    assert plan.counts()['query'] == {'pids': TEST, 'images': TEST * 2}


def test_the_queries_of_occluded_duke_are_occluded():
    for picture in plan_of('occluded_duke').pictures:
        assert picture.shot.occluded == (picture.label.role == 'query')


def test_vehicleid_counts_one_gallery_image_of_each():
    images = TEST * CAMERAS * IMAGES
    assert plan_of('vehicleid').counts() == {
        'train': {
            'pids': TRAIN,
            'images': TRAIN * CAMERAS * IMAGES
        },
        'query': {
            'pids': TEST,
            'images': images - TEST
        },
        'gallery': {
            'pids': TEST,
            'images': TEST
        },
    }


def test_views_are_those_that_are_drawn():
    """Yaw 0 faces the camera; rounding takes the nearest of eight sides."""
    settings = DatasetSettings(
        'veri776',
        num_train_pids=TRAIN,
        num_test_pids=TEST,
        num_cameras=CAMERAS,
        images_per_camera=IMAGES)
    plan = plan_dataset(settings)
    photographer = Photographer(settings.seed,
                                Difficulty.from_level(settings.difficulty))
    lines = ''.join(plan.lists[f'keypoint_{part}.txt']
                    for part in ('train', 'test')).splitlines()
    views = {line.split()[0]: int(line.split()[-1]) for line in lines}
    assert len(set(views.values())) > 3
    for picture in plan.pictures:
        away = photographer.yaw(picture.shot) - 45 * views[picture.path]
        assert abs((away + 180) % 360 - 180) <= 22.5


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
