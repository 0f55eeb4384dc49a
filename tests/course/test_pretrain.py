"""Making the network again: repeatable, resumable, loud about wrong input."""

import json

import numpy as np
import pytest

from tlhelpers.course import command_line, pretrain
from tlhelpers.data import glyphs
from tlhelpers.fetching import checksums
from tlhelpers.labs import digits


@pytest.fixture
def tiny(monkeypatch):
    """Make blocks and the network so small that training takes seconds."""
    import keras

    def network(pretrained=True):
        pool = keras.layers.AveragePooling2D(6)
        layers = [keras.Input((48, 48, 3)), pool, keras.layers.Flatten()]
        return keras.Sequential([*layers, keras.layers.Dense(len(glyphs.CLASSES), "softmax")])

    monkeypatch.setattr(pretrain, "BLOCK", 128)
    monkeypatch.setattr(digits, "build_digits_network", network)
    draw = pretrain.draw_block
    monkeypatch.setattr(pretrain, "draw_block", lambda number, seed: draw(number, seed, 128))
    return draw


def test_blocks_repeat_and_differ():
    one, two, three = (pretrain.draw_block(*n, pictures=20) for n in ((3, 0), (3, 0), (4, 0)))
    assert np.array_equal(one[0], two[0]) and np.array_equal(one[1], two[1])
    assert not np.array_equal(one[1], three[1])


def test_learning_rate_rises_once_and_falls_to_nearly_nothing():
    rates = [pretrain.learning_rate(b, 100) for b in range(100)]
    top = int(np.argmax(rates))
    assert rates[top] == pretrain.RATE and top == 5
    assert (np.diff(rates[: top + 1]) > 0).all() and (np.diff(rates[top:]) < 0).all()
    assert rates[-1] < pretrain.RATE / 1000


def test_an_interrupted_training_goes_on_and_ends_the_same(tiny, tmp_path, monkeypatch):
    whole = pretrain.pretrain_network(4 * 128, 0, tmp_path / "whole").get_weights()

    drawn = []

    def stop_at_two(number, seed):
        drawn.append(number)
        if number == 2:
            raise KeyboardInterrupt
        return tiny(number, seed, 128)

    with monkeypatch.context() as patch:
        patch.setattr(pretrain, "draw_block", stop_at_two)
        with pytest.raises(KeyboardInterrupt):
            pretrain.pretrain_network(4 * 128, 0, tmp_path / "cut")
    kept = [path.name for path in (tmp_path / "cut").iterdir()]
    assert kept == ["training-0-4.keras"]

    again = []
    draw = pretrain.draw_block
    monkeypatch.setattr(
        pretrain, "draw_block", lambda number, seed: again.append(number) or draw(number, seed)
    )
    resumed = pretrain.pretrain_network(4 * 128, 0, tmp_path / "cut").get_weights()
    assert again[0] == 1 or again[0] == 2  # what was finished is not trained again
    assert all(np.allclose(a, b, atol=1e-5) for a, b in zip(whole, resumed, strict=True))


def test_a_damaged_safe_point_means_a_new_start(tiny, tmp_path, capsys):
    (tmp_path / "training-0-1.keras").write_bytes(b"half a file")
    pretrain.pretrain_network(128, 0, tmp_path)
    assert "Starting again" in capsys.readouterr().out


def test_the_command_writes_weights_and_a_card_that_agree(tiny, tmp_path, monkeypatch):
    monkeypatch.setenv("TLHELPERS_CACHE", str(tmp_path / "cache"))
    out = tmp_path / "new.weights.h5"
    words = ["--out", str(out), "--pictures", "128", "--seed", "7"]
    assert command_line.main(["pretrain", *words]) == 0
    card = json.loads((tmp_path / "new.json").read_text(encoding="utf-8"))
    assert list((tmp_path / "cache" / "pretrain").iterdir()) == []
    assert card["sha256"] == checksums.checksum_of(out)
    import h5py

    with h5py.File(out) as file:
        assert "optimizer" not in file
    assert (card["seed"], card["pictures"]) == (7, 128)
    assert 0 <= card["print_plain"] <= 1


def test_wrong_input_is_refused(tmp_path, capsys):
    with pytest.raises(ValueError, match="at least 10000"):
        pretrain.pretrain_network(5, 0, tmp_path)
    for pictures in ("0", "5"):
        assert command_line.main(["pretrain", "--pictures", pictures]) == 2
        assert "at least 10000" in capsys.readouterr().err
    assert command_line.main(["pretrain", "--out", "net.pkl", "--pictures", "128"]) == 2
    assert "must end with .weights.h5" in capsys.readouterr().err
