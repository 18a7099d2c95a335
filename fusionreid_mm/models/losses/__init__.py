from .batch_hard_triplet_loss import BatchHardTripletLoss, euclidean_distances
from .cross_entropy_loss import CrossEntropyLoss

__all__ = ['BatchHardTripletLoss', 'CrossEntropyLoss', 'euclidean_distances']
