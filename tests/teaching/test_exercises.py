"""Exercises and quizzes: whatever is asked, every answer gets words, and the right ones."""

import ast
import errno
import functools
import json
import re
import subprocess
import sys
import time
from pathlib import Path

import filling
import nbformat
import numpy as np
import pytest

import tlhelpers as tl
from tlhelpers.course import command_line, execution, outputs
from tlhelpers.fetching.whole_files import write_text_whole
from tlhelpers.teaching import progress, quizzes
from tlhelpers.teaching.exercises import checking, definitions
from tlhelpers.teaching.exercises.definitions import Exercise, right, wrong

ALL = [item for number in definitions.notebooks() for item in definitions.load_items(number)[0]]
QUIZZES = [item for number in definitions.notebooks() for item in definitions.load_items(number)[1]]
each_exercise = pytest.mark.parametrize("exercise", ALL, ids=lambda exercise: exercise.id)
each_quiz = pytest.mark.parametrize("quiz", QUIZZES, ids=lambda quiz: quiz.id)


@pytest.fixture(autouse=True)
def own_folder(tmp_path, monkeypatch):
    monkeypatch.setenv("TLHELPERS_DATA", str(tmp_path / "data"))
    return tmp_path / "data"


def verdict_on(exercise, code):
    """Run setup and answer as a notebook would, and hand the answer over as `ask` says."""
    names = {"np": np}
    for text in (exercise.setup, code):
        exec(compile(text, "cell", "exec"), names)
    call = ast.parse(exercise.ask, mode="eval").body
    assert ast.unparse(call.func) == "tl.check" and call.args[0].value == exercise.id

    def value(node):
        return eval(compile(ast.Expression(node), "ask", "eval"), names)

    context = {keyword.arg: value(keyword.value) for keyword in call.keywords}
    start = time.process_time()
    verdict = checking.judge(exercise, value(call.args[1]), context)
    # The promise is for two cores: twice that is how much they may do.
    assert time.process_time() - start < 2 * max(1, exercise.seconds)
    return verdict


@functools.cache
def verdicts_on_mistakes(exercise_id):
    """Judge each known mistake of an exercise, once: some train a network."""
    exercise = definitions.find_item(exercise_id)
    return [verdict_on(exercise, known.code) for known in exercise.mistakes]


def context_of(exercise):
    names = {}
    exec(exercise.setup, names)
    call = ast.parse(exercise.ask, mode="eval").body
    return {k.arg: eval(ast.unparse(k.value), names) for k in call.keywords}


# ------------------------------------------------------------- every exercise


@each_exercise
def test_the_solution_passes(exercise):
    assert verdict_on(exercise, exercise.solution).status == "right"


@each_exercise
def test_the_stub_is_not_answered_yet(exercise):
    verdict = verdict_on(exercise, exercise.stub)
    assert verdict.status == "unanswered"
    assert f'tl.hint("{exercise.id}")' in verdict.text


@each_exercise
def test_each_known_mistake_is_refused_with_words_of_its_own(exercise):
    assert len(exercise.mistakes) >= 3
    said = verdicts_on_mistakes(exercise.id)
    for known, verdict in zip(exercise.mistakes, said, strict=True):
        assert verdict.status == "wrong", (known.code, verdict)
        assert known.says in verdict.text, (known.code, verdict.text)
    for known in exercise.mistakes:
        assert sum(known.says in verdict.text for verdict in said) == 1, known.says


@each_exercise
def test_other_forms_of_a_right_answer_pass(exercise):
    for known in exercise.also_right:
        verdict = verdict_on(exercise, known.code)
        assert verdict.status == "right", (known.code, verdict.text)
        assert known.says in verdict.text, (known.code, verdict.text)


