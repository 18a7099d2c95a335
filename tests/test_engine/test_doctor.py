"""What the doctor finds, and what it says about it."""
import re
import shutil

import pytest
import torch
from helpers.drawn_data import write_image
from helpers.small_model import IMG_SIZE, small_model, small_model_cfg
from helpers.small_run import small_run_cfg, write_small_data
from mmengine.config import Config

from fusionreid_mm.engine.doctor import (examine, examine_quickly,
                                         refuse_problems)
from fusionreid_mm.engine.doctor.environment import check_environment
from fusionreid_mm.engine.doctor.resources import (_bytes_of_images,
                                                   bytes_of_training,
                                                   check_disk, check_gpu,
                                                   check_workers,
                                                   kept_checkpoints)


@pytest.fixture
def data_root(tmp_path):
    root = write_small_data(tmp_path / 'data')
    # Of which the query and the first image of the gallery are drawn alike.
    for pid in (20, 21, 22):
        write_image(root / 'query' / f'{pid:04d}_c1s1_000000_00.jpg', seed=pid)
    return root


@pytest.fixture
def config(data_root, tmp_path):
    """A config whose training validates, too."""

    def write(**options):
        cfg = small_run_cfg(data_root, tmp_path / 'run', **options)
        for part in ('dataloader', 'evaluator', 'cfg'):
            cfg[f'val_{part}'] = cfg[f'test_{part}']
        return cfg

    return write


def bad(findings, severity='problem'):
    return {
        finding.subject: finding
        for finding in findings if finding.severity == severity
    }


def test_all_is_well(config, tmp_path):
    cfg = config()
    before = cfg.pretty_text
    findings = list(examine(cfg, num_images=None))
    assert not bad(findings)
    texts = [finding.text for finding in findings]
    assert 'Market1501, train: 24 images of 6 people by 2 cameras' in texts
    assert 'Market1501, test: 9 images decoded' in texts
    assert any('train: 24 images of 6 people instead of 12936' in text
               for text in texts)
    # Nothing is changed, or left behind.
    assert cfg.pretty_text == before
    assert not (tmp_path / 'run').exists()


@pytest.mark.parametrize('options, subject, message', [
    (dict(model__head__num_classes=9), 'num_classes', 'num_classes=9.*6'),
    (dict(train_dataloader__batch_size=5), 'batches', 'batch_size=5'),
    (dict(train_dataloader__sampler__num_identities=7), 'train_dataloader',
     'only 6'),
    (dict(model__branches__transformer__backbone__num_cameras=1), 'cameras',
     'num_cameras=1'),
    (dict(model__neck__num_heds=1), 'config', 'num_heds'),
    (dict(optim_wrapper__optimizer__lrr=1), 'config', 'lrr'),
    (dict(default_hooks__checkpoint__save_best='reid/map'), 'save_best',
     'reid/map'),
    (dict(test_dataloader__dataset__split='query'), 'roles', 'no gallery'),
    (dict(load_from='absent.pth'), 'weights', 'absent.pth'),
    (dict(
        model__branches__cnn__backbone__init_cfg=dict(
            type='Pretrained', checkpoint='absent.pth')), 'weights',
     'model.branches.cnn.backbone.init_cfg: there is no file absent.pth'),
])
def test_problems(config, options, subject, message):
    findings = list(examine(config(**options), num_images=2))
    found = [
        finding for finding in findings
        if (finding.severity, finding.subject) == ('problem', subject)
    ]
    assert found
    assert re.search(message, found[0].text)
    assert found[0].advice
    # The others are looked at all the same.
    assert 'images' in {finding.subject for finding in findings}


