"""What can be told of model, data and sampler before a run."""
import logging
from functools import partial
from typing import Callable, Iterator, NamedTuple, Optional, Sequence

from mmengine.evaluator import Evaluator
from mmengine.hooks import CheckpointHook, EarlyStoppingHook
from mmengine.logging import print_log
from mmengine.runner import Runner
from mmpretrain.models.backbones.base_backbone import BaseBackbone
from torch import nn
from torch.utils.data import DataLoader

from fusionreid_mm.datasets import RandomIdentitySampler
from fusionreid_mm.datasets.base_reid_dataset import (Annotations,
                                                      collect_annotations,
                                                      collect_by_name,
                                                      readers_of)
from fusionreid_mm.datasets.protocol import (ProtocolError, check_disjoint,
                                             check_queries, check_roles,
                                             count_the_same_people)
from fusionreid_mm.evaluation import ReIDMetric
from fusionreid_mm.models import FusionReID


class Check(NamedTuple):
    """One of the checks.

    Attributes:
        name: What is looked at.
        run: Raises :class:`.ProtocolError` if it does not fit.
    """
    name: str
    run: Callable[[], None]


def checks_before_run(model: FusionReID, train_loader: Optional[DataLoader],
                      test_loaders: Sequence[DataLoader],
                      evaluators: Sequence[Evaluator]) -> Iterator[Check]:
    """All checks of the parts of a run.

    Args:
        model (FusionReID): The bare model.
        train_loader (DataLoader, optional): None if nothing is trained.
        test_loaders (Sequence[DataLoader]): Of validation and test.
        evaluators (Sequence[Evaluator]): Theirs.
    """
    if train_loader is not None:
        train = collect_annotations(train_loader.dataset)
        yield Check('batches', partial(_check_sampler, train_loader))
        yield Check('labels', partial(_check_labels, train_loader))
        yield Check('num_classes', partial(_check_classes, model, train))
        yield Check('cameras', partial(_check_side_information, model, train))
        yield Check('image size', partial(_check_size, model, train_loader))
    for evaluator in evaluators:
        yield Check('metrics', partial(_check_embeddings, model, evaluator))
    for loader in test_loaders:
        for test in collect_by_name(loader.dataset).values():
            yield Check('roles', partial(check_roles, test))
            yield Check('queries', partial(check_queries, test))
            yield Check('cameras', partial(_check_side_information, model,
                                           test))
        if train_loader is not None:
            yield Check('people', partial(_check_disjoint, train_loader,
                                          loader))
        yield Check('image size', partial(_check_size, model, loader))


def check_watched(runner: Runner) -> None:
    """Refuse a metric by which the best checkpoint is chosen, or a training
    ends early, that the validation does not measure."""
    datasets = list(collect_by_name(runner._val_loop.dataloader.dataset))
    names = [
        name for metric in runner.val_evaluator.metrics
        if isinstance(metric, ReIDMetric) for name in metric.names_of(datasets)
    ]
    for hook in runner.hooks:
        watched = []
        if isinstance(hook, CheckpointHook):
            # The attribute is there if save_best is set.
            watched = [('save_best', name)
                       for name in getattr(hook, 'key_indicators', ())
                       if name != 'auto']
        if isinstance(hook, EarlyStoppingHook):
            watched = [('monitor', hook.monitor)]
        for option, name in watched:
            if names and name not in names:
                raise ProtocolError(
                    f'{type(hook).__name__} has {option}={name!r}, but what '
                    f'is measured is {names}')


def _check_sampler(loader: DataLoader) -> None:
    sampler = loader.sampler
    if not isinstance(sampler, RandomIdentitySampler):
        return
    group = sampler.num_identities * sampler.num_instances
    if loader.batch_size is None or loader.batch_size % group:
        raise ProtocolError(
            f'train_dataloader.batch_size={loader.batch_size} is not made of '
            f'whole groups of num_identities={sampler.num_identities} times '
            f'num_instances={sampler.num_instances}: set it to {group}')


def _check_labels(loader: DataLoader) -> None:
    readers = readers_of(loader.dataset)
    if len(readers) > 1:
        names = ', '.join(type(reader).__name__ for reader in readers)
        raise ProtocolError(
            f'the training data joins {len(readers)} datasets ({names}), each '
            'of which counts its labels from 0, so that different people '
            'would share a class: write one reader that lists them all')


def _check_disjoint(train_loader: DataLoader, loader: DataLoader) -> None:
    for train in readers_of(train_loader.dataset):
        for test in readers_of(loader.dataset):
            if count_the_same_people(train, test):
                check_disjoint(
                    collect_annotations(train), collect_annotations(test))


def _check_classes(model: FusionReID, train: Annotations) -> None:
    labels = [label for label in train.labels if label is not None]
    needed = 1 + max(labels, default=-1)
    num_classes = model.head.num_classes
    if num_classes != needed:
        raise ProtocolError(
            f'the head has num_classes={num_classes}, but the training images '
            f'are of {needed} people: set model.head.num_classes={needed}, if '
            'the dataset is complete')


def _check_side_information(model: nn.Module,
                            annotations: Annotations) -> None:
    """The camera embedding has a vector for each camera and view."""
    for kind, ids in (('camera', annotations.camids), ('view',
                                                       annotations.viewids)):
        # Below 0, as None, a camera is not known.
        known = [
            number for number in ids if number is not None and number >= 0
        ]
        needed = 1 + max(known, default=-1)
        for name, module in model.named_modules():
            if not getattr(module, f'uses_{kind}s', False):
                continue
            option = f'model.{name}.num_{kind}s'
            number = getattr(module, f'num_{kind}s')
            if needed > number:
                raise ProtocolError(
                    f'{option}={number}, but the data has {needed} {kind}s: '
                    f'set {option}={needed}, or, to test a model on {kind}s '
                    'that it was not trained with, '
                    f'model.{name}.sie_coefficient=0')
            if not known and 'train' in annotations.roles:
                raise ProtocolError(
                    f'{option}={number}, but no {kind} of the training images '
                    'is known, so that none would get an embedding: set '
                    f'{option}=0, or add the {kind}s to the data')
            if len(known) < len(ids):
                print_log(
                    f'{len(ids) - len(known)} of {len(ids)} images '
                    f'({", ".join(sorted(set(annotations.roles)))}) have no '
                    f'known {kind}, so they get no camera embedding, though '
                    f'{option}={number}',
                    logger='current',
                    level=logging.WARNING)


def _check_size(model: nn.Module, loader: DataLoader) -> None:
    first = loader.dataset[0]
    if isinstance(first['inputs'], list):  # with test-time augmentation
        first = {key: versions[0] for key, versions in first.items()}
    size = tuple(first['inputs'].shape[-2:])
    for name, module in model.named_modules():
        expected = getattr(module, 'img_size', size)
        if isinstance(module, BaseBackbone) and tuple(expected) != size:
            raise ProtocolError(
                'the pipeline of the '
                f'{first["data_samples"].split} images makes them '
                f'{size[0]}x{size[1]} (height x width), but model.{name} has '
                f'img_size={tuple(expected)}: change the one or the other')


def _check_embeddings(model: FusionReID, evaluator: Evaluator) -> None:
    for metric in evaluator.metrics:
        if isinstance(metric, ReIDMetric):
            try:
                metric.check_embeddings(model.head.test_embeddings)
            except ValueError as error:
                raise ProtocolError(str(error)) from error