@pytest.mark.parametrize(
    ("guess", "head", "says"),
    [
        (70, "➜ 0.1 Your guess is noted. It was 92 per cent, you were 22 points too low.", "skill"),
        (99, "➜ 0.1 Your guess is noted. It was 92 per cent, you were 7 points too high.", "print"),
        (91, "✔ 0.1 Right. A close guess: it was 92 per cent, you were 1 point too low.", ""),
        (92, "✔ 0.1 Right. Your guess was right to the point.", ""),
    ],
)
def test_only_a_close_guess_is_called_right_and_each_is_done(guess, head, says, capsys):
    tl.check("0.1", guess, measured=0.919)
    said = capsys.readouterr().out
    assert said.startswith(head) and says in said
    assert set(progress.read_solved()[0]) == {"0.1"}


def lines_of_its_own(exercise):
    """Lines of the solution that the stub does not have, without spaces."""
    squeezed = [
        {re.sub(r"\s", "", line) for line in text.splitlines()}
        for text in (exercise.solution, exercise.stub)
    ]
    return {line for line in squeezed[0] - squeezed[1] if len(line) > 3}


@each_exercise
def test_neither_hints_nor_refusals_give_the_answer_away(exercise):
    assert 2 <= len(exercise.hints) <= 3
    said = [verdict.text for verdict in verdicts_on_mistakes(exercise.id)]
    value = re.fullmatch(r"\w+ = [\"']?([A-Z])[\"']?", exercise.solution)
    for text in (*exercise.hints, *said):
        for line in lines_of_its_own(exercise):
            assert line not in re.sub(r"\s", "", text), text
        if value:  # a letter: a list of all letters is the only place for it
            rest = re.sub(r"\b[A-Z](, [A-Z])* or [A-Z]\b", "", text)
            assert not re.search(rf"\b{value[1]}\b", rest), text


class Hostile:
    """Raises from whatever is asked of it."""

    def _raise(self, *args, **kw):
        raise RuntimeError("never touch me")

    __len__ = __eq__ = __repr__ = __str__ = __call__ = __iter__ = __getitem__ = __bool__ = _raise
    __array__ = __float__ = __int__ = __index__ = __getattr__ = __contains__ = __hash__ = _raise
    __lt__ = __add__ = __format__ = keys = items = values = _raise


class Exits:
    def __call__(self, *args):
        raise SystemExit(3)

    def __array__(self, *args, **kw):
        raise SystemExit(3)


def endless():
    while True:
        yield 1


def recursive(*args):
    return recursive(*args)


def fails(*args):
    raise ValueError(Hostile())


def leaves(*args):
    sys.exit("bye")


NONSENSE = [
    None,
    "",
    "a" * 100_000,
    b"bytes",
    float("nan"),
    float("inf"),
    -(10**400),
    1 + 2j,
    True,
    [],
    {},
    set(),
    object(),
    type,
    tl,
    [[1, 2], [3]],
    [[[[[[]]]]]],
    range(10**30),
    range(10**12),
    np.full((3, 4), np.nan),
    np.zeros((0, 5)),
    np.broadcast_to(np.float32(1), (10**6, 10**6)),
    np.array([None, ...], dtype=object),
    np.array("text"),
    np.datetime64("2026-01-01"),
    np.ma.masked,
    Hostile(),
    [Hostile()],
    {"change": Hostile(), "keep": 3},
    Exits(),
    endless(),
    recursive,
    fails,
    leaves,
    lambda: 1,
    lambda *a: None,
    lambda *a: "text",
    lambda *a: Hostile(),
    lambda *a: endless(),
    lambda *a: (Hostile(), Hostile()),
    lambda *a: ([0.5], [[1]]),
    lambda *a: (np.array([10**18]), np.array([-1])),
    lambda *a: np.full(7, np.nan),
    lambda *a: 1 / 0,
    print,
]


