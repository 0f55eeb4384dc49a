"""Printed characters: usable fonts, fair pictures, clear errors."""

import numpy as np
import pytest

from tlhelpers.data import glyphs

DIGITS = "0123456789"


@pytest.mark.parametrize("font", glyphs.FONTS)
def test_ten_digits_are_ten_different_pictures(font):
    pictures = [glyphs.draw_character(font, digit) for digit in DIGITS]
    for i, one in enumerate(pictures):
        for other in pictures[:i]:
            assert (one ^ other).sum() > 40, f"{font} draws two digits alike"


@pytest.mark.parametrize("font", glyphs.FONTS)
def test_every_class_is_drawn_at_one_height(font):
    for char in glyphs.CLASSES:
        rows = np.flatnonzero(glyphs.draw_character(font, char).any(axis=1))
        assert 41 <= rows[-1] - rows[0] + 1 <= 44, char


def test_the_check_would_catch_a_font_of_boxes():
    """LastResortHE claims every character and draws each as the same box."""
    boxes = [glyphs.draw_character("LastResortHE-Regular", digit) for digit in DIGITS]
    assert max((one ^ boxes[0]).sum() for one in boxes) <= 40


def test_fonts_of_training_and_of_the_exam_do_not_overlap():
    assert set(glyphs.TRAINING_FONTS) | set(glyphs.HELD_OUT_FONTS) == set(glyphs.FONTS)
    assert not set(glyphs.TRAINING_FONTS) & set(glyphs.HELD_OUT_FONTS)


def test_a_font_that_matplotlib_lacks_is_left_out(tmp_path):
    """Matplotlib 3.10, which Google Colab has, lacks one; the version in the pins lacks none."""
    (tmp_path / "cmr10.ttf").touch()
    assert glyphs._those_here(("cmr10", "cmti10"), tmp_path) == ("cmr10",)
    assert len(glyphs.FONTS) == 21 and glyphs.font_path("cmti10").is_file()


def test_classes_are_different_characters_and_begin_with_the_digits():
    assert "".join(glyphs.CLASSES[:10]) == DIGITS
    assert len(set(glyphs.CLASSES)) == len(glyphs.CLASSES) >= 38


@pytest.mark.parametrize("style", glyphs.STYLES)
def test_pictures_are_in_range_with_seventeen_levels(style):
    pictures = glyphs.draw_characters(np.arange(len(glyphs.CLASSES)), style=style)
    assert pictures.dtype == np.float32 and pictures.shape == (len(glyphs.CLASSES), 8, 8)
    assert pictures.min() == 0 and pictures.max() <= 1
    assert np.array_equal(pictures * 16, np.round(pictures * 16))
    assert (pictures.sum(axis=(1, 2)) > 3).all(), "an empty page"


def test_seeds_repeat_and_differ():
    labels = np.arange(10)
    assert np.array_equal(
        glyphs.draw_characters(labels, seed=4), glyphs.draw_characters(labels, seed=4)
    )
    assert not np.array_equal(
        glyphs.draw_characters(labels, seed=4), glyphs.draw_characters(labels, seed=5)
    )


def test_plain_print_keeps_the_class_and_varied_print_varies_more():
    labels = np.repeat(np.arange(10), 40)
    font = ("DejaVuSans",)
    plain = glyphs.draw_characters(labels, style="plain", fonts=font)
    varied = glyphs.draw_characters(labels, style="varied", fonts=font)
    spread = [
        np.mean([x[labels == digit].std(axis=0).mean() for digit in range(10)])
        for x in (plain, varied)
    ]
    assert spread[1] > 1.5 * spread[0]
    # The nearest clean outline names a plain picture: nothing is mirrored or mixed up.
    clean = np.stack([glyphs.draw_character("DejaVuSans", digit)[10:54, 10:54] for digit in DIGITS])
    clean = clean[:, :40, :40].reshape(10, 8, 5, 8, 5).mean(axis=(2, 4)).reshape(10, -1)
    guess = np.argmin(((plain.reshape(-1, 1, 64) - clean) ** 2).sum(axis=-1), axis=1)
    assert (guess == labels).mean() > 0.9


def test_the_pen_keeps_its_width_when_a_character_is_squeezed():
    line = np.zeros((1, 32, 32), bool)
    line[0, :, 10] = True
    distance = glyphs._distance(line)[0]
    assert np.array_equal(distance[5], np.abs(np.arange(32) - 10))


def test_no_labels_give_no_pictures():
    assert glyphs.draw_characters(np.zeros(0, int)).shape == (0, 8, 8)


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        ({"labels": np.array([0]), "style": "fancy"}, "plain, varied"),
        ({"labels": np.array([99])}, "99"),
        ({"labels": np.array([-1])}, "between 0"),
        ({"labels": np.array([0.5])}, "whole numbers"),
        ({"labels": np.array([[0]])}, "one row"),
        ({"labels": np.array([0]), "fonts": ()}, "fonts must have from 1"),
        ({"labels": np.array([0]), "seed": -1}, "seed must be a whole number from 0"),
        ({"labels": np.array([0]), "fonts": ("Papyrus",)}, "DejaVuSans"),
        ({"labels": np.array([0]), "fonts": ("STIXSizOneSymReg",)}, "has no character '0'"),
    ],
)
def test_errors_say_what_is_wanted(arguments, words):
    with pytest.raises(ValueError, match=words):
        glyphs.draw_characters(**arguments)


def test_outline_takes_one_character():
    with pytest.raises(ValueError, match="one character"):
        glyphs.draw_character("DejaVuSans", "12")


@pytest.mark.parametrize(
    ("font", "char", "words"),
    [
        ("DejaVuSans", 65, "char must be a text; got 65"),
        (["DejaVuSans"], "A", "font must be a text"),
        (None, "A", "font must be a text; got None"),
    ],
)
def test_a_font_and_a_character_are_texts(font, char, words):
    with pytest.raises(TypeError, match=words):
        glyphs.draw_character(font, char)


def test_a_single_font_is_put_in_a_list():
    with pytest.raises(TypeError, match="fonts must be a list; got 'DejaVuSans'"):
        glyphs.draw_characters([0], fonts="DejaVuSans")
    with pytest.raises(TypeError, match="Unknown style 3. Choose from: plain, varied"):
        glyphs.draw_characters([0], style=3)


def test_without_habits_only_varied_ones_and_sevens_are_drawn_otherwise():
    labels = np.repeat(np.arange(10), 30)
    drawn, fitted = (glyphs.draw_characters(labels, habits=habits) for habits in (False, True))
    differ = (drawn != fitted).any(axis=(1, 2))
    assert set(labels[differ]) == {1, 7}
    assert differ[labels == 1].mean() > 0.5  # bold, without a foot, or with a long up-stroke
    assert 0.2 < differ[labels == 7].mean() < 0.6  # four in ten have a bar
    ones = labels == 1
    assert drawn[ones].mean() < fitted[ones].mean()
    plain = [glyphs.draw_characters(labels, style="plain", habits=h) for h in (False, True)]
    assert np.array_equal(*plain)
