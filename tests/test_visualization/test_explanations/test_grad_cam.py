import pytest
import torch
import torch.nn.functional as F
from helpers.small_model import IMG_SIZE, small_model, small_model_cfg

from fusionreid_mm.structures import ReIDDataSample
from fusionreid_mm.visualization.explanations import (default_layer,
                                                      explain_similarity,
                                                      grad_cam, layer_cam)

LAST = 'branches.cnn.backbone'


@pytest.fixture
def images():
    torch.manual_seed(0)
    return torch.randn(2, 3, *IMG_SIZE)


def cnn_alone(**changes):
    torch.manual_seed(1)
    return small_model(
        branches=dict(cnn=small_model_cfg().branches.cnn),
        neck=None,
        **changes).eval()


def test_maps_by_hand():
    feature_map = torch.tensor([[[[1., 2.]], [[3., 1.]]]])
    gradient = torch.tensor([[[[1., 3.]], [[-2., 0.]]]])
    # Mean gradients 2 and -1: 2 - 3 < 0, and 4 - 1.
    assert grad_cam(feature_map, gradient).tolist() == [[[0., 3.]]]
    # Positive gradients alone: 1 x 1, and 3 x 2.
    assert layer_cam(feature_map, gradient).tolist() == [[[1., 6.]]]


def test_what_a_mean_similarity_is_made_of(images):
    """If a map were averaged, places would add up to the similarity: Stylianou
    et al.; GeM with p = 1 does average."""
    model = cnn_alone()
    model.branches['cnn'].pool.p.data.fill_(1.)
    with torch.no_grad():
        features = model.branches['cnn'](images)
        lengths = features.embedding.norm(dim=1)[:, None, None]
        directions = F.normalize(features.embedding)
        places = torch.einsum('bchw,bc->bhw', features.feature_map,
                              directions) / lengths
    found = explain_similarity(
        model, images, layer=LAST, method=lambda a, g: (a * g).sum(dim=1))
    torch.testing.assert_close(
        found, places / places[0].numel(), rtol=1e-4, atol=1e-7)
    # An image is as similar as can be to itself.
    torch.testing.assert_close(found.sum(dim=(1, 2)), torch.ones(2))


def test_gradient_is_that_of_the_similarity(images):
    """By finite differences along the map, the length held constant."""
    torch.manual_seed(3)
    model = cnn_alone().double()
    images = images.double()
    reference = torch.rand(64, dtype=torch.double)
    gradients = []

    def method(feature_map, gradient):
        gradients.append((feature_map, gradient))
        return layer_cam(feature_map, gradient)

    explain_similarity(
        model, images, references=reference, layer=LAST, method=method)
    (feature_map, gradient), = gradients
    branch = model.branches['cnn']
    length = branch.pool(feature_map).norm(dim=1)

    def similarity(values):
        return branch.pool(values) @ F.normalize(reference, dim=0) / length

    step = 1e-5 * torch.rand_like(feature_map)
    change = similarity(feature_map + step) - similarity(feature_map - step)
    torch.testing.assert_close(
        change / 2, (step * gradient).sum(dim=(1, 2, 3)), rtol=1e-3, atol=0)


def bright_square(top: int, left: int) -> torch.Tensor:
    """Nothing, which normalised is 0, but a square of 8 pixels."""
    image = torch.zeros(1, 3, *IMG_SIZE)
    square = torch.randn(3, 8, 8, generator=torch.Generator().manual_seed(5))
    image[0, :, top:top + 8, left:left + 8] = 3 * square
    return image