@each_exercise
def test_nonsense_gets_words_and_no_error(exercise, capsys, uncompiled):
    context = context_of(exercise)
    for number, nonsense in enumerate(NONSENSE):
        with uncompiled():
            tl.check(exercise.id, nonsense, **context)
        said = capsys.readouterr()
        which = f"NONSENSE[{number}]: {said.out}"  # some of it cannot be printed
        mark = said.out.splitlines()[-1][0]
        assert mark in "✘…", which
        assert len(said.out.splitlines()[-1]) > 25 and "Traceback" not in said.out, which
        assert said.err == "", which


@each_exercise
def test_nonsense_around_the_answer_gets_words_too(exercise, capsys, uncompiled):
    names = {"np": np}
    exec(exercise.setup + "\n" + exercise.solution, names)
    answer = names[ast.unparse(ast.parse(exercise.ask, mode="eval").body.args[1])]
    with uncompiled():
        tl.check(exercise.id, answer)
        tl.check(exercise.id, answer, measured=Hostile(), nonsense=None)
        tl.check(exercise.id, answer, measured="text")
    said = capsys.readouterr().out.splitlines()
    assert sum(line[0] in "✔✘…" for line in said) == 3


def test_ids_match_their_file_and_are_in_order():
    for number in definitions.notebooks():
        exercises, questions = definitions.load_items(number)
        assert [e.id for e in exercises] == [
            f"{int(number)}.{n + 1}" for n in range(len(exercises))
        ]
        assert [q.id for q in questions] == [
            f"{int(number)}.{'abcdef'[n]}" for n in range(len(questions))
        ]
        assert len(exercises) >= 4 and 2 <= len(questions) <= 5
        assert sum(len(exercise.mistakes) for exercise in exercises) >= 4 * len(exercises)


# ------------------------------------------------------------------- the engine


def toy(check, **kw):
    fields = {
        "id": "9.1",
        "title": "toy",
        "stub": "def f(x):\n    y = ...\n    return y",
        "ask": 'tl.check("9.1", f)',
        "hints": ("a", "b"),
        "solution": "def f(x):\n    return x",
        "why": "",
        "check": check,
        "mistakes": (),
    }
    return Exercise(**fields | kw)


def calls(answer, context):
    from tlhelpers.teaching.exercises.reading import call

    return right("") if call(answer, 1) == 1 else wrong("no")


@pytest.mark.skipif(sys.platform == "win32", reason="Windows has no alarm; see time_limit")
@pytest.mark.parametrize("swallow", [False, True])
def test_a_function_that_never_ends_is_stopped(swallow, monkeypatch):
    caught = []

    def spins(x):
        end = time.monotonic() + 20  # so that this test fails, and does not hang
        while time.monotonic() < end:
            try:
                time.sleep(1)
            except BaseException as problem:  # once, as a careless answer may do
                caught.append(problem)
                if len(caught) > swallow:
                    raise

    monkeypatch.setattr(checking, "time_limit", lambda s, real=checking.time_limit: real(0.3))
    start = time.monotonic()
    verdict = checking.judge(toy(calls), spins, {})
    assert verdict.status == "wrong" and "a loop that never ends" in verdict.text
    assert time.monotonic() - start < 5


def test_the_alarm_is_off_afterwards_and_who_was_there_before_is_back():
    signal = pytest.importorskip("signal")
    if not hasattr(signal, "setitimer"):
        pytest.skip("no alarm here")
    before = signal.getsignal(signal.SIGALRM)
    with pytest.raises(KeyError), checking.time_limit(5):
        raise KeyError
    assert signal.getitimer(signal.ITIMER_REAL) == (0.0, 0.0)
    assert signal.getsignal(signal.SIGALRM) is before


def test_who_stops_the_cell_stops_it():
    def stopped(x):
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        checking.judge(toy(calls), stopped, {})


