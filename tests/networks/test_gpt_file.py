"""The file of a GPT: little is lost by rounding, and what is damaged or swapped is refused."""

import json
import pickle
import zipfile

import keras
import numpy as np
import pytest

from tlhelpers.fetching import checksums
from tlhelpers.networks import gpt, gpt_file
from tlhelpers.networks.byte_pairs import BytePairs

SIZES = {"vocabulary": 258, "width": 16, "blocks": 2, "heads": 4, "inside": 24, "context": 20}
TOKENIZER = BytePairs([(32, 97), (116, 104)])


@pytest.fixture(scope="module")
def model():
    keras.utils.set_random_seed(3)
    return gpt.build_gpt(**SIZES)


@pytest.fixture
def arrays(model):
    return gpt_file.quantise(model, TOKENIZER)


def test_a_rounded_table_is_nearly_the_same():
    table = np.random.default_rng(0).normal(0, 1, (50, 30)) * 10.0 ** np.arange(-25, 25)[:, None]
    whole, scale = gpt_file.round_rows(table)
    assert whole.dtype == np.int8 and np.abs(whole).max(axis=1).tolist() == [127] * 50
    wrong = np.abs(whole * scale[:, None].astype(float) - table)
    assert (wrong <= 0.501 * np.abs(table).max(axis=1, keepdims=True) / 127).all()
    nothing, zero = gpt_file.round_rows(np.zeros((2, 3)))
    assert not nothing.any() and not zero.any()


@pytest.mark.parametrize("table", [[[np.nan]], [1.0], [["a"]], [[np.inf, 1]], np.zeros((0, 3))])
def test_what_is_no_table_is_refused(table):
    with pytest.raises((TypeError, ValueError), match="values"):
        gpt_file.round_rows(table)


def test_a_file_comes_back_with_its_tokenizer(model, arrays, tmp_path):
    gpt_file.save_arrays(tmp_path / "a.npz", arrays)
    again, tokenizer = gpt_file.read_gpt(tmp_path / "a.npz")
    assert gpt_file.sizes_of(again) == SIZES and np.array_equal(tokenizer.pairs, TOKENIZER.pairs)
    for one, other in zip(model.weights, again.weights, strict=True):
        one, other = np.asarray(one), np.asarray(other)
        assert one.shape == other.shape and np.abs(one - other).max() <= np.abs(one).max() / 250
    gpt_file.save_arrays(tmp_path / "b.npz", arrays)
    assert (tmp_path / "a.npz").read_bytes() == (tmp_path / "b.npz").read_bytes()


def spoil(arrays, name):
    if name == "a table is missing":
        del arrays["block.1.query/kernel"]
    elif name == "a scale is missing":
        del arrays["block.1.query/kernel.scale"]
    elif name == "another shape":
        arrays["places/embeddings"] = arrays["places/embeddings"][:-1]
    elif name == "NaN":
        arrays["block.0.inside/kernel.scale"] = arrays["block.0.inside/kernel.scale"] * np.nan
    elif name == "absurd sizes":
        arrays["sizes"] = np.array([60_000, 1024, 48, 1, 10**6, 8192], np.int32)
    elif name == "no sizes":
        del arrays["sizes"]
    elif name == "sizes cut short":
        arrays["sizes"] = arrays["sizes"][:3]
    elif name == "another tokenizer":
        arrays["pairs"] = arrays["pairs"][:1]
    elif name == "pairs that come later":
        arrays["pairs"] = arrays["pairs"] + 300
    elif name == "a table of text":
        arrays["block.0.query/kernel"] = arrays["block.0.query/kernel"].astype(str)
    return arrays


@pytest.mark.parametrize(
    "name",
    [
        "a table is missing",
        "a scale is missing",
        "another shape",
        "NaN",
        "absurd sizes",
        "no sizes",
        "sizes cut short",
        "another tokenizer",
        "pairs that come later",
        "a table of text",
    ],
)
def test_a_file_of_another_network_is_refused(arrays, tmp_path, name):
    gpt_file.save_arrays(tmp_path / "x.npz", spoil(dict(arrays), name))
    with pytest.raises(ValueError, match="x.npz .*Wanted is a file that 'tlhelpers pretrain gpt'"):
        gpt_file.read_gpt(tmp_path / "x.npz")


def test_a_damaged_file_is_refused(arrays, tmp_path):
    path = tmp_path / "x.npz"
    gpt_file.save_arrays(path, arrays)
    whole = path.read_bytes()
    spoilt = [b"", b"text", whole[: len(whole) // 2], whole[:-30], whole[:2000] + whole[2400:]]
    turned = bytearray(whole)
    turned[3000] ^= 255
    for data in [*spoilt, bytes(turned)]:
        path.write_bytes(data)
        with pytest.raises(ValueError, match="damaged"):
            gpt_file.read_gpt(path)
    with pytest.raises(FileNotFoundError, match="There is no file"):
        gpt_file.read_gpt(tmp_path / "none.npz")


class _Trap:
    def __reduce__(self):
        return (exec, ("raise SystemExit('this ran')",))


def test_nothing_is_unpickled(arrays, tmp_path):
    trap = np.empty(1, object)
    trap[0] = _Trap()
    np.savez(tmp_path / "x.npz", **{**arrays, "sizes": trap})
    with pytest.raises(ValueError, match="damaged"):
        gpt_file.read_gpt(tmp_path / "x.npz")
    (tmp_path / "y.npz").write_bytes(pickle.dumps({"a": 1}))
    with pytest.raises(ValueError, match="damaged"):
        gpt_file.read_gpt(tmp_path / "y.npz")


def test_a_file_that_grows_when_unpacked_is_refused(tmp_path, monkeypatch):
    monkeypatch.setattr(gpt_file, "LARGEST", 10_000)
    with zipfile.ZipFile(tmp_path / "x.npz", "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("sizes.npy", bytes(20_000))
    with pytest.raises(ValueError, match="holds more than"):
        gpt_file.read_gpt(tmp_path / "x.npz")


def test_the_bundled_one_is_checked_before_it_is_read(model, arrays, tmp_path, monkeypatch):
    monkeypatch.setattr(gpt_file, "bundled_folder", lambda: tmp_path)
    with pytest.raises(FileNotFoundError, match="git checkout -- data"):
        gpt_file.load_gpt()
    path = tmp_path / gpt_file.WEIGHTS
    gpt_file.save_arrays(path, arrays)
    with pytest.raises(FileNotFoundError, match="gpt.json is missing"):
        gpt_file.load_gpt()
    (tmp_path / gpt_file.CARD).write_text(json.dumps({"sha256": checksums.checksum_of(path)}))
    assert gpt_file.load_gpt()[0].count_params() == model.count_params()
    swapped = dict(arrays, pairs=np.array([[32, 98], [116, 104]], np.uint16))
    gpt_file.save_arrays(path, swapped)
    with pytest.raises(ValueError, match="damaged or not the one of this course"):
        gpt_file.load_gpt()


def test_the_card_agrees_with_the_file():
    card = gpt_file.read_card()
    network, tokenizer = gpt_file.load_gpt()
    assert card["parameters"] == network.count_params()
    assert card["architecture"] == gpt_file.sizes_of(network)
    assert len(tokenizer) == card["architecture"]["vocabulary"]
    assert (gpt_file.bundled_folder() / gpt_file.WEIGHTS).stat().st_size < 1_500_000
    assert not {*card["never_read"]} & {*card["packages"]}
