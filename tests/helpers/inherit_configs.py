"""A script of another project: configs and models, inherited by their name."""
import sys

if 'without_pkg_resources' in sys.argv:
    # As setuptools 82 and later leave it.
    sys.modules['pkg_resources'] = None  # type: ignore[assignment]

from mmengine import hub  # noqa: E402
from mmengine.config import Config  # noqa: E402

from fusionreid_mm.apis import get_model, list_models  # noqa: E402

HEADLINE = 'fusionreid_mm::fusionreid_market.py'
TINY = 'fusionreid_tiny_synthetic'


def without_scope(value):
    """MMEngine notes in each part of an inherited config whose it is."""
    if isinstance(value, (list, tuple)):
        return [without_scope(item) for item in value]
    if isinstance(value, dict):
        return {
            key: without_scope(item)
            for key, item in value.items() if key != '_scope_'
        }
    return value


def inherit_a_config() -> None:
    with open('mine.py', 'w') as file:
        file.write(f'_base_ = {HEADLINE!r}\n'
                   'train_cfg = dict(max_epochs=7)\n')
    mine, headline = Config.fromfile('mine.py'), hub.get_config(HEADLINE)
    assert mine.model._scope_ == 'fusionreid_mm'
    assert mine.train_cfg.max_epochs == 7
    mine.train_cfg.max_epochs = headline.train_cfg.max_epochs
    assert without_scope(mine.to_dict()) == without_scope(headline.to_dict())


def inherit_parts() -> None:
    parts = [
        f'fusionreid_mm::_base_/{name}.py'
        for name in ('models/fusionreid_tiny', 'schedules/adamw_10e')
    ]
    with open('parts.py', 'w') as file:
        file.write(f'_base_ = {parts}\n')
    cfg = Config.fromfile('parts.py')
    assert cfg.model.type == 'FusionReID'
    assert cfg.optim_wrapper.optimizer.type == 'AdamW'


def build_models() -> None:
    assert TINY in list_models()
    models = hub.get_model(f'fusionreid_mm::{TINY}.py'), get_model(TINY)
    names, same = ([name for name, _ in model.named_parameters()]
                   for model in models)
    assert names == same


if __name__ == '__main__':
    inherit_a_config()
    inherit_parts()
    build_models()