def test_a_gap_in_a_function_is_seen_and_an_index_is_none():
    names = {}
    exec(
        "def a(x): ...\n"
        "def b(x):\n    'words'\n    ...\n"
        "def c(x):\n    pass\n"
        "def d(x):\n    y = x + 1\n    z = ...\n    return z\n"
        "def e(x):\n    return x[..., 0]\n"
        "def f(x):\n    return x[...] + 1\n"
        "def g(x):\n    return 7\n",
        names,
    )
    verdicts = {n: checking.judge(toy(lambda a, c: wrong("")), names[n], {}) for n in "abcdefg"}
    found = {name: verdict.status for name, verdict in verdicts.items()}
    assert found == dict.fromkeys("abcd", "unanswered") | dict.fromkeys("efg", "wrong")


def test_the_learners_own_error_comes_with_its_line():
    names = {}
    exec(compile("def f(x):\n    y = x\n    return y / 0\n", "cell", "exec"), names)
    text = checking.judge(toy(calls), names["f"], {}).text
    assert "ZeroDivisionError" in text and "line 3" in text


def test_an_answer_that_ends_python_is_named():
    text = checking.judge(toy(calls), leaves, {}).text
    assert "Your function stopped with `SystemExit`" in text


def test_a_form_that_was_not_asked_for_is_named():
    from tlhelpers.teaching.exercises import reading

    for read, answer, says in (
        (reading.array, range(10**12), "far more numbers"),
        (reading.array, np.broadcast_to(1.0, (10**6, 10**6)), "far more numbers"),
        (reading.array, "7", "without quotes"),
        (reading.array, leaves, "forget to call it"),
        (reading.array, [[1, 2], [3]], "equally long"),
        (reading.array, [1j], "should hold numbers"),
        (reading.number, [1, 2], "it holds 2"),
        (reading.number, float("nan"), "nan"),
        (reading.number, True, "True"),
        (reading.number, np.ma.masked, "masked"),
        (reading.rows, [[1]], "one row"),
        (reading.rows, [0.5], "whole numbers"),
        (reading.rows, [True, False], "a mask"),
        (reading.call, 3, "without brackets"),
    ):
        with pytest.raises(reading.NotThis, match=says):
            read(answer)


def test_warnings_of_an_answer_are_not_shown(recwarn):
    checking.judge(toy(calls), lambda x: np.mean([]), {})
    assert not recwarn.list


def test_a_long_check_says_so_beforehand(monkeypatch, capsys):
    slow = toy(lambda a, c: right("done"), seconds=8)
    monkeypatch.setattr(checking, "find_item", lambda _: slow)
    tl.check("9.1", ...)
    assert "seconds" not in capsys.readouterr().out
    tl.check("9.1", 1)
    first, second = capsys.readouterr().out.splitlines()
    assert "8 seconds" in first and "Right" in second


def test_hints_come_one_by_one_and_the_last_stays(capsys, monkeypatch):
    monkeypatch.setattr(checking, "_hints_given", {})
    counts = []
    for _ in range(4):
        tl.hint("0.2")
        counts.append(len(re.findall(r"^\d\. ", capsys.readouterr().out, re.MULTILINE)))
    assert counts == [1, 2, 3, 3]


def test_solution_shows_code_and_reason(capsys):
    tl.solution("0.2")
    said = capsys.readouterr().out
    exercise = definitions.find_item("0.2")
    assert exercise.solution in said and exercise.why in said


@pytest.mark.parametrize("name", ["0.99", "77.1", "", None, 3, "0", Hostile, "0.a", "x" * 999])
def test_an_unknown_id_gets_words(name, capsys):
    name = Hostile() if name is Hostile else name  # pytest would print it
    for ask in (tl.check, tl.hint, tl.solution):
        ask(name)
        said = capsys.readouterr().out
        assert 10 < len(said) < 200


def test_edited_wants_the_place_once():
    for old in ("x", "a"):
        with pytest.raises(ValueError):
            definitions.edited("a + a", old, "b")


# --------------------------------------------------------------------- quizzes


