import threading

import numpy as np
import pytest
import torch
from helpers.small_model import IMG_SIZE, small_model, small_model_cfg
from mmpretrain.models.backbones.vision_transformer import \
    TransformerEncoderLayer
from torch import nn

from fusionreid_mm.structures import ReIDDataSample
from fusionreid_mm.visualization.explanations import (attention_rollout,
                                                      roll_out)
from fusionreid_mm.visualization.explanations.observing import observing


@pytest.fixture
def images():
    torch.manual_seed(0)
    return torch.randn(2, 3, *IMG_SIZE)


def test_by_hand():
    # One image, one head, two tokens: 0.5 A + 0.5 I of each layer.
    first = torch.tensor([[[[1., 0.], [1., 0.]]]])
    second = torch.tensor([[[[0., 1.], [0., 1.]]]])
    # [[.5, .5], [0, 1]] @ [[1, 0], [.5, .5]]
    torch.testing.assert_close(
        roll_out([first, second]), torch.tensor([[[.75, .25], [.5, .5]]]))
    with pytest.raises(ValueError, match='no attention to roll out'):
        roll_out([])


def test_heads_are_averaged():
    heads = torch.rand(1, 4, 3, 3).softmax(dim=-1)
    torch.testing.assert_close(
        roll_out([heads]), roll_out([heads.mean(dim=1, keepdim=True)]))


def _plain_rollout(model, images, camids=None):
    """An independent formulation in NumPy, of the layers' own tokens."""
    vit = model.branches['transformer'].backbone
    patches, _ = vit.patch_embed(images)
    tokens = vit.pre_norm(vit._add_embeddings(patches, camids, None))
    product = np.eye(tokens.size(1))[None].repeat(len(images), 0)
    for layer in vit.layers:
        attention = layer.attn
        q, k, _ = attention.qkv(layer.ln1(tokens)).chunk(3, dim=-1)
        mean = 0.
        width = attention.head_dims
        for head in range(attention.num_heads):
            part = slice(head * width, (head + 1) * width)
            scores = np.einsum('bic,bjc->bij', q[..., part].numpy(),
                               k[..., part].numpy()) / np.sqrt(width)
            weights = np.exp(scores - scores.max(axis=2, keepdims=True))
            weights /= weights.sum(axis=2, keepdims=True)
            mean = mean + weights / attention.num_heads
        mixed = .5 * mean + .5 * np.eye(mean.shape[1])
        product = np.einsum('bij,bjk->bik', mixed, product)
        tokens = layer(tokens)
    return product[:, 0, 1:].reshape(-1, *vit.patch_resolution)


@pytest.mark.parametrize('camids', [None, [2, 0]])
def test_as_an_independent_formulation(images, camids):
    torch.manual_seed(1)
    model = small_model().eval()
    samples = camids and [
        ReIDDataSample(metainfo=dict(camid=camid)) for camid in camids
    ]
    rollout = attention_rollout(model, images, samples)
    assert rollout.shape == (2, 5, 2)
    with torch.no_grad():
        expected = _plain_rollout(
            model, images, None if camids is None else torch.tensor(camids))
    np.testing.assert_allclose(rollout, expected, rtol=1e-4, atol=1e-6)


BACKBONES = dict(
    t2t=dict(
        type='SIET2TViT',
        arch=dict(embed_dims=24, num_layers=2, num_heads=2),
        img_size=IMG_SIZE),
    timm=dict(
        type='TIMMVisionTransformer',
        model_name='vit_tiny_patch16_224',
        img_size=IMG_SIZE,
        depth=2),
    registers=dict(
        type='TIMMVisionTransformer',
        model_name='vit_small_patch14_reg4_dinov2',
        img_size=(56, 28),
        depth=2),
    mmpretrain=dict(
        type='mmpretrain.VisionTransformer',
        arch=dict(
            embed_dims=24, num_layers=2, num_heads=2, feedforward_channels=48),
        img_size=IMG_SIZE,
        out_type='raw'))


@pytest.mark.parametrize('name', BACKBONES)
def test_other_transformers(name):
    torch.manual_seed(1)
    model = small_model(branches__transformer__backbone=BACKBONES[name])
    backbone = model.branches['transformer'].backbone
    size = IMG_SIZE if name != 'registers' else (56, 28)
    rollout = attention_rollout(model, torch.randn(2, 3, *size))
    assert rollout.shape == (2, *backbone.patch_resolution)
    sums = rollout.sum(dim=(1, 2))
    # Two layers: a quarter is the class token's own at least.
    assert (rollout >= 0).all() and (sums > 0).all() and (sums <= .75).all()


class _Window(nn.Module):

    def forward(self, tokens):
        return tokens


def test_what_cannot_be_looked_into(images):
    model = small_model(
        branches=dict(cnn=small_model_cfg().branches.cnn), neck=None)
    with pytest.raises(ValueError, match="'transformer' of the model is miss"):
        attention_rollout(model, images)
    with pytest.raises(ValueError, match="'cnn' of the model is a CNNBranch"):
        attention_rollout(model, images, branch='cnn')
    model = small_model()
    vit = model.branches['transformer'].backbone
    vit.layers[1].attn = _Window()
    with pytest.raises(ValueError, match='of _Window are not known'):
        attention_rollout(model, images)
    assert not any(module._forward_hooks for module in model.modules())
    for layer in vit.layers:
        assert isinstance(layer, TransformerEncoderLayer)
        del layer.attn
    with pytest.raises(ValueError, match='SIEVisionTransformer has none'):
        attention_rollout(model, images)


def test_other_threads_are_not_seen(images):
    """Somebody else may ask the same model meanwhile."""
    layer = nn.Linear(2, 2)
    seen = []

    def observer(module, arguments, output):
        seen.append(threading.get_ident())

    with observing([layer], observer):
        other = threading.Thread(target=layer, args=(torch.zeros(2), ))
        other.start()
        other.join()
        layer(torch.zeros(2))
    layer(torch.zeros(2))
    assert seen == [threading.get_ident()]
