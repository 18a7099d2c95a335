"""The plain fusions that the paper's neck is compared with."""
import pytest
import torch
import torch.nn.functional as F
from helpers.small_model import IMG_SIZE, small_model
from mmengine.registry import init_default_scope
from torch import nn

from fusionreid_mm.models import (BaseFusionNeck, ConcatFusion,
                                  JointTransformerFusion, LocalRefinement,
                                  MLPFusion, SumFusion)
from fusionreid_mm.registry import MODELS
from fusionreid_mm.structures import ReIDDataSample

CHANNELS = dict(cnn=6, transformer=4)
LRU = ['cnn_lru', 'transformer_lru']
EMBEDDINGS = {
    LocalRefinement: dict(),
    ConcatFusion: dict(fused=24),
    SumFusion: dict(fused=12),
    MLPFusion: dict(fused=12),
    JointTransformerFusion: dict(cnn_joint=12, transformer_joint=12),
}


@pytest.fixture(autouse=True)
def scope():
    init_default_scope('fusionreid_mm')
    torch.manual_seed(0)


def build(neck_type: type, **kwargs) -> BaseFusionNeck:
    heads = {'num_heads': 3} if neck_type is JointTransformerFusion else {}
    return neck_type(CHANNELS, **{'embed_dims': 12, **heads, **kwargs})


def maps(batch_size: int = 2):
    return dict(
        cnn=torch.randn(batch_size, 6, 4, 2),
        transformer=torch.randn(batch_size, 4, 5, 3))


@pytest.mark.parametrize('batch_size', [1, 3])
@pytest.mark.parametrize('neck_type', EMBEDDINGS)
def test_embeddings(neck_type, batch_size):
    neck = build(neck_type)
    embeddings = neck(**maps(batch_size))
    assert neck.out_channels == {
        **dict.fromkeys(LRU, 12),
        **EMBEDDINGS[neck_type]
    }
    assert list(embeddings) == list(neck.out_channels)
    for name, embedding in embeddings.items():
        assert embedding.shape == (batch_size, neck.out_channels[name])


@pytest.mark.parametrize('cfg', [
    dict(type='LocalRefinement'),
    dict(type='ConcatFusion'),
    dict(type='SumFusion'),
    dict(type='MLPFusion'),
    dict(type='JointTransformerFusion', num_heads=3),
    dict(num_heads=3, lru='pointwise'),
    dict(num_heads=3, units=('seu', )),
    dict(num_heads=3, units=('mfu', )),
    dict(num_heads=3, units=('mfu', 'seu')),
    dict(num_heads=3, share_seu=False),
    dict(num_heads=3, share_mfu=True),
])
def test_a_training_step_reaches_everything(cfg):
    """So that DDP needs no search for unused parameters."""
    cfg = {'type': 'DualAttentionMutualFusion', 'embed_dims': 12, **cfg}
    model = small_model(neck=cfg).train()
    samples = [
        ReIDDataSample(metainfo=dict(camid=0, label=label))
        for label in (0, 0, 1, 1)
    ]
    losses = model(torch.randn(4, 3, *IMG_SIZE), samples, mode='loss')
    names = ['cnn', 'transformer', *model.neck.out_channels]
    assert set(losses) == {
        f'{name}.loss_{kind}'
        for name in names
        for kind in ('id', 'triplet')
    }
    sum(losses.values()).backward()
    assert [
        name for name, parameter in model.named_parameters()
        if parameter.requires_grad and parameter.grad is None
    ] == []
    assert model.head.test_embeddings == names


@pytest.mark.parametrize('neck_type', EMBEDDINGS)
def test_both_maps_count(neck_type):
    neck = build(neck_type).eval()
    inputs = maps()
    before = neck(**inputs)
    for name in inputs:
        moved = neck(**{**inputs, name: torch.randn_like(inputs[name])})
        for fused in EMBEDDINGS[neck_type]:
            assert not torch.allclose(before[fused], moved[fused]), name


def test_concatenation_and_sum():
    inputs = maps()
    embeddings = build(ConcatFusion)(**inputs)
    cnn, transformer = (embeddings[name] for name in LRU)
    assert torch.equal(embeddings['fused'][:, :12], cnn)
    assert torch.equal(embeddings['fused'][:, 12:], transformer)

    embeddings = build(SumFusion)(**inputs)
    cnn, transformer = (embeddings[name] for name in LRU)
    assert torch.equal(embeddings['fused'], cnn + transformer)