@each_quiz
def test_a_quiz_has_one_right_choice_and_an_explanation_for_each(quiz):
    assert sum(choice.right for choice in quiz.choices) == 1
    assert 3 <= len(quiz.choices) <= len(quizzes.LETTERS)
    whys = [choice.why for choice in quiz.choices]
    assert len(set(whys)) == len(whys) and min(map(len, whys)) > 30
    for choice in quiz.choices:  # they are labels of buttons: plain, and on one line
        assert not re.search(r"[*`]", choice.text) and len(choice.text) <= 95


@each_quiz
def test_the_text_of_a_quiz_has_all_choices_and_no_answer(quiz, capsys):
    tl.quiz(quiz.id)
    said = capsys.readouterr().out
    assert quiz.question in said and f'tl.quiz("{quiz.id}"' in said
    for choice in quiz.choices:
        assert choice.text in said and choice.why not in said


@each_quiz
def test_a_letter_answers_a_quiz(quiz, capsys):
    for letter, choice in zip(quizzes.LETTERS, quiz.choices, strict=False):
        tl.quiz(quiz.id, letter.lower())
        said = capsys.readouterr().out
        assert choice.why.replace("**", "") in said
        assert said.startswith("✔" if choice.right else "✘")


@each_quiz
def test_the_buttons_do_the_same(quiz):
    box = quizzes.quiz_buttons(quiz)
    question, choices, button, answer, _ = box.children
    assert choices.value is None and choices.description
    button.click()
    assert "Choose one" in answer.value
    for letter, choice in zip(quizzes.LETTERS, quiz.choices, strict=False):
        choices.value = letter
        button.click()
        assert ("✔" in answer.value) == choice.right
        assert quizzes._as_html(choice.why) in answer.value
    assert (quiz.id in progress.read_solved()[0]) and choices.value == letter


def test_what_buttons_say_is_safe_html():
    assert quizzes._as_html("a < b & **c** `d`") == "a &lt; b &amp; <b>c</b> <code>d</code>"


@pytest.mark.parametrize("choice", ["Z", "", 3, ["A", "B"], float("nan"), Hostile, "0.a"])
def test_nonsense_in_a_quiz_gets_words(choice, capsys):
    odd = choice is Hostile
    choice = Hostile() if odd else choice  # pytest would print it
    tl.quiz("0.a", choice)
    assert capsys.readouterr().out.startswith("… 0.a")
    tl.quiz(choice if odd else str(choice)[:3])
    assert len(capsys.readouterr().out) > 20
    assert progress.read_solved() == ({}, "")


def test_a_quiz_may_be_the_first_thing_that_is_asked():
    code = "import tlhelpers as tl; tl.quiz('0.a')"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True)
    assert (done.returncode, done.stderr) == (0, "") and done.stdout.startswith("Quiz 0.a")


# -------------------------------------------------------------------- progress


def test_solved_exercises_are_remembered_and_counted(capsys):
    tl.progress("00")
    assert capsys.readouterr().out.startswith("Nothing solved yet: 5 exercises and 4 quizzes")
    tl.check("0.4", "A")
    tl.quiz("0.b", "A")
    tl.check("0.2", ...)
    assert progress.read_solved() == ({}, "")
    tl.check("0.4", "C")
    tl.quiz("0.b", "C")
    capsys.readouterr()
    tl.progress(0)
    assert "1 of 5 exercises, 1 of 4 quizzes (0.4, 0.b)" in capsys.readouterr().out
    tl.progress("no such")
    assert "These have: 00" in capsys.readouterr().out


def test_looking_leaves_nothing_behind(own_folder):
    tl.progress("00")
    assert not own_folder.exists()


def test_two_processes_lose_nothing(own_folder):
    code = (
        "import sys; from tlhelpers.teaching import progress as p\n"
        "for n in range(40): assert p.remember_solved(f'{sys.argv[1]}.{n}') == ''"
    )
    runs = [subprocess.Popen([sys.executable, "-c", code, str(k)]) for k in (1, 2)]
    assert [run.wait(60) for run in runs] == [0, 0]
    wanted = {f"{k}.{n}" for k in (1, 2) for n in range(40)}
    assert set(progress.read_solved()[0]) == wanted
    assert set(json.loads((own_folder / "progress.json").read_text())["solved"]) == wanted


