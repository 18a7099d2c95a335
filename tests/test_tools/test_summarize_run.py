import json

from helpers.tools import run_process


def test_before_and_after(tmp_path):
    first = tmp_path / '20260101_000000' / 'vis_data'
    first.mkdir(parents=True)
    rows = [{
        'reid/mAP': 4.25,
        'reid/Rank-1': 6.0,
        'step': 0
    }, {
        'lr': 0.1,
        'step': 1
    }, {
        'reid/mAP': 50.0,
        'reid/Rank-1': 60.0,
        'step': 1
    }]
    (first / 'scalars.json').write_text('\n'.join(map(json.dumps, rows)))
    metrics = {**rows[2], 'reid/cnn/mAP': 40.0}
    (tmp_path / 'metrics.json').write_text(json.dumps(metrics))
    (tmp_path / 'report.html').touch()
    (tmp_path / 'last_checkpoint').write_text('/elsewhere/epoch_1.pth')
    (tmp_path / 'epoch_1.pth').touch()

    output = run_process('misc/summarize_run.py', tmp_path)
    lines = output.splitlines()
    assert lines[1].split() == ['mAP', 'Rank-1']
    assert lines[2].split() == ['before', 'training', '4.2%', '6.0%']
    assert lines[3].split() == ['after', 'training', '50.0%', '60.0%']
    assert str(tmp_path / 'metrics.json') in output
    assert str(tmp_path / 'epoch_1.pth') in output
    assert str(tmp_path / 'report.html') in output
