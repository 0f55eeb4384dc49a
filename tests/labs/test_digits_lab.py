"""The digits lab: the bundled network, its files, its splits, its errors."""

import json
import shutil

import numpy as np
import pytest

import tlhelpers as tl
from tlhelpers.data import glyphs
from tlhelpers.fetching import checksums
from tlhelpers.labs import digits, load


@pytest.fixture(scope="module")
def lab():
    return load.load_lab("digits")


@pytest.fixture(scope="module")
def network(lab):
    return lab.network()


def test_splits_are_the_two_halves_in_the_order_of_the_writers(lab):
    from sklearn.datasets import load_digits

    bunch = load_digits()
    images = np.concatenate([lab.train.images, lab.test.images])
    assert np.array_equal(images * 16, bunch.images)
    assert np.array_equal(np.concatenate([lab.train.labels, lab.test.labels]), bunch.target)
    assert (len(lab.train.labels), len(lab.test.labels)) == (898, 899)


def test_at_the_end_of_a_cell_it_is_one_line(lab):
    assert repr(lab) == (
        "Lab digits: 898 images to learn from, 899 to test on, "
        "classes 0, 1, 2, 3, 4, 5, 6, 7, 8, 9; weights: " + lab.weights
    )


def test_the_bundled_network_is_a_small_mobilenet(network):
    import keras

    assert digits.check_weights().stat().st_size <= 4_000_000
    assert network.output_shape == (None, len(glyphs.CLASSES))
    plain = keras.applications.MobileNet(
        alpha=0.5, include_top=False, weights=None, pooling="avg", input_shape=(48, 48, 3)
    )
    head = len(glyphs.CLASSES) * (plain.output_shape[1] + 1)
    assert network.count_params() == plain.count_params() + head


def test_the_bundled_network_reads_print_of_fonts_it_never_saw(lab, network):
    labels = np.tile(np.arange(len(lab.source_classes)), 20)
    x = lab.draw_source(labels, style="plain", fonts=glyphs.HELD_OUT_FONTS, seed=4321)
    answers = network.predict(lab.preprocess(x), verbose=0).argmax(axis=1)
    assert (answers == labels).mean() > 0.92


def test_the_bundled_network_transfers_to_handwriting(lab, network):
    """Checked on the training half only; the notebooks report the other one."""
    answers = network.predict(lab.preprocess(lab.train.images), verbose=0)
    right = answers[:, lab.columns()].argmax(axis=1) == lab.train.labels
    assert right.mean() > 0.75


def test_the_card_tells_the_truth_about_the_file(network):
    card = digits.read_card()
    assert card["sha256"] == checksums.checksum_of(digits.check_weights())
    assert card["classes"] == list(glyphs.CLASSES)
    assert card["parameters"] == network.count_params()
    assert card["input"] == [48, 48, 3]


def test_preprocess_matches_interpolation_by_hand():
    ramp = np.tile(np.linspace(0, 1, 8, dtype=np.float32), (1, 8, 1))
    out = digits.preprocess_digits(ramp)
    assert out.shape == (1, 48, 48, 3) and out.dtype == np.float32
    # Pixel centres of the large picture, in the coordinates of the small one.
    places = np.clip((np.arange(48) + 0.5) / 6 - 0.5, 0, 7)
    by_hand = np.interp(places, np.arange(8), ramp[0, 0]) * 2 - 1
    for colour in range(3):
        assert np.allclose(out[0, 20, :, colour], by_hand, atol=1e-6)


def test_backbone_gives_512_features_with_the_pretrained_weights(lab, network):
    backbone = lab.backbone()
    assert backbone.output_shape == (None, 512)
    pairs = zip(backbone.get_weights(), network.get_weights(), strict=False)
    assert all(np.array_equal(a, b) for a, b in pairs)


def test_from_scratch_means_random_weights_and_a_quick_batchnorm(lab):
    import keras

    fresh = lab.network(pretrained=False)
    norms = [x for x in fresh.layers if isinstance(x, keras.layers.BatchNormalization)]
    assert norms and all(x.momentum == 0.9 for x in norms)


def test_unknown_names_list_the_valid_ones(lab):
    with pytest.raises(ValueError, match="Unknown lab 'cats'. Choose from: digits"):
        tl.load_lab("cats")
    with pytest.raises(ValueError, match="Unknown class 'ß'.*Its classes: 0 1 2"):
        lab.class_numbers(["3", "ß"])
    assert lab.class_numbers("3A").tolist() == [3, 10]
    assert lab.class_numbers([]).dtype.kind == "i" and lab.class_numbers(("3", 4)).tolist() == [
        3,
        4,
    ]
    with pytest.raises(TypeError, match="names must be a list; got 3"):
        lab.class_numbers(3)
    with pytest.raises(TypeError, match="Unknown lab 3. Choose from: digits, flowers, solar"):
        tl.load_lab(3)
    with pytest.raises(AttributeError, match="load_lab"):
        tl.lod_lab  # noqa: B018


def test_wrong_range_is_refused_with_advice(lab):
    with pytest.raises(ValueError, match="Divide by 16"):
        lab.preprocess(lab.train.images * 16)


@pytest.fixture
def own_data(tmp_path, monkeypatch):
    """A copy of the data folder that a test may damage."""
    shutil.copytree(digits.bundled_folder(), tmp_path / "data")
    monkeypatch.setattr(digits, "bundled_folder", lambda: tmp_path / "data")
    return tmp_path / "data"


def test_a_damaged_weights_file_is_named_with_both_checksums(own_data):
    path = own_data / digits.WEIGHTS
    content = bytearray(path.read_bytes())
    content[len(content) // 2] ^= 1  # one flipped bit
    path.write_bytes(content)
    with pytest.raises(ValueError) as caught:
        digits.build_digits_network()
    message = str(caught.value)
    assert str(path) in message and "git checkout -- data" in message
    assert digits.read_card()["sha256"] in message and checksums.checksum_of(path) in message


def test_a_short_weights_file_is_noticed(own_data):
    path = own_data / digits.WEIGHTS
    path.write_bytes(path.read_bytes()[:1000])
    with pytest.raises(ValueError, match="damaged"):
        digits.check_weights()


def test_missing_files_are_named_with_the_way_back(own_data):
    (own_data / digits.WEIGHTS).unlink()
    with pytest.raises(FileNotFoundError, match=r"weights\.h5 is missing.*tlhelpers pretrain"):
        digits.build_digits_network()
    (own_data / digits.CARD).write_text("{", encoding="utf-8")
    with pytest.raises(FileNotFoundError, match=r"digits_backbone\.json.*git checkout"):
        digits.read_card()


def test_the_card_is_plain_json():
    text = (digits.bundled_folder() / digits.CARD).read_text(encoding="utf-8")
    assert json.loads(text) == digits.read_card()
