"""Making the GPT again: repeatable, resumable, blind to what it must not read."""

import json

import numpy as np
import pytest

from tlhelpers.course import command_line, pretrain_gpt
from tlhelpers.data.docstrings import load_docstrings
from tlhelpers.fetching import checksums
from tlhelpers.networks import gpt_file
from tlhelpers.networks.byte_pairs import learn_pairs

SIZES = {"width": 8, "blocks": 1, "heads": 2, "inside": 16, "context": 16}


@pytest.fixture
def corpus():
    texts = ["the other weather, the other feather, and whether they gather there"] * 30
    tokenizer = learn_pairs(texts, 270)
    tokens = tokenizer.encode_all(texts)
    return pretrain_gpt.Corpus(tokenizer, tokens, tokens[:200], 500)


@pytest.fixture
def tiny(monkeypatch):
    monkeypatch.setattr(pretrain_gpt, "STEPS", 4)


def test_blocks_repeat_and_differ():
    tokens = np.arange(10_000)
    one, two, three = (pretrain_gpt.draw_block(tokens, *n, 16) for n in ((3, 0), (3, 0), (4, 0)))
    assert np.array_equal(one, two) and not np.array_equal(one, three)
    assert (np.diff(one, axis=1) == 1).all()  # pieces of the text, in its order


def test_learning_rate_rises_stays_and_falls():
    rates = np.array([pretrain_gpt.learning_rate(block, 60) for block in range(60)])
    steps = np.diff(rates)
    assert (steps[:3] > 0).all() and (steps[3:39] == 0).all() and (steps[41:] < 0).all()
    assert rates.max() == pretrain_gpt.RATE and rates[-1] < pretrain_gpt.RATE / 15


def test_an_interrupted_training_goes_on_and_ends_the_same(corpus, tiny, tmp_path, monkeypatch):
    whole, seen = pretrain_gpt.pretrain_network(corpus, 4, 0, tmp_path / "whole", sizes=SIZES)
    assert seen == 4 * 4 * pretrain_gpt.BATCH * 16
    draw = pretrain_gpt.draw_block

    def stop_at_two(tokens, number, seed, context):
        if number == 2:
            raise KeyboardInterrupt
        return draw(tokens, number, seed, context)

    with monkeypatch.context() as patch:
        patch.setattr(pretrain_gpt, "draw_block", stop_at_two)
        with pytest.raises(KeyboardInterrupt):
            pretrain_gpt.pretrain_network(corpus, 4, 0, tmp_path / "cut", sizes=SIZES)
    (kept,) = (tmp_path / "cut").iterdir()
    again = []
    monkeypatch.setattr(
        pretrain_gpt, "draw_block", lambda *given: again.append(given[1]) or draw(*given)
    )
    resumed, _ = pretrain_gpt.pretrain_network(corpus, 4, 0, tmp_path / "cut", sizes=SIZES)
    assert again == [2, 3]  # what was finished is not trained again
    for one, other in zip(whole.get_weights(), resumed.get_weights(), strict=True):
        assert np.allclose(one, other, atol=1e-5)


def test_other_texts_and_damaged_safe_points_mean_a_new_start(corpus, tiny, tmp_path, capsys):
    pretrain_gpt.pretrain_network(corpus, 1, 0, tmp_path, sizes=SIZES)
    other = corpus._replace(train=corpus.train[:-1])
    pretrain_gpt.pretrain_network(other, 1, 0, tmp_path, sizes=SIZES)
    assert "Going on" not in capsys.readouterr().out
    for path in tmp_path.iterdir():
        path.write_bytes(b"half a file")
    pretrain_gpt.pretrain_network(corpus, 1, 0, tmp_path, sizes=SIZES)
    assert "Starting again" in capsys.readouterr().out


def test_what_is_kept_back_and_what_is_never_read_stay_out(monkeypatch):
    monkeypatch.setattr(pretrain_gpt, "UNSEEN", ("json.decoder",))
    monkeypatch.setattr(pretrain_gpt, "ASKED", 1)
    corpus = pretrain_gpt.read_corpus(("json", "unittest"), 300)
    text = corpus.tokenizer.decode(corpus.train)
    held = corpus.tokenizer.decode(corpus.kept)
    found = load_docstrings("unittest")
    back = pretrain_gpt.kept_back(found)
    assert back.any() and not back.all()
    assert all((one in text) != out for one, out in zip(found.texts, back, strict=True))
    assert all((one in held) == out for one, out in zip(found.texts, back, strict=True))
    assert len(held.encode()) == corpus.kept_bytes
    # A file is on one side only, and the unseen library on neither.
    assert not {*found.files[back]} & {*found.files[~back]}
    assert not any(one in text or one in held for one in load_docstrings("json.decoder").texts)


def test_the_libraries_are_those_of_the_pins(root):
    pins = (root / "requirements.txt").read_text()
    for package in pretrain_gpt.LIBRARIES.values():
        assert f"\n{package}==" in pins, package
    assert not {*pretrain_gpt.UNSEEN} & {*pretrain_gpt.LIBRARIES}


def test_the_command_writes_weights_and_a_card_that_agree(corpus, tiny, tmp_path, monkeypatch):
    monkeypatch.setenv("TLHELPERS_CACHE", str(tmp_path / "cache"))
    monkeypatch.setattr(pretrain_gpt, "read_corpus", lambda: corpus)
    build = pretrain_gpt.gpt.build_gpt
    monkeypatch.setattr(pretrain_gpt.gpt, "build_gpt", lambda **given: build(**{**SIZES, **given}))
    out = tmp_path / "new.npz"
    words = ["gpt", "--out", str(out), "--blocks", "1", "--seed", "7"]
    assert command_line.main(["pretrain", *words]) == 0
    card = json.loads((tmp_path / "new.json").read_text(encoding="utf-8"))
    assert list((tmp_path / "cache" / "pretrain").iterdir()) == []
    assert card["sha256"] == checksums.checksum_of(out) and card["seed"] == 7
    model, tokenizer = gpt_file.read_gpt(out)
    assert card["parameters"] == model.count_params()
    assert card["architecture"] == {"vocabulary": len(tokenizer), **SIZES}
    assert abs(card["bits_per_byte_kept_files"] - card["bits_per_byte_kept_files_int8"]) < 0.02
    assert card["packages"]["scipy"]["version"]


def test_wrong_input_is_refused(capsys):
    assert command_line.main(["pretrain", "gpt", "--blocks", "0"]) == 2
    assert "at least 1" in capsys.readouterr().err
    assert command_line.main(["pretrain", "gpt", "--out", "net.pkl"]) == 2
    assert "must end with .npz" in capsys.readouterr().err
    assert command_line.main(["pretrain", "gpt", "--pictures", "10000"]) == 2
    assert "is for the digits network" in capsys.readouterr().err
    assert command_line.main(["pretrain", "--blocks", "3"]) == 2
    assert "is for the GPT" in capsys.readouterr().err
