import pytest
import torch
from mmengine.registry import init_default_scope

from fusionreid_mm.models import DualAttentionMutualFusion

CHANNELS = dict(cnn=6, transformer=4)


@pytest.fixture(autouse=True)
def scope():
    init_default_scope('fusionreid_mm')
    torch.manual_seed(0)


def build(**kwargs) -> DualAttentionMutualFusion:
    return DualAttentionMutualFusion(
        CHANNELS, **{
            'embed_dims': 12,
            'num_heads': 3,
            **kwargs
        })


def maps(batch_size: int = 2):
    return dict(
        cnn=torch.randn(batch_size, 6, 4, 2),
        transformer=torch.randn(batch_size, 4, 5, 3))


@pytest.mark.parametrize('batch_size', [1, 3])
@pytest.mark.parametrize('kwargs', [
    dict(),
    dict(num_layers=1, lru_kernel_size=3),
    dict(num_layers=3, share_seu=False),
    dict(share_mfu=True),
    dict(units=('seu', )),
    dict(units=('mfu', )),
    dict(units=('mfu', 'seu')),
    dict(lru='pointwise'),
])
def test_four_embeddings(kwargs, batch_size):
    neck = build(**kwargs)
    embeddings = neck(**maps(batch_size))
    assert neck.out_channels == dict.fromkeys(
        ['cnn_lru', 'transformer_lru', 'cnn_htm', 'transformer_htm'], 12)
    assert list(embeddings) == list(neck.out_channels)
    for embedding in embeddings.values():
        assert embedding.shape == (batch_size, 12)


def test_defaults_are_the_papers():
    neck = DualAttentionMutualFusion(dict(cnn=2048, transformer=768))
    assert len(neck.htms) == 2
    assert [len(unit) for unit in neck.htms[0].units] == [1, 2]
    assert neck.htms[0].units[1][0].attn.num_heads == 12
    # One LRU each of 1.583 M and 0.595 M parameters, and 21.26 M for an HTM
    # (three units of 7.087 M).
    sizes = {
        name: sum(p.numel() for p in module.parameters()) / 1e6
        for name, module in (('cnn', neck.lru['cnn']),
                             ('transformer',
                              neck.lru['transformer']), ('htm', neck.htms[0]))
    }
    assert sizes == pytest.approx(
        dict(cnn=1.583, transformer=0.595, htm=3 * 7.087), abs=2e-3)


def test_each_htm_reads_the_patches_of_the_lrus():
    """With units that only shift patches, nothing accumulates."""
    neck = build(num_layers=2, units=('seu', ))
    seen = []
    for htm in neck.htms:
        htm.register_forward_pre_hook(
            lambda module, tokens: seen.append(tokens[0].patch))
    neck(**maps())
    assert seen[0] is seen[1]


def test_order_of_places_does_not_matter():
    """Kernel 1, global pooling and no position code: as released."""
    neck = build().eval()
    inputs = maps()
    turned = {name: value.flip(2, 3) for name, value in inputs.items()}
    torch.testing.assert_close(neck(**inputs), neck(**turned))


@pytest.mark.parametrize('kwargs, message', [
    (dict(num_layers=0), 'num_layers must be at least 1'),
    (dict(num_heads=5), r'embed_dims \(12\).*\(5\)'),
    (dict(num_heads=5, units=('seu', )), r'embed_dims \(12\).*\(5\)'),
    (dict(units='seu'), "units must list.*'seu'"),
    (dict(lru_kernel_size=2), 'lru_kernel_size'),
    (dict(lru='pointwise', lru_kernel_size=3), 'kernel of 3'),
])
def test_bad_arguments(kwargs, message):
    with pytest.raises(ValueError, match=message):
        build(**kwargs)


def test_needs_both_branches():
    with pytest.raises(ValueError, match="the model has \\['cnn'\\]"):
        DualAttentionMutualFusion(dict(cnn=4))