def test_images(config, data_root):
    shutil.copy(data_root / 'query/0021_c1s1_000000_00.jpg',
                data_root / 'bounding_box_train/0003_c1s1_000000_00.jpg')
    shutil.copy(data_root / 'query/0022_c1s1_000000_00.jpg',
                data_root / 'bounding_box_test/0022_c2s1_000001_00.jpg')
    path = data_root / 'bounding_box_train/0004_c2s1_000001_00.jpg'
    path.write_bytes(path.read_bytes()[:300])
    findings = list(examine(config(), num_images=None))
    problems = bad(findings)
    assert set(problems) == {'images', 'duplicates'}
    assert '24 images decoded, 1 of them in vain' in problems['images'].text
    assert '0004_c2s1_000001_00.jpg: ' in problems['images'].text
    text = problems['duplicates'].text
    assert text.startswith('1 images are there twice, in training and in')
    assert '/0003_c1s1_000000_00.jpg = ' in text
    text = bad(findings, 'warning')['duplicates'].text
    assert text.startswith('1 images are there twice, among query and')
    # A sample may miss it, and skipping makes it a warning.
    cfg = config(train_dataloader__dataset__on_bad_image='skip')
    assert 'images' in bad(examine(cfg, num_images=None), 'warning')
    assert 'images' not in bad(examine(config(), num_images=1))


def test_a_checkpoint_to_start_from(config, tmp_path):
    path = tmp_path / 'a.pth'
    model = small_model(head__num_classes=6)
    torch.save(dict(state_dict=model.state_dict()), path)
    findings = list(examine(config(load_from=str(path)), num_images=0))
    assert f'load_from: {path} fits the model' in [f.text for f in findings]
    other = small_model(head__num_classes=3)
    torch.save(dict(state_dict=other.state_dict()), path)
    cfg = config(load_from=str(path))
    assert 'of another dataset' in bad(examine(cfg, 0),
                                       'warning')['weights'].text
    cfg.resume = True
    assert 'does not fit' in bad(examine(cfg, 0))['weights'].text


class TestEnvironment:

    def install(self, folder, name, version):
        """The metadata of a distribution."""
        info = folder / f'{name.replace("-", "_")}-{version}.dist-info'
        info.mkdir()
        (info / 'METADATA').write_text(
            f'Metadata-Version: 2.1\nName: {name}\nVersion: {version}\n')

    def test_two_families(self, tmp_path, monkeypatch):
        assert not bad(check_environment())
        monkeypatch.syspath_prepend(tmp_path)
        for name in ('mmengine', 'onedl-mmengine'):
            self.install(tmp_path, name, '0.10.12')
        finding = bad(check_environment())['environment']
        assert 'mmengine and onedl-mmengine are installed over' in finding.text
        assert finding.advice.startswith('pip uninstall -y mmengine onedl')

    def test_torchvision_of_another_torch(self, tmp_path, monkeypatch):
        self.install(tmp_path, 'torchvision', '0.1')
        with open(tmp_path / 'torchvision-0.1.dist-info/METADATA',
                  'a') as file:
            file.write('Requires-Dist: torch==1.0\n')
        monkeypatch.syspath_prepend(tmp_path)
        assert 'torchvision 0.1 needs torch==1.0' in \
            bad(check_environment())['environment'].text

    def test_another_python(self, tmp_path, monkeypatch):
        self.install(tmp_path, 'fusionreid_mm', '0.1')
        with open(tmp_path / 'fusionreid_mm-0.1.dist-info/METADATA',
                  'a') as file:
            file.write('Requires-Python: >=2.7,<3\n'
                       'Requires-Dist: mmengine<0.2\n')
        monkeypatch.syspath_prepend(tmp_path)
        texts = [
            finding.text for finding in check_environment()
            if finding.severity == 'warning'
        ]
        assert texts[0].startswith('fusionreid_mm was tried with Python <3')
        assert 'is outside the versions' in texts[1]

    def test_mim_without_pkg_resources(self, tmp_path, monkeypatch):
        self.install(tmp_path, 'openmim', '0.3.9')
        monkeypatch.syspath_prepend(tmp_path)
        monkeypatch.setattr(
            'fusionreid_mm.engine.doctor.environment.find_spec',
            lambda name: None)
        finding = bad(check_environment(), 'warning')['environment']
        assert finding.advice == 'pip install "setuptools<82"'