def test_mlp_by_hand():
    """(1, 3) is (-1, 1) after LayerNorm, and gelu(-1) + gelu(1) is
    erf(1 / sqrt(2)) = 0.682689."""
    neck = MLPFusion(dict(cnn=1, transformer=1), 1, hidden_channels=2).eval()
    with torch.no_grad():
        neck.mlp[1].weight.copy_(torch.eye(2))
        neck.mlp[1].bias.zero_()
        neck.mlp[3].weight.fill_(1)
        neck.mlp[3].bias.fill_(5)
        for name, value in (('cnn', 1.), ('transformer', 3.)):
            _make_identity(neck.lru[name])
            neck.lru[name].pointwise[0].bias.fill_(value)
        zeros = torch.zeros(1, 1, 2, 2)
        fused = neck(cnn=zeros, transformer=zeros)['fused']
    assert fused.item() == pytest.approx(5.682689, abs=1e-4)


def _make_identity(unit: nn.Module) -> None:
    for module in unit.modules():
        if isinstance(module, nn.Conv2d):
            nn.init.ones_(module.weight)
            nn.init.zeros_(module.bias)


def test_sizes():
    """The MLP is as large as one SEU or MFU, the joint Transformer as K."""
    full = dict(cnn=2048, transformer=768)

    def size(neck: BaseFusionNeck) -> float:
        return sum(p.numel() for p in neck.parameters()) / 1e6

    lrus = size(ConcatFusion(full))
    assert lrus == size(SumFusion(full)) == pytest.approx(2.178, abs=1e-3)
    assert size(MLPFusion(full)) - lrus == pytest.approx(7.08, abs=0.01)
    assert size(JointTransformerFusion(full)) - lrus == pytest.approx(
        2 * 7.087, abs=0.01)


class TestJointTransformer:

    def test_equals_pytorchs_transformer(self):
        neck = build(JointTransformerFusion, num_layers=1).eval()
        layer = neck.layers[0]
        theirs = nn.TransformerEncoderLayer(
            12, 3, 48, activation=F.gelu, batch_first=True,
            norm_first=True).eval()
        theirs.load_state_dict({
            'self_attn.in_proj_weight': layer.attn.qkv.weight,
            'self_attn.in_proj_bias': torch.zeros(36),
            'self_attn.out_proj.weight': layer.attn.proj.weight,
            'self_attn.out_proj.bias': layer.attn.proj.bias,
            'linear1.weight': layer.ffn.layers[0][0].weight,
            'linear1.bias': layer.ffn.layers[0][0].bias,
            'linear2.weight': layer.ffn.layers[1].weight,
            'linear2.bias': layer.ffn.layers[1].bias,
            'norm1.weight': layer.ln1.weight,
            'norm1.bias': layer.ln1.bias,
            'norm2.weight': layer.ln2.weight,
            'norm2.bias': layer.ln2.bias,
        })
        inputs = maps()
        cnn = neck._tokenize('cnn', inputs['cnn'])
        transformer = neck._tokenize('transformer', inputs['transformer'])
        # 1 + 8 tokens of the CNN, 1 + 15 of the Transformer
        tokens = theirs(torch.cat((*cnn, *transformer), dim=1))
        embeddings = neck(**inputs)
        for name, place in (('cnn_joint', 0), ('transformer_joint', 9)):
            torch.testing.assert_close(embeddings[name],
                                       neck.norm(tokens[:, place]))

    def test_default_initialisation_is_kept(self):
        neck = build(JointTransformerFusion)
        before = {k: v.clone() for k, v in neck.state_dict().items()}
        neck.init_weights()
        for key, value in neck.state_dict().items():
            assert torch.equal(before[key], value), key

    @pytest.mark.parametrize('kwargs, message', [
        (dict(num_layers=0), 'num_layers must be at least 1'),
        (dict(num_heads=5), r'embed_dims \(12\).*\(5\)'),
    ])
    def test_bad_arguments(self, kwargs, message):
        with pytest.raises(ValueError, match=message):
            build(JointTransformerFusion, **kwargs)


@pytest.mark.parametrize('neck_type', EMBEDDINGS)
def test_needs_both_branches(neck_type):
    with pytest.raises(
            ValueError, match=rf"{neck_type.__name__}.*the model has \['cnn'"):
        neck_type(dict(cnn=4))


def test_a_fusion_of_ones_own():
    """A neck is one method and the widths of what it returns."""

    @MODELS.register_module(force=True)
    class ProductFusion(BaseFusionNeck):

        def __init__(self, in_channels, embed_dims):
            super().__init__(in_channels, embed_dims)
            self.out_channels['product'] = embed_dims

        def fuse(self, cnn, transformer):
            return dict(product=(cnn.cls * transformer.cls).flatten(1))

    model = small_model(neck=dict(type='ProductFusion', embed_dims=8)).eval()
    embeddings = model.extract_embeddings(torch.randn(1, 3, *IMG_SIZE))
    assert list(model.head.bnnecks) == list(embeddings)
    torch.testing.assert_close(
        embeddings['product'],
        embeddings['cnn_lru'] * embeddings['transformer_lru'])