@pytest.mark.parametrize(
    "content", ["", "{", "[]", '{"solved": [1]}', '{"solved": {"0.1": 3}}', "\x00"]
)
def test_a_damaged_file_is_set_aside_and_not_lost(content, own_folder, capsys):
    own_folder.mkdir()
    (own_folder / "progress.json").write_text(content)
    tl.check("0.4", "C")
    assert "was damaged" in capsys.readouterr().out
    assert (own_folder / "progress.damaged-1.json").read_text() == content
    assert set(progress.read_solved()[0]) == {"0.4"}
    (own_folder / "progress.json").write_text("worse")
    assert "damaged-2" in progress.read_solved()[1]


def test_what_a_later_version_adds_is_kept(own_folder):
    own_folder.mkdir()
    (own_folder / "progress.json").write_text('{"solved": {}, "drawings": 7}')
    progress.remember_solved("0.1")
    assert json.loads((own_folder / "progress.json").read_text())["drawings"] == 7


@pytest.mark.parametrize("trouble", ["no entry", "no home", "no locks"])
def test_trouble_with_the_folder_is_a_note_everywhere(trouble, monkeypatch, capsys):
    """Whoever made it may be somebody else; a home may be missing, or have no locks."""
    import filelock

    from tlhelpers.fetching.places import NoFolder

    def refuse(*_, **__):
        raise {
            "no entry": PermissionError(errno.EACCES, "Permission denied"),
            "no home": NoFolder("This user has no home folder: set TLHELPERS_DATA"),
            "no locks": OSError(errno.ENOLCK, "No locks available"),
        }[trouble]

    place, name = {
        "no entry": (Path, "exists"),
        "no home": (progress, "learner_folder"),
        "no locks": (filelock.FileLock, "acquire"),
    }[trouble]
    monkeypatch.setattr(place, name, refuse)
    note = "" if trouble == "no locks" else "TLHELPERS_DATA"
    assert note in progress.read_solved()[1]
    assert note in progress.forget_solved()[1]
    tl.progress("00")
    assert note in capsys.readouterr().out
    if trouble == "no locks":
        assert progress.remember_solved("0.4") == ""
        assert set(progress.read_solved()[0]) == {"0.4"}


@pytest.mark.parametrize("trouble", ["no folder", "locked"])
def test_a_file_that_cannot_be_written_costs_a_note_only(trouble, own_folder, capsys, monkeypatch):
    import filelock

    monkeypatch.setattr(progress, "PATIENCE", 0.1)
    if trouble == "no folder":
        own_folder.write_text("a file where the folder should be")
        tl.check("0.4", "C")
    else:
        own_folder.mkdir()
        with filelock.FileLock(own_folder / ".progress.lock"):
            tl.check("0.4", "C")
    said = capsys.readouterr().out
    assert said.startswith("✔ 0.4 Right.") and "cannot be kept" in said


def test_progress_on_the_command_line(capsys, monkeypatch):
    for item in ("0.1", "0.a", "1.1"):
        progress.remember_solved(item)
    assert command_line.main(["progress"]) == 0
    assert "1 of 5 exercises" in capsys.readouterr().out
    monkeypatch.setattr("sys.stdin", open("/dev/null" if sys.platform != "win32" else "nul"))
    assert command_line.main(["progress", "reset", "0"]) == 0
    assert "Nothing was forgotten" in capsys.readouterr().out
    assert len(progress.read_solved()[0]) == 3
    assert command_line.main(["progress", "reset", "00", "--yes"]) == 0
    assert "Forgotten: 0.1, 0.a" in capsys.readouterr().out
    assert set(progress.read_solved()[0]) == {"1.1"}
    assert command_line.main(["progress", "reset", "--yes"]) == 0
    assert progress.read_solved() == ({}, "")
    assert command_line.main(["progress", "show", "99"]) == 2
    assert "These have" in capsys.readouterr().err