class TestResources:

    @pytest.fixture
    def cfg(self, config):
        return config(
            train_dataloader__num_workers=3,
            train_dataloader__prefetch_factor=5,
            test_dataloader__num_workers=2)

    def test_workers(self, cfg, monkeypatch):
        module = 'fusionreid_mm.engine.doctor.resources'
        in_flight = 3 * (3 * 5 * 6 + 2 * 2 * 4) * 64 * 32
        for cpus, free, limit, expected in (
            (3, in_flight + 1, 160, {}),
            (2, in_flight + 1, 160, {'workers'}),
            (3, in_flight, 160, {'shared memory'}),
            (3, in_flight + 1, 159, {'open files'}),
        ):
            monkeypatch.setattr('os.sched_getaffinity', lambda _: range(cpus))
            monkeypatch.setattr(
                f'{module}.shutil.disk_usage',
                lambda _: shutil._ntuple_diskusage(free, 0, free))
            # MMEngine raises the one up to the other.
            monkeypatch.setattr('resource.getrlimit', lambda _: (10, limit))
            findings = list(check_workers(cfg))
            found = {f.subject for f in findings if f.severity != 'ok'}
            assert found == set(expected)
            assert all(f.advice for f in findings if f.severity != 'ok')

    def test_processes_share_the_machine(self, cfg, monkeypatch):
        monkeypatch.setenv('LOCAL_WORLD_SIZE', '8')
        text = next(check_workers(cfg)).text
        assert text.startswith('24 workers at a time')

    def test_disk(self, tmp_path):
        finding, = check_disk(str(tmp_path / 'not/yet/there'), 1, 3)
        assert finding.severity == 'ok'
        finding, = check_disk(str(tmp_path), 1 << 60, 3)
        assert finding.severity == 'problem'
        assert '--work-dir' in finding.advice

    @pytest.mark.parametrize('hook, kept', [
        (dict(max_keep_ckpts=3, save_best='reid/mAP'), 5),
        (dict(max_keep_ckpts=3), 4),
        (dict(interval=10), 13),
        (None, 121),
    ])
    def test_checkpoints(self, hook, kept):
        cfg = Config(
            dict(
                train_cfg=dict(max_epochs=120),
                default_hooks=dict(checkpoint=hook)))
        assert kept_checkpoints(cfg) == kept

    def test_memory_of_a_layer(self):
        """The backward pass needs input and output, each once."""

        class Layer(torch.nn.Linear):

            def extract_embeddings(self, inputs):
                hidden = self(inputs.flatten(1)).sigmoid()
                return hidden * hidden

        numbers = 5 * (3 * 4 * 2 + 7)
        assert _bytes_of_images(Layer(24, 7), [4, 2], 5) == 4 * numbers

    def test_memory_grows_with_the_batch(self):
        model = small_model()
        two, six = (
            _bytes_of_images(model, list(IMG_SIZE), number)
            for number in (2, 6))
        assert six == pytest.approx(3 * two, rel=0.05)

    @pytest.mark.parametrize('memory, severity', [(1e9, 'ok'),
                                                  (1e6, 'problem')])
    def test_gpu(self, config, monkeypatch, memory, severity):
        monkeypatch.setattr('torch.cuda.is_available', lambda: True)
        monkeypatch.setattr('torch.cuda.device_count', lambda: 2)
        gpus = [
            Config(dict(name='GPU', total_memory=size))
            for size in (memory, 1e12)
        ]
        monkeypatch.setattr('torch.cuda.get_device_properties',
                            gpus.__getitem__)
        finding, = check_gpu(small_model(), config())
        assert finding.severity == severity
        assert finding.text.startswith('2 x GPU, 1')

    def test_optimizer(self, config):
        model = small_model()
        number = sum(p.numel() for p in model.parameters())
        cfg = config()
        assert bytes_of_training(model, cfg) == 4 * 2 * number
        cfg.optim_wrapper.optimizer.type = 'AdamW'
        assert bytes_of_training(model, cfg) == 4 * 3 * number


def test_before_a_run(config, monkeypatch, capsys):
    cfg = config(train_dataloader__num_workers=1)
    assert not bad(examine_quickly(cfg))
    refuse_problems(cfg)
    monkeypatch.setattr('os.sched_getaffinity', lambda _: range(0))
    refuse_problems(cfg)
    assert 'workers: 1 workers at a time, and 0 CPUs' in capsys.readouterr(
    ).out
    monkeypatch.setenv('RANK', '1')
    refuse_problems(cfg)
    assert not capsys.readouterr().out
    cfg.model = small_model_cfg(
        branches__cnn__init_cfg=dict(
            type='Pretrained', checkpoint='absent.pth'))
    with pytest.raises(RuntimeError, match='doctor.py.*\n.*absent.pth'):
        refuse_problems(cfg)
