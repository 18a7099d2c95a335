import pytest

from fusionreid_mm.datasets.synthetic import (LAYOUTS, DatasetSettings,
                                              SettingError)


def test_open_numbers_follow_the_size_of_the_gallery():
    settings = DatasetSettings(
        num_test_pids=50, num_cameras=4, images_per_camera=3)
    assert settings.num_distractors == 40  # a tenth of 50 * 4 * 2
    assert settings.num_junk == 20
    assert DatasetSettings(num_junk=0).num_junk == 0


def test_what_a_layout_does_not_have_is_zero():
    duke, msmt = DatasetSettings('dukemtmc'), DatasetSettings('msmt17')
    assert duke.num_distractors > 0
    assert (duke.num_junk, msmt.num_distractors, msmt.num_junk) == (0, 0, 0)


def test_there_are_as_many_cameras_as_a_layout_can_name():
    assert DatasetSettings().num_cameras == 6
    assert DatasetSettings('cuhk03_np').num_cameras == 2
    assert DatasetSettings('veri776', num_cameras=20).num_cameras == 20


def test_settings_survive_being_written_down():
    settings = DatasetSettings('dukemtmc', seed=3, num_distractors=7)
    assert DatasetSettings(**settings.as_dict()) == settings


@pytest.mark.parametrize('setting, message', [
    (dict(layout='cuhk'), f'layout must be one of {", ".join(LAYOUTS)}, '
     "got 'cuhk'"),
    (dict(seed=-1), 'seed must be a whole number from 0 to 4294967295, '
     'got -1'),
    (dict(difficulty=1.5),
     'difficulty must be a number from 0.0 to 1.0, got 1.5'),
    (dict(num_train_pids=0),
     'num_train_pids must be a whole number from 1 to 2000, got 0'),
    (dict(num_test_pids=2001),
     'num_test_pids must be a whole number from 1 to 2000, got 2001'),
    (dict(num_cameras=10), 'num_cameras must be a whole number from 2 to 9 '
     'in the layout market1501, got 10'),
    (dict(layout='msmt17', num_cameras=16),
     'num_cameras must be a whole number from 2 to 15 in the layout msmt17, '
     'got 16'),
    (dict(layout='cuhk03_np', num_cameras=6),
     'num_cameras must be a whole number from 2 to 2 in the layout cuhk03_np, '
     'got 6'),
    (dict(images_per_camera=1),
     'images_per_camera must be a whole number from 2 to 50, got 1'),
    (dict(images_per_camera=2.0),
     'images_per_camera must be a whole number from 2 to 50, got 2.0'),
    (dict(num_distractors=-1),
     'num_distractors must be a whole number from 0 to 5000, got -1'),
    (dict(num_junk=5001),
     'num_junk must be a whole number from 0 to 5000, got 5001'),
    (dict(layout='msmt17', num_distractors=1), 'num_distractors must be 0, '
     'because the layout msmt17 has no distractors, got 1'),
    (dict(layout='dukemtmc', num_junk=1), 'num_junk must be 0, because the '
     'layout dukemtmc has no junk, got 1'),
])
def test_a_bad_value_is_told_with_its_range(setting, message):
    with pytest.raises(SettingError) as error:
        DatasetSettings(**setting)
    assert str(error.value) == message


def test_a_message_can_use_the_name_that_the_user_knows():
    error = SettingError('num_junk', 'less', 3)
    assert error.describe('--junk') == '--junk must be less, got 3'
    assert isinstance(error, ValueError)