# ------------------------------------------------------------------- notebooks


def tiny(*cells):
    sources = ["import numpy as np\nimport tlhelpers as tl\nno_labels = 0.9", *cells]
    nb = nbformat.v4.new_notebook(cells=[nbformat.v4.new_code_cell(text) for text in sources])
    for number, cell in enumerate(nb.cells):
        cell.id = f"cell-{number}"
    return nb


def whole_notebook():
    cells = ['tl.progress("00")', 'tl.quiz("0.a")']
    for exercise in definitions.load_items("00")[0]:
        cells += [exercise.stub, f"1 + 1\n{exercise.ask}"]
    return tiny(*cells)


def test_a_notebook_runs_unsolved_the_same_bytes_whatever_was_solved(tmp_path):
    path = tmp_path / "00_tiny.ipynb"
    write_text_whole(path, execution.notebook_text(whole_notebook()))
    assert outputs.make_outputs(path)[1] is None
    first = path.read_text(encoding="utf-8")
    progress.remember_solved("0.1")  # the learner's own progress does not show
    assert outputs.make_outputs(path) == ([], None)
    assert path.read_text(encoding="utf-8") == first
    nb = execution.read_notebook(path)
    assert filling.statuses(nb) == {f"0.{n}": ["unanswered"] for n in range(1, 6)}
    assert "Nothing solved yet" in nb.cells[1].outputs[0].data["text/plain"]
    quiz = nb.cells[2].outputs[0].data
    assert set(quiz) == {"text/plain", "text/markdown"}  # the buttons need a kernel
    assert "**B.**" in quiz["text/markdown"]
    assert not any(output.get("name") == "stderr" for cell in nb.cells for output in cell.outputs)


def test_a_notebook_with_all_solutions_passes_all_checks(tmp_path):
    path = tmp_path / "00_tiny.ipynb"
    unsolved = whole_notebook()
    solved = filling.with_solutions_below(unsolved)
    assert "np.arange" not in execution.notebook_text(unsolved)
    write_text_whole(path, execution.notebook_text(solved))
    done, _, error = execution.execute_notebook(path)
    assert error is None
    assert filling.asked(unsolved) == [f"0.{n}" for n in range(1, 6)]
    twice = dict.fromkeys(filling.asked(unsolved), ["unanswered", "right"])
    assert filling.statuses(done) == twice
    widget = "application/vnd.jupyter.widget-view+json"
    assert widget in done.cells[2].outputs[0].data  # in a live notebook there are buttons


def test_filling_in_wants_the_stub_and_the_call_of_the_definition():
    exercise = definitions.find_item("0.4")
    indented = "if True:\n    " + exercise.stub + "\n" + exercise.ask
    filled = filling.with_solutions_below(tiny(indented))
    assert filled.cells[1].source == indented
    assert f"    {exercise.solution}\n" in filled.cells[2].source
    for cells in (
        [exercise.ask],
        [exercise.ask, exercise.stub],
        [exercise.stub, 'tl.check("0.4", x)'],
    ):
        with pytest.raises(ValueError):
            filling.with_solutions_below(tiny(*cells))


def test_committed_notebooks_ask_what_is_defined(root):
    for path in sorted((root / "notebooks").glob("*.ipynb")):
        nb = execution.read_notebook(path)
        asked = filling.asked(nb)
        if asked:  # notebooks get their exercises one by one
            number = path.stem.partition("_")[0]
            assert asked == [exercise.id for exercise in definitions.load_items(number)[0]]
            filling.with_solutions_below(nb)
            assert filling.statuses(nb) == dict.fromkeys(asked, ["unanswered"])
