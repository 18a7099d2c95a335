import pytest
import torch
from mmengine.registry import DefaultScope, init_default_scope
from mmpretrain.models.utils import MultiheadAttention
from timm.layers import Attention
from torch.nn import LayerNorm, Linear

from fusionreid_mm.models import (CrossAttention,
                                  HeterogenousTransmissionModule,
                                  LocalRefinementUnit, MutualFusionUnit,
                                  PointwiseUnit, SharedEncodingUnit, SIET2TViT)
from fusionreid_mm.models.layers import attention_weights
from fusionreid_mm.registry import MODELS
from fusionreid_mm.structures import BranchTokens


@pytest.fixture(autouse=True)
def scope():
    init_default_scope('fusionreid_mm')
    torch.manual_seed(0)


def tokens(num_patches: int = 5) -> BranchTokens:
    return BranchTokens(
        cls=torch.randn(2, 1, 12), patch=torch.randn(2, num_patches, 12))


class TestLocalRefinementUnit:

    @pytest.mark.parametrize('kernel_size', [1, 3, 5])
    def test_keeps_the_grid(self, kernel_size):
        lru = LocalRefinementUnit(6, 4, kernel_size)
        assert lru(torch.randn(2, 6, 7, 3)).shape == (2, 4, 7, 3)

    def test_kernel_1_looks_at_single_pixels(self):
        lru = LocalRefinementUnit(6, 4).eval()
        pixels = torch.randn(2, 6, 3, 2)
        flipped = lru(pixels.flip(-1)).flip(-1)
        torch.testing.assert_close(lru(pixels), flipped)

    @pytest.mark.parametrize('kernel_size', [0, 2, -1])
    def test_refuses_other_kernels(self, kernel_size):
        with pytest.raises(ValueError, match='odd positive.*got'):
            LocalRefinementUnit(6, 4, kernel_size)


class TestPointwiseUnit:

    def test_by_hand(self):
        unit = PointwiseUnit(2, 1).eval()
        with torch.no_grad():
            unit.pointwise[0].weight.copy_(
                torch.tensor([1., -2.]).view(1, 2, 1, 1))
            unit.pointwise[0].bias.fill_(.5)
            pixels = torch.tensor([[3., 1.], [1., 2.]]).view(1, 2, 1, 2)
            # 3 - 2 + .5, and 1 - 4 + .5 with PReLU's slope of a quarter
            expected = torch.tensor([1.5, -2.5 / 4]).view(1, 1, 1, 2)
            torch.testing.assert_close(
                unit(pixels), expected, rtol=1e-4, atol=0)

    def test_is_a_refinement_unit_without_its_depthwise_half(self):
        unit, lru = PointwiseUnit(6, 4).eval(), LocalRefinementUnit(6, 4)
        unit.load_state_dict({
            name: value
            for name, value in lru.eval().state_dict().items()
            if not name.startswith('depthwise.')
        })
        lru.depthwise = torch.nn.Identity()
        pixels = torch.randn(2, 6, 3, 2)
        assert torch.equal(unit(pixels), lru(pixels))

    def test_refuses_a_kernel(self):
        with pytest.raises(ValueError, match='kernel of 3.*lru_kernel_size'):
            PointwiseUnit(6, 4, kernel_size=3)


class TestCrossAttention:

    def test_equals_softmax_written_out(self):
        attention = CrossAttention(12, 3).double()
        query = torch.randn(2, 1, 12, dtype=torch.double)
        context = torch.randn(2, 5, 12, dtype=torch.double)

        weights = attention.attention_map(query, context)
        assert weights.shape == (2, 3, 1, 5)
        torch.testing.assert_close(
            weights.sum(-1), torch.ones(2, 3, 1, dtype=torch.double))
        values = attention.value(context).view(2, 5, 3, 4).transpose(1, 2)
        expected = attention.proj(
            (weights @ values).transpose(1, 2).reshape(2, 1, 12))
        torch.testing.assert_close(attention(query, context), expected)

    def test_values_are_not_normalised(self):
        attention = CrossAttention(12, 3)
        torch.nn.init.zeros_(attention.proj.bias)
        query, context = torch.randn(2, 1, 12), torch.randn(2, 5, 12)
        # Keys do not feel a change of scale, values follow it.
        torch.testing.assert_close(
            attention(query, 10 * context),
            10 * attention(query, context),
            rtol=1e-3,
            atol=1e-4)


