"""Sentences with ratings: read as they are, cut between reviews, and never on both sides."""

import dataclasses
import hashlib
import io
import json
import tarfile

import numpy as np
import pytest

import tlhelpers as tl
from tlhelpers.data import rated_sentences
from tlhelpers.data.rated_sentences import RatedSentences, load_sentences, split_reviews
from tlhelpers.fetching import fetch

NAMES = {
    "movies": "movieReviewSnippets",
    "products": "amazonReviewSnippets",
    "editorials": "nytEditorialSnippets",
    "tweets": "tweets",
}


def pack(files):
    """An archive with these files in a folder, as bytes."""
    packed = io.BytesIO()
    with tarfile.open(fileobj=packed, mode="w:gz") as archive:
        for name, content in files.items():
            about = tarfile.TarInfo(f"hutto_ICWSM_2014/{name}")
            about.size = len(content)
            archive.addfile(about, io.BytesIO(content))
    return packed.getvalue()


@pytest.fixture
def archive(tmp_path, monkeypatch):
    """Call it with the text of files, and the course has an archive of them."""
    monkeypatch.setenv("TLHELPERS_CACHE", str(tmp_path))
    monkeypatch.delenv("TLHELPERS_MIRROR", raising=False)

    def known(content, **texts):
        if content is None:
            content = pack(
                {f"{NAMES[name]}_GroundTruth.txt": text.encode() for name, text in texts.items()}
            )
        checksum = hashlib.sha256(content).hexdigest()
        file = dataclasses.replace(
            rated_sentences.ARCHIVE, size=len(content), checksum=checksum, address=""
        )
        monkeypatch.setattr(rated_sentences, "ARCHIVE", file)
        file.place().parent.mkdir(parents=True, exist_ok=True)
        file.place().write_bytes(content)
        return file

    return known


PRODUCTS = "7_1\t1.5\tGood &amp;amp; cheap.\r\n7_2\t-0.25\tCafé “noir”.\r\n9_1\t0\tSo so"


def test_a_file_is_read_line_by_line(archive, capsys):
    archive(None, products=PRODUCTS, tweets="1\t2.5\tYay!\r\n2\t-4\tNo 😀\r\n")
    found = load_sentences("products")
    assert found.texts.tolist() == ["Good & cheap.", "Café “noir”.", "So so"]
    assert found.ratings.tolist() == [1.5, -0.25, 0] and found.labels.tolist() == [1, 0, 0]
    assert found.reviews.tolist() == [0, 0, 1]
    said = capsys.readouterr().out
    assert said.count("\n") == 1 and "Hutto" in said and "the sentences are their authors'" in said
    tweets = load_sentences("tweets")
    assert tweets.texts.tolist() == ["Yay!", "No 😀"] and tweets.reviews.tolist() == [0, 1]


@pytest.mark.parametrize(
    "line",
    ["no tabs", "1\tmuch\tx", "1\tnan\tx", "1\t4.5\tx", "1\t1\t ", "1\t1\tx\ty", "1\t1\tx\x00"],
)
def test_another_line_gets_a_sentence(archive, line):
    archive(None, movies=f"1\t2\tFine.\r\n{line}\r\n")
    with pytest.raises(ValueError, match="^Line 2 of movieReviewSnippets_GroundTruth.txt of hutto"):
        load_sentences("movies")


def test_another_archive_gets_a_sentence(archive):
    archive(None, tweets="1\t2\tFine.")
    with pytest.raises(ValueError, match="not the archive of sentences: it holds no movieReview"):
        load_sentences("movies")
    archive(pack({"movieReviewSnippets_GroundTruth.txt": "1\t2\tCafé".encode("cp1252")}))
    with pytest.raises(ValueError, match="holds no movie.* in UTF-8"):
        load_sentences("movies")
    archive(b"something else")
    with pytest.raises(ValueError, match="not the archive of sentences"):
        load_sentences("movies")
    archive(None, movies="")
    with pytest.raises(ValueError, match="is empty"):
        load_sentences("movies")
    with pytest.raises(ValueError, match="Choose from: movies, products, editorials, tweets"):
        load_sentences("films")


def test_it_is_fetched_unasked_and_that_is_said_once(archive, tmp_path, monkeypatch, capsys):
    file = archive(None, products=PRODUCTS)
    mirror = tmp_path / "mirror"
    (mirror / "datasets").mkdir(parents=True)
    file.place().rename(mirror / file.path)
    entry = {"sha256": file.checksum, "size": file.size}
    (mirror / "mirror.json").write_text(json.dumps({"format": 1, "files": {file.path: entry}}))
    with pytest.raises(fetch.FileNotHere, match="give the command: tlhelpers fetch sentences"):
        load_sentences("products")
    monkeypatch.setenv("TLHELPERS_MIRROR", str(mirror))
    load_sentences("products")
    said = capsys.readouterr().out
    assert "Fetched hutto_ICWSM_2014.tar.gz" in said and "without asking" in said
    load_sentences("products")
    assert "Fetched" not in capsys.readouterr().out
    assert fetch.UNASKED > 2_338_514  # and so it comes from the internet, too


