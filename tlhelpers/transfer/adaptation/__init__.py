"""Domain adaptation: use target images that nobody has labelled.

Every method here takes a classifier (images in, one score for each class out),
leaves it untouched, and returns a new one together with a history: a
dictionary of lists, one number for each training step.  No function has a
parameter for target labels, so none can use them.

Most methods are a *loss*: what should be small.  They share one training loop
(`train`), which draws a batch of source images and a batch of target images
for each step.  Its settings can be given to any of these methods:

``steps``, ``batch_size``, ``learning_rate``
    How long, how many images of each domain in a step, how fast at the start.
``augment``
    ``augment(images, rng)`` changes the images of a batch, such as
    `tlhelpers.transfer.augmentation.random_warp`.
``seed``
    The same seed draws the same batches.
``progress``
    Show a bar with the time left.
``watch``
    Called after each step with its number, from 1, and the network as it is by then.

Images may also come in a ``tf.data.Dataset`` of batches, such as
`keras.utils.image_dataset_from_directory` gives, for what is larger than memory: for the
source one of pairs (images, labels), with ``source_labels=None``; for the target one of
images, or of pairs whose labels are not looked at.  Arrays are drawn from at random; a
dataset is taken in its own order, in batches of ``batch_size`` whatever its own are, again
and again: let it shuffle.  AdaBN, TENT and the target's statistics take one pass each.

How good may a network be, judged without labels?  See `tlhelpers.transfer.validators`.
"""

from tlhelpers.transfer.adaptation.alignment import dann, deep_coral, deep_mmd
from tlhelpers.transfer.adaptation.batchnorm_statistics import adabn
from tlhelpers.transfer.adaptation.checks import History
from tlhelpers.transfer.adaptation.entropy import shot, tent
from tlhelpers.transfer.adaptation.feature_space import feature_coral, importance_weights
from tlhelpers.transfer.adaptation.loop import Settings, source_only, train
from tlhelpers.transfer.adaptation.losses import (
    alignment_ratio,
    coral_distance,
    cross_entropy,
    mean_entropy,
    mmd_distance,
    reverse_gradient,
)
from tlhelpers.transfer.adaptation.pseudo_labels import consistency, self_training, surest_rows

__all__ = [
    "History",
    "Settings",
    "adabn",
    "alignment_ratio",
    "consistency",
    "coral_distance",
    "cross_entropy",
    "dann",
    "deep_coral",
    "deep_mmd",
    "feature_coral",
    "importance_weights",
    "mean_entropy",
    "mmd_distance",
    "reverse_gradient",
    "self_training",
    "shot",
    "source_only",
    "surest_rows",
    "tent",
    "train",
]
