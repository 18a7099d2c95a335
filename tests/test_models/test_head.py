import pytest
import torch
from mmengine.registry import init_default_scope

from fusionreid_mm.models import BNNeck, MultiBranchReIDHead
from fusionreid_mm.structures import ReIDDataSample

CHANNELS = dict(cnn=6, transformer=4)


@pytest.fixture(autouse=True)
def scope():
    init_default_scope('fusionreid_mm')
    torch.manual_seed(0)


def embeddings(batch_size: int = 4):
    return {
        name: torch.randn(batch_size, channels)
        for name, channels in CHANNELS.items()
    }


class TestBNNeck:

    def test_bias_is_frozen_and_applied(self):
        neck = BNNeck(6, 3).eval()
        assert not neck.bn.bias.requires_grad
        assert neck.classifier.bias is None
        before = neck(torch.ones(2, 6))
        neck.bn.bias.data += 1
        torch.testing.assert_close(neck(torch.ones(2, 6)), before + 1)

    def test_one_image_in_training_takes_the_running_statistics(self):
        neck = BNNeck(6, 3)
        neck.bn.running_mean += 2
        one = torch.randn(1, 6)
        trained = neck.train()(one)
        assert neck.bn.num_batches_tracked == 0
        torch.testing.assert_close(trained, neck.eval()(one))

    def test_classifier_starts_small(self):
        std = BNNeck(2048, 751).classifier.weight.std().item()
        assert std == pytest.approx(0.001, rel=0.05)


class TestMultiBranchReIDHead:

    def test_losses_are_named_and_summed_by_the_engine(self):
        head = MultiBranchReIDHead(CHANNELS, num_classes=3)
        losses = head.loss(embeddings(), torch.tensor([0, 0, 1, 1]))
        assert list(losses) == [
            'cnn.loss_id', 'cnn.loss_triplet', 'transformer.loss_id',
            'transformer.loss_triplet'
        ]
        assert all(loss.ndim == 0 for loss in losses.values())

    def test_triplet_sees_the_embedding_before_bn(self):
        head = MultiBranchReIDHead(CHANNELS, num_classes=3)
        labels = torch.tensor([0, 0, 1, 1])
        inputs = embeddings()
        losses = head.loss(inputs, labels)
        torch.testing.assert_close(losses['cnn.loss_triplet'],
                                   head.loss_triplet(inputs['cnn'], labels))

    def test_descriptor_is_the_embeddings_side_by_side(self):
        head = MultiBranchReIDHead(CHANNELS, num_classes=3).eval()
        inputs = embeddings()
        torch.testing.assert_close(
            head(inputs),
            torch.cat((inputs['cnn'], inputs['transformer']), dim=1))
        head.test_embeddings = ['transformer']
        torch.testing.assert_close(head(inputs), inputs['transformer'])

    def test_after_bn(self):
        head = MultiBranchReIDHead(
            CHANNELS, num_classes=3, neck_feat='after').eval()
        head.bnnecks['cnn'].bn.running_mean += 1
        inputs = embeddings()
        assert not torch.allclose(head(inputs)[:, :6], inputs['cnn'])

    @pytest.mark.parametrize('batch_size', [1, 2])
    def test_predict(self, batch_size):
        head = MultiBranchReIDHead(CHANNELS, num_classes=3).eval()
        inputs = embeddings(batch_size)
        samples = [ReIDDataSample() for _ in range(batch_size)]
        predicted = head.predict(inputs, samples)
        for sample, feature in zip(predicted, head(inputs)):
            assert torch.equal(sample.feature, feature)

    def test_columns_of_the_embeddings(self):
        head = MultiBranchReIDHead(CHANNELS, num_classes=3).eval()
        head.test_embeddings = ['transformer', 'cnn']
        inputs = embeddings(1)
        sample, = head.predict(inputs, [ReIDDataSample()])
        assert sample.embedding_columns == dict(
            transformer=(0, 4), cnn=(4, 10))
        for name, (start, end) in sample.embedding_columns.items():
            assert torch.equal(sample.feature[start:end], inputs[name][0])

    @pytest.mark.parametrize('kwargs, message', [
        (dict(test_embeddings=['cnn', 'htm']), r"'transformer'.*'htm'"),
        (dict(test_embeddings=['cnn', 'cnn']), 'each once'),
        (dict(test_embeddings=[]), r'got \[\]'),
        (dict(test_embeddings='cnn'), "got 'cnn'"),
        (dict(neck_feat='no'), "'before' or 'after'"),
    ])
    def test_bad_arguments(self, kwargs, message):
        with pytest.raises(ValueError, match=message):
            MultiBranchReIDHead(CHANNELS, num_classes=3, **kwargs)
