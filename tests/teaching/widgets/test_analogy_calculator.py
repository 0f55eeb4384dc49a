"""The analogy calculator, without a browser: its answers, and what its fields do."""

import numpy as np
import pytest

import tlhelpers as tl
from tlhelpers.data.word_vectors import UnknownWord, make_word_vectors
from tlhelpers.teaching.widgets import analogies, manners, showing

#: Two directions (woman, royal) and one that keeps words apart, as small as that.
PEOPLE = {
    "man": [0, 0, 1.0, 0.0],
    "woman": [1, 0, 1.0, 0.0],
    "king": [0, 2, 1.0, 0.1],
    "queen": [1, 2, 1.0, 0.1],
    "boy": [0, 0, 1.0, 0.6],
    "girl": [1, 0, 1.0, 0.6],
}


@pytest.fixture
def people():
    return make_word_vectors(list(PEOPLE), np.array(list(PEOPLE.values())))


def by_hand(a, b, c):
    """The cosine of each word to b - a + c, all three made as long as 1."""
    unit = {word: np.array(v) / np.linalg.norm(v) for word, v in PEOPLE.items()}
    way = unit[b] - unit[a] + unit[c]
    return {word: v @ way / np.linalg.norm(way) for word, v in unit.items()}


def test_the_answer_is_the_nearest_to_the_direction(people):
    solved = analogies.solve(people, " Man ", "king", "woman")
    wanted = by_hand("man", "king", "woman")
    others = sorted({*wanted} - {"man", "king", "woman"}, key=wanted.get, reverse=True)
    assert [word for word, _ in solved.answers] == others and others[0] == "queen"
    for word, cosine in solved.answers:
        assert cosine == pytest.approx(wanted[word], abs=1e-5)
    assert not solved.own and solved.plain == "girl"
    assert analogies.solve(people, "man", "girl", "woman").plain != "girl"


def test_words_of_the_question_are_answers_only_if_they_may_be(people):
    solved = analogies.solve(people, "man", "boy", "king", own_words=True)
    assert {word for word, _ in solved.answers} == set(PEOPLE)
    assert solved.own == {"man", "boy", "king"} and solved.answers[0][0] == "king"
    said = analogies.describe_solved(solved)
    assert "a word of the question itself" in said and "first other word is queen" in said
    assert len(analogies.solve(people, "man", "boy", "king", count=2).answers) == 2


def test_what_cannot_be_asked_gets_a_sentence(people):
    with pytest.raises(UnknownWord, match="No vector for 'knig'"):
        analogies.solve(people, "man", "knig", "woman")
    with pytest.raises(ValueError, match="Write a word for b and c"):
        analogies.solve(people, "man", "", "  ")
    with pytest.raises(TypeError, match="must be text|must be a text"):
        analogies.solve(people, "man", 3, "woman")
    with pytest.raises(TypeError, match="must be WordVectors"):
        tl.explore_analogies({"man": [1, 2]})
    with pytest.raises(ValueError, match="4 words or more"):
        tl.explore_analogies(make_word_vectors(["a", "b", "c"], np.eye(3)))


def test_fields_have_names_and_keys_stay_with_them(people):
    box = tl.explore_analogies(people)
    for field in (box.example, box.a, box.b, box.c, box.own_words, box.button):
        assert field.description and len(field.tooltip) > 10
    assert manners.BOX in box._dom_classes and manners.READ_OUT in box.words.widget._dom_classes
    assert isinstance(box.words, showing.Words)


def test_a_question_is_answered_in_words_and_in_a_picture(people):
    box = tl.explore_analogies(people)
    assert (box.a.value, box.b.value, box.c.value) == analogies.QUESTIONS[0]
    assert "woman is to: queen" in box.words.text and box.words.text in box.picture.alt
    first = box.picture.png
    assert first[1:4] == b"PNG" and "queen" in box.picture.alt
    box.a.value, box.b.value, box.c.value = "boy", "girl", "king"
    assert "king is to: queen" in box.words.text and box.picture.png != first
    second = box.picture.png
    box.own_words.value = True
    assert box.picture.png != second and "did not work" not in box.words.text


def test_a_misspelt_or_missing_word_leaves_the_last_picture(people):
    box = tl.explore_analogies(people)
    before = box.picture.png
    box.b.value = "knig"
    assert box.words.text.startswith("No vector for 'knig'") and box.picture.png == before
    assert "Traceback" not in box.words.widget.value
    box.b.value = " "
    assert box.words.text.startswith("Write a word for b:") and box.picture.png == before
    box.b.value = "<b>boy"
    assert "<b>boy" not in box.words.widget.value
    box.b.value = "king"
    box.button.click()
    assert "woman is to: queen" in box.words.text


def test_an_example_fills_the_fields():
    words = ["man", "king", "woman", "queen", "hot", "cold", "day", "night"]
    box = tl.explore_analogies(make_word_vectors(words, np.eye(8) + 0.5))
    assert [one for _, one in box.example.options] == [
        analogies.QUESTIONS[0],
        analogies.QUESTIONS[-1],
    ]
    box.example.value = analogies.QUESTIONS[-1]
    assert (box.a.value, box.b.value, box.c.value) == ("hot", "cold", "day")
    assert "day is to:" in box.words.text


def test_words_without_an_example_are_asked_about_all_the_same():
    box = tl.explore_analogies(make_word_vectors(list("wxyz"), np.eye(4)))
    assert (box.a.value, box.b.value, box.c.value) == ("w", "x", "y")
    assert "y is to: z" in box.words.text
