"""The writers of scikit-learn's digits, as found in the order of the labels."""

import difflib

import numpy as np

from tlhelpers.data import handwriting


def test_every_form_asks_for_the_same_digits_from_its_first_row_on():
    _, labels = handwriting.load_handwriting()
    forms = handwriting.writers()
    asked = labels[forms == 0].tolist()
    assert len(forms) == len(labels) and np.all(np.diff(forms) >= 0)
    assert np.unique(forms).tolist() == list(range(14))
    for form in range(14):
        rows = labels[forms == form].tolist()
        assert rows[1:10] == list(range(1, 10))  # 0 to 9; one form begins with a mistake
        alike = difflib.SequenceMatcher(None, asked, rows, autojunk=False).ratio()
        assert alike > 0.96 and 122 <= len(rows) <= 130


def test_a_border_one_row_off_would_be_seen():
    _, labels = handwriting.load_handwriting()
    starts = np.flatnonzero(np.diff(handwriting.writers(), prepend=-1))
    for off in (-1, 1):
        assert sum(labels[starts[1:] + off + 1] == 1) < 13
