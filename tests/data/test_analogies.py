"""Questions for analogies: how many there are, and that each has an answer of its own."""

import pytest

import tlhelpers as tl


def test_there_are_ten_kinds_of_pairs_and_each_word_has_one_partner():
    pairs = {kind: tl.analogies.word_pairs(kind) for kind in tl.analogies.KINDS}
    assert len(pairs) == 10 and sum(map(len, pairs.values())) == 118
    for kind, some in pairs.items():
        assert len({one for one, _ in some}) == len(some) >= 10, kind
        assert all(one.islower() and other.islower() and one != other for one, other in some)


def test_every_pair_is_asked_about_every_other_one():
    questions = {kind: tl.analogies.analogy_questions(kind) for kind in tl.analogies.KINDS}
    assert sum(map(len, questions.values())) == 1278
    for kind, asked in questions.items():
        pairs = set(tl.analogies.word_pairs(kind))
        assert len(set(asked)) == len(asked)
        for a, b, c, d in asked:
            assert (a, b) in pairs and (c, d) in pairs and len({a, b, c, d}) == 4


@pytest.mark.parametrize("kind", ["", "colour", None, 3, ["opposite"]])
def test_an_unknown_kind_gets_a_sentence(kind):
    with pytest.raises((TypeError, ValueError), match="kind"):
        tl.analogies.analogy_questions(kind)