class TestUnits:

    def test_seu_ignores_the_other_branch(self):
        seu = SharedEncodingUnit(12, 3)
        own = tokens()
        one, two = seu(own, tokens()), seu(own, tokens())
        torch.testing.assert_close(one, two)
        # The final LayerNorm covers all tokens.
        means = torch.cat((one.cls, one.patch), dim=1).mean(-1)
        torch.testing.assert_close(means, torch.zeros(2, 6), atol=1e-5, rtol=0)

    def test_mfu_reads_only_the_other_patches(self):
        mfu = MutualFusionUnit(12, 3)
        own, other = tokens(5), tokens(4)
        fused = mfu(own, other)
        assert fused.patch is own.patch
        blind = other._replace(cls=torch.randn(2, 1, 12))
        torch.testing.assert_close(fused.cls, mfu(own, blind).cls)
        moved = other._replace(patch=torch.randn(2, 4, 12))
        assert not torch.allclose(fused.cls, mfu(own, moved).cls)
        assert mfu.attention_map(own, other).shape == (2, 3, 1, 4)

    def test_default_initialisation_is_kept(self):
        unit = SharedEncodingUnit(12, 3)
        before = {k: v.clone() for k, v in unit.state_dict().items()}
        unit.init_weights()
        for key, value in unit.state_dict().items():
            assert torch.equal(before[key], value), key


class TestHeterogenousTransmissionModule:

    @pytest.mark.parametrize('shared, sizes', [
        (('seu', ), [1, 2]),
        ((), [2, 2]),
        (('mfu', ), [2, 1]),
        (('seu', 'mfu'), [1, 1]),
    ])
    def test_a_shared_unit_is_held_once(self, shared, sizes):
        htm = HeterogenousTransmissionModule(12, 3, shared=shared)
        assert [len(unit) for unit in htm.units] == sizes
        own, other = htm(tokens(5), tokens(4))
        assert own.patch.shape == (2, 5, 12)
        assert other.patch.shape == (2, 4, 12)

    def test_both_branches_read_the_old_state(self):
        htm = HeterogenousTransmissionModule(12, 3, units=('mfu', ))
        cnn, transformer = tokens(), tokens()
        for_cnn, for_transformer = htm.units[0]
        out_cnn, out_transformer = htm(cnn, transformer)
        torch.testing.assert_close(out_cnn, for_cnn(cnn, transformer))
        torch.testing.assert_close(out_transformer,
                                   for_transformer(transformer, cnn))

    def test_takes_any_registered_unit(self):

        @MODELS.register_module(force=True)
        class AddOne(torch.nn.Module):

            def __init__(self, embed_dims, num_heads):
                super().__init__()

            def forward(self, own, other):
                return own._replace(cls=own.cls + 1)

        htm = HeterogenousTransmissionModule(
            12, 3, units=('AddOne', 'AddOne'), shared=())
        cnn, transformer = tokens(), tokens()
        out, _ = htm(cnn, transformer)
        torch.testing.assert_close(out.cls, cnn.cls + 2)

    def test_units_are_found_from_other_scopes(self):
        with DefaultScope.overwrite_default_scope('mmpretrain'):
            htm = HeterogenousTransmissionModule(12, 3)
        assert isinstance(htm.units[0][0], SharedEncodingUnit)

    def test_needs_a_unit(self):
        with pytest.raises(ValueError, match='units must list'):
            HeterogenousTransmissionModule(12, 3, units=())


class TestAttentionWeights:

    @staticmethod
    def layers():
        torch.manual_seed(1)
        return dict(
            mmpretrain=MultiheadAttention(12, 3),
            scaled=SIET2TViT(
                arch=dict(embed_dims=12, num_layers=1, num_heads=3),
                img_size=(32, 32)).encoder[0].attn,
            timm=Attention(12, 3, qkv_bias=True),
            timm_norm=Attention(12, 3, qk_norm=True, norm_layer=LayerNorm))

    @pytest.mark.parametrize('name',
                             ['mmpretrain', 'scaled', 'timm', 'timm_norm'])
    def test_they_give_what_the_layer_gives(self, name):
        layer = self.layers()[name].eval()
        states = torch.randn(2, 5, 12)
        weights = attention_weights(layer, states)
        assert weights.shape == (2, 3, 5, 5)
        torch.testing.assert_close(weights.sum(dim=-1), torch.ones(2, 3, 5))
        values = layer.qkv(states)[..., 24:].unflatten(-1, (3, 4))
        attended = torch.einsum('bhij,bjhd->bihd', weights, values).flatten(2)
        torch.testing.assert_close(layer.proj(attended), layer(states))

    def test_other_layers(self):
        with pytest.raises(ValueError, match='of Linear are not known'):
            attention_weights(Linear(12, 12), torch.randn(1, 5, 12))


def test_seu_looks_at_its_own_patches():
    seu = SharedEncodingUnit(12, 3).eval()
    own, other = tokens(5), tokens(4)
    weights = seu.attention_map(own, other)
    assert weights.shape == (2, 3, 1, 5)
    # By hand, of the first head.
    states = seu.encoder.ln1(torch.cat((own.cls, own.patch), dim=1))
    query, key, _ = seu.encoder.attn.qkv(states).chunk(3, dim=-1)
    scores = query[:, :1, :4] @ key[..., :4].transpose(1, 2) / 2
    torch.testing.assert_close(weights[:, 0], scores.softmax(-1)[..., 1:])
    assert (SharedEncodingUnit.looks_at,
            MutualFusionUnit.looks_at) == ('own', 'other')
