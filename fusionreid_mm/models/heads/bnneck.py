import torch.nn.functional as F
from mmengine.model import BaseModule
from torch import Tensor, nn


class BNNeck(BaseModule):
    """BNNeck of one embedding: a BatchNorm whose output is classified, while
    the triplet loss sees its input.

    Source: "Bag of Tricks and a Strong Baseline for Deep Person
    Re-identification" (arXiv 1903.07071), section 3.5.

    Args:
        in_channels (int): Channels of the embedding, C.
        num_classes (int): Number of training identities, K.
    """

    def __init__(self, in_channels: int, num_classes: int) -> None:
        super().__init__()
        self.bn = nn.BatchNorm1d(in_channels)
        # A shift would be undone by the classifier only in training.
        self.bn.bias.requires_grad_(False)
        self.classifier = nn.Linear(in_channels, num_classes, bias=False)
        nn.init.normal_(self.classifier.weight, std=0.001)

    def forward(self, embedding: Tensor) -> Tensor:
        """Normalise (B, C).

        One image has no statistics of its own: the running ones serve it in
        training too.
        """
        if self.training and len(embedding) == 1:
            return F.batch_norm(embedding, self.bn.running_mean,
                                self.bn.running_var, self.bn.weight,
                                self.bn.bias, False, 0., self.bn.eps)
        return self.bn(embedding)

    def classify(self, embedding: Tensor) -> Tensor:
        """The logits of (B, C), (B, K)."""
        return self.classifier(self(embedding))