# ------------------------------------------------------------------------------- cutting


def made_up(count, per_review=1, sort=True):
    """Sentences, the good ones first."""
    reviews = np.arange(count) // per_review
    ratings = np.where(np.arange(count) < count // 2, 1.0, -1.0)
    if not sort:
        ratings = np.random.default_rng(0).permutation(ratings)
    texts = tl.texts.text_array([f"sentence {i}" for i in range(count)])
    return RatedSentences(texts, ratings, (ratings > 0).astype(int), reviews)


def test_a_plain_cut_is_a_label_shift_and_this_one_is_not():
    found = made_up(1000)
    plain_train, plain_test = found.labels[:750], found.labels[750:]
    assert (plain_train.mean(), plain_test.mean()) == (pytest.approx(2 / 3), 0)
    for seed in range(3):
        train, test = split_reviews(found, seed=seed)
        assert found.labels[train].mean() == found.labels[test].mean() == 0.5
        assert len(test) == 250


def test_the_movies_are_sorted_and_are_cut_all_the_same(shared, monkeypatch, tmp_path):
    monkeypatch.setenv("TLHELPERS_MIRROR", str(shared))
    monkeypatch.setenv("TLHELPERS_CACHE", str(tmp_path))
    movies = load_sentences("movies")
    n = len(movies.labels) * 3 // 4
    assert movies.labels[:n].mean() > 0.6 and movies.labels[n:].mean() < 0.1
    train, test = split_reviews(movies)
    assert abs(movies.labels[train].mean() - movies.labels[test].mean()) < 0.005


def test_the_real_archive_has_what_its_authors_say(shared, monkeypatch, tmp_path):
    monkeypatch.setenv("TLHELPERS_MIRROR", str(shared))
    monkeypatch.setenv("TLHELPERS_CACHE", str(tmp_path))
    reviews = {}
    for domain, (_, count, _) in rated_sentences.DOMAINS.items():
        found = load_sentences(domain)
        assert len(found.texts) == len(found.ratings) == len(found.labels) == count
        reviews[domain] = len(np.unique(found.reviews))
        assert "&amp;" not in "".join(found.texts) and np.abs(found.ratings).max() < 4
    # Nine reviews of the 309 and two editorials of the 500 have no sentence in the files.
    assert reviews == {"movies": 10_605, "products": 300, "editorials": 498, "tweets": 4_200}
    assert found.texts[3] == "LMAO, AMAZING!" and found.ratings[3] == 2.857142857


def test_no_review_is_on_both_sides():
    found = made_up(300, per_review=7, sort=False)
    train, test = split_reviews(found, share=0.3)
    assert not {*found.reviews[train]} & {*found.reviews[test]}
    assert sorted([*train, *test]) == list(range(300))


def test_a_sentence_of_the_test_is_left_out_of_the_training():
    found = made_up(40)
    found.texts[:] = [f"Sentence {i % 10}!" if i % 2 else f"sentence {i % 10}" for i in range(40)]
    train, test = split_reviews(found, share=0.1)
    tested = {text.lower().strip("!") for text in found.texts[test]}
    assert not tested & {text.lower().strip("!") for text in found.texts[train]}
    dropped = set(range(40)) - {*train} - {*test}
    assert dropped and {found.texts[i].lower().strip("!") for i in dropped} <= tested


def test_texts_of_nothing_but_signs_are_not_the_same():
    found = made_up(20)
    found.texts[:] = [":-" + ")" * (i + 1) for i in range(20)]
    assert sum(map(len, split_reviews(found))) == 20


def test_what_cannot_be_cut_gets_a_sentence():
    found = made_up(8)
    with pytest.raises(ValueError, match="must have 7 texts, one for each label; got 8"):
        split_reviews(found._replace(labels=found.labels[:7]))
    with pytest.raises(ValueError, match="one rating for each label"):
        split_reviews(found._replace(ratings=found.ratings[:7]))
    with pytest.raises(ValueError, match="got 7 reviews and 8 labels"):
        split_reviews(found._replace(reviews=found.reviews[:7]))
    with pytest.raises(TypeError, match="must be RatedSentences; got list"):
        split_reviews(["a", "b"])
    assert tl.rated_sentences.split_reviews is split_reviews
