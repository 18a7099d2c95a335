"""What is logged can be read where it was sent."""
import json
import time
from pathlib import Path

import pytest
from helpers.tiny_training import build_runner, history, train


def train_and_test(config, backend: str):
    """A training, the folders of what it logged and drew: a Runner closes its
    backends when it has trained, and another one tests."""
    config.visualizer.vis_backends = [dict(type=backend)]
    config.default_hooks.visualization = dict(
        type='RankedListHook', enable=True, num_queries=1)
    trained = train(config)
    config.load_from = f'{config.work_dir}/epoch_2.pth'
    config.work_dir += '_of_test'
    tested = build_runner(config)
    tested.test()
    return trained, *(
        Path(runner.log_dir) / 'vis_data' for runner in (trained, tested))


def test_tensorboard(config):
    from tensorboard.backend.event_processing.event_accumulator import \
        EventAccumulator
    runner, *folders = train_and_test(config, 'TensorboardVisBackend')
    of_training, of_test = (
        EventAccumulator(str(folder)).Reload() for folder in folders)
    for tag, name in (('lr', 'train/lr'), ('reid/mAP', 'val/reid/mAP')):
        assert [item.value for item in of_training.Scalars(tag)
                ] == pytest.approx(history(runner, name))
    assert len(of_training.Scalars('transformer_htm.loss_triplet')) == 4
    pictures = of_test.Tags()['images']
    assert any(name.startswith('ranked_list_00000') for name in pictures)
    assert of_test.Images('cmc')[0].width == 720


def test_wandb_offline(config, monkeypatch):
    monkeypatch.setenv('WANDB_MODE', 'offline')
    monkeypatch.setenv('WANDB_SILENT', 'true')
    runner, *folders = train_and_test(config, 'WandbVisBackend')
    measured = history(runner, 'val/reid/mAP')[-1]
    expected = ([
        'transformer_htm.loss_triplet', 'reid/mAP', f'{measured:.9g}'[:-1]
    ], ['ranked_list_00000', 'cmc'])
    for folder, texts in zip(folders, expected):
        assert texts_of_wandb(folder, texts) == texts


def texts_of_wandb(folder: Path, texts: list, patience: float = 60) -> list:
    """Those that are in its file, which a process of its own writes."""
    path = next(folder.glob('wandb/offline*/*.wandb'))
    end = time.monotonic() + patience
    found: list = []
    while found != texts and time.monotonic() < end:
        content = path.read_bytes()
        found = [text for text in texts if text.encode() in content]
        time.sleep(0.1)
    return found


def test_profiler(config, tmp_path, capsys):
    trace = tmp_path / 'trace.json'
    config.custom_hooks.append(
        dict(
            type='ProfilerHook',
            by_epoch=False,
            profile_times=2,
            on_trace_ready=dict(
                type='log_trace', sort_by='self_cpu_time_total'),
            json_trace_path=str(trace)))
    train(config)
    assert 'aten::convolution' in capsys.readouterr().out
    names = {
        event.get('name')
        for event in json.loads(trace.read_text())['traceEvents']
    }
    assert 'aten::scaled_dot_product_attention' in names