@pytest.mark.parametrize('method', [grad_cam, layer_cam])
@pytest.mark.parametrize('top, left', [(4, 4), (28, 20), (52, 12)])
def test_the_only_thing_to_be_seen_lights_up(top, left, method):
    torch.manual_seed(1)
    model = small_model().eval()
    heat = explain_similarity(model, bright_square(top, left), method=method)
    # The second stage: stride 8.
    assert heat.shape == (1, 8, 4)
    row, column = divmod(int(heat.argmax()), 4)
    assert abs(8 * row + 4 - (top + 4)) <= 8
    assert abs(8 * column + 4 - (left + 4)) <= 8
    near = heat[0, top // 8:-(-(top + 8) // 8), left // 8:-(-(left + 8) // 8)]
    assert near.mean() > 2 * heat.mean()


def test_what_two_images_share_lights_up():
    """Both have one square; the image has another square too."""
    torch.manual_seed(1)
    model = small_model().eval()
    shared, own = bright_square(4, 12), bright_square(52, 12).neg()
    with torch.no_grad():
        reference = model(shared)[0]
        other = model(own)[0]
    both = shared + own
    for descriptor, rows in ((reference, slice(0, 3)), (other, slice(5, 8))):
        # What the other one is like speaks against it.
        start = 0
        average = (reference + other) / 2
        for name, bnneck in model.head.bnnecks.items():
            width = bnneck.bn.num_features
            bnneck.bn.running_mean.copy_(average[start:start + width])
            start += width
        heat = explain_similarity(model, both, references=descriptor)[0]
        assert heat[rows].sum() > .6 * heat.sum()


def test_the_average_person_explains_nothing(images):
    model = cnn_alone()
    with torch.no_grad():
        descriptors = model(images)
    bn = model.head.bnnecks['cnn'].bn
    bn.running_mean.copy_(descriptors[0])
    heat = explain_similarity(model, images, references=descriptors[0])
    torch.testing.assert_close(heat, torch.zeros_like(heat))
    # Behind the BatchNorm, its mean is gone already.
    after = cnn_alone(head__neck_feat='after')
    after.head.bnnecks['cnn'].bn.running_mean.copy_(descriptors[0])
    heat = explain_similarity(after, images, references=descriptors[0])
    assert heat.sum() > 0


def test_length_of_a_reference_does_not_matter(images):
    torch.manual_seed(1)
    model = small_model().eval()
    with torch.no_grad():
        reference = model(images)[1]
    heats = [
        explain_similarity(model, images, references=factor * reference)
        for factor in (1, 100)
    ]
    torch.testing.assert_close(*heats)
    both = explain_similarity(
        model, images, references=torch.stack((reference, reference)))
    torch.testing.assert_close(both, heats[0])


def test_layers(images):
    torch.manual_seed(1)
    model = small_model().eval()
    assert default_layer(model, 'cnn') == f'{LAST}.layer2'
    assert default_layer(model,
                         'transformer') == 'branches.transformer.backbone'
    for layer, grid in ((f'{LAST}.layer1', (16, 8)), (f'{LAST}.layer3', (4,
                                                                         2)),
                        ('branches.transformer.backbone.layers.0',
                         (5, 2)), ('branches.transformer.backbone', (5, 2))):
        heat = explain_similarity(model, images, layer=layer)
        assert heat.shape == (2, *grid), layer
        assert heat.sum() > 0
    with pytest.raises(ValueError, match="no layer 'layer4'.*backbone.layer2"):
        explain_similarity(model, images, layer='layer4')
    with pytest.raises(ValueError, match="gives.*can be drawn is a map"):
        explain_similarity(model, images, layer='neck.htms.0.units.1.0.ffn')
    with pytest.raises(ValueError, match="no branch 'rnn': it has"):
        default_layer(model, 'rnn')


def test_layers_whose_output_is_changed_in_place(images):
    """As that of a BatchNorm by the ReLU behind it."""
    torch.manual_seed(1)
    model = small_model().eval()
    block = model.branches['cnn'].backbone.layer1[0]
    assert block.relu.inplace
    layer = f'{LAST}.layer1.0.{block.norm1_name}'
    heat = explain_similarity(model, images, layer=layer)
    assert heat.shape == (2, 16, 8) and heat.sum() > 0
    block.relu.inplace = False
    torch.testing.assert_close(
        explain_similarity(model, images, layer=layer), heat)


def test_layers_that_have_no_one_map(images):
    torch.manual_seed(1)
    model = small_model().eval()
    for layer, number in ((f'{LAST}.layer1.0.relu', '[23]'),
                          ('branches.transformer.backbone.layers',
                           0), ('head.bnnecks.cnn', 0)):
        with pytest.raises(
                ValueError, match=rf"{layer}' is used {number} times.*layer2"):
            explain_similarity(model, images, layer=layer)
    for layer, given in (('branches.cnn', 'BranchFeatures'),
                         ('branches.transformer.backbone.patch_embed',
                          'tuple'), ('neck', 'dict')):
        with pytest.raises(
                ValueError, match=rf"{layer}' gives {given}, but what can be"):
            explain_similarity(model, images, layer=layer)


def test_channels_last():
    torch.manual_seed(1)
    model = small_model(
        branches=dict(
            cnn=dict(
                type='CNNBranch',
                backbone=dict(
                    type='mmpretrain.TIMMBackbone',
                    model_name='swin_tiny_patch4_window7_224',
                    features_only=True,
                    pretrained=False,
                    img_size=(56, 28),
                    depths=(1, 1),
                    embed_dim=24,
                    num_heads=(2, 2),
                    out_indices=(1, )))),
        neck=None).eval()
    assert default_layer(model, 'cnn') == LAST
    heat = explain_similarity(model, torch.randn(1, 3, 56, 28))
    # Stride 8, and 28 pixels are filled up.
    assert heat.shape == (1, 7, 4)


def test_a_map_that_does_not_matter(images):
    model = small_model(head__test_embeddings=['transformer'])
    assert (explain_similarity(model, images) == 0).all()


def test_wrong_references(images):
    model = cnn_alone()
    with pytest.raises(ValueError, match='reference has 7 numbers.* have 64'):
        explain_similarity(model, images, references=torch.ones(7))
    with pytest.raises(
            ValueError,
            match='one reference, or as many as images'
            ', 2: got .3, 64'):
        explain_similarity(model, images, references=torch.ones(3, 64))
    with pytest.raises(ValueError, match='a reference has 1 numbers'):
        explain_similarity(model, images, references=torch.tensor(1.))
    with pytest.raises(ValueError, match='not finite'):
        explain_similarity(
            model, images, references=torch.full((64, ), torch.nan))


def test_nothing_is_left_on_the_model(images):
    torch.manual_seed(1)
    model = small_model().train()
    samples = [ReIDDataSample(metainfo=dict(camid=1)) for _ in images]
    before = {
        name: value.clone()
        for name, value in model.state_dict().items()
    }
    with torch.no_grad():
        explain_similarity(model, images, samples)
        assert not torch.is_grad_enabled()
    assert all(module.training for module in model.modules())
    assert not any(module._forward_hooks for module in model.modules())
    assert all(parameter.grad is None for parameter in model.parameters())
    for name, value in model.state_dict().items():
        assert torch.equal(value, before[name]), name
    # Nor does a run in which something fails leave anything.
    with pytest.raises(ValueError):
        explain_similarity(model, images, references=torch.ones(7))
    assert not any(module._forward_hooks for module in model.modules())
    assert all(module.training for module in model.modules())
