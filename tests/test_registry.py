"""Every root registry of MMEngine has a child of ours that finds our parts."""
import importlib
import subprocess
import sys

import pytest
from mmengine import registry as mmengine_registry
from mmengine.registry import Registry, init_default_scope

import fusionreid_mm.registry as ours

ROOTS = {
    name: root
    for name, root in vars(mmengine_registry).items()
    if isinstance(root, Registry) and root.parent is None
}


@pytest.mark.parametrize('name', ROOTS)
def test_each_root_has_a_child_with_locations(name):
    child = ROOTS[name].children[ours.SCOPE]
    assert child.scope == 'fusionreid_mm'
    assert child._locations
    for location in child._locations:
        importlib.import_module(location)


def test_default_scope_alone_is_enough():
    """In a fresh process, without importing the package by hand."""
    code = ("from mmengine.registry import MODELS, init_default_scope\n"
            "init_default_scope('fusionreid_mm')\n"
            "neck = MODELS.build(dict(type='DualAttentionMutualFusion', "
            "in_channels=dict(cnn=4, transformer=4), embed_dims=12))\n"
            "print(type(neck).__module__)")
    done = subprocess.run([sys.executable, '-c', code],
                          capture_output=True,
                          text=True,
                          check=True)
    assert done.stdout.strip() == (
        'fusionreid_mm.models.necks.dual_attention_mutual_fusion')


def test_upstream_parts_are_found_by_their_scope():
    init_default_scope('fusionreid_mm')
    assert ours.MODELS.get('mmpretrain.ResNet').__name__ == 'ResNet'
    assert ours.TRANSFORMS.get('Resize').__module__.startswith('mmcv')
