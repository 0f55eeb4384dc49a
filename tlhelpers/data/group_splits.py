"""Cut rows between groups: what belongs together is never on both sides.

Sentences of one review, words of one family, cells of one module are alike.  Dealt out
at random, they make a test easier than new ones will be.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from tlhelpers.inputs import read_labels, read_seed, read_share


def split_groups(
    groups: Any, labels: Any, *, share: float = 0.25, seed: int = 0, many: str = "groups"
) -> tuple[np.ndarray, np.ndarray]:
    """Cut rows in two, between groups, with (nearly) the same share of each class on both sides.

    Parameters
    ----------
    groups
        Shape (n,): which group each row is of, as whole numbers from 0.
    labels
        Shape (n,): classes.  A group counts as of the class that most of its rows have.
    share
        Of the groups of each class that are kept for the test; one of each at least, and
        never all.
    seed
        Which draw.  The same seed gives the same one.
    many
        What to call groups in a message.

    Returns
    -------
    train, test : numpy.ndarray
        Row numbers, in order.

    Raises
    ------
    ValueError
        If a class has fewer than two groups, or the two differ in length.

    Examples
    --------
    >>> groups = np.arange(16) // 2
    >>> train, test = split_groups(groups, groups // 4)
    >>> groups[test]
    array([2, 2, 7, 7])
    """
    share, rng = read_share(share, "share"), np.random.default_rng(read_seed(seed))
    groups, labels = read_labels(groups, many), read_labels(labels, "labels")
    if len(groups) != len(labels):
        raise ValueError(
            f"There is one group and one label for each row; got {len(groups):,} {many} and "
            f"{len(labels):,} labels."
        )
    names, of_row = np.unique(groups, return_inverse=True)
    classes, kinds = np.unique(labels, return_inverse=True)
    if not len(groups):
        raise ValueError(f"There are no {many} to cut.")
    counts = np.zeros((len(names), len(classes)), int)
    np.add.at(counts, (of_row, kinds), 1)
    chosen: list[int] = []
    for kind in range(len(classes)):
        own = names[counts.argmax(axis=1) == kind]
        if not len(own):
            continue  # its rows go with groups that are mostly of other classes
        if len(own) < 2:
            raise ValueError(
                f"There are too few {many} to cut: {len(own)} of kind {classes[kind]}; wanted are "
                "two of each kind, one to learn from and one to test with."
            )
        count = min(max(round(share * len(own)), 1), len(own) - 1)
        chosen.extend(rng.permutation(own)[:count])
    test = np.isin(groups, chosen)
    return np.flatnonzero(~test), np.flatnonzero(test)
