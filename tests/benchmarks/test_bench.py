"""The bench: what it is told, what it keeps, and that every way of running gives one table."""

import csv
import json
import os
import re
import signal
import subprocess
import sys
import time
import tomllib
from pathlib import Path

import ctrl_c
import numpy as np
import psutil
import pytest

from benchmarks import bench, bench_plan, bench_results, bench_strategies
from tlhelpers.data import handwriting, splits
from tlhelpers.labs.lab import Lab
from tlhelpers.transfer import metrics

ROOT = Path(__file__).parents[2]
OWN = """
import os, time

def noted(lab, network, budget, seed):
    with open(os.environ["CALLS"], "a") as file:
        file.write(f"{budget} {seed}\\n")
    time.sleep(float(os.environ.get("NAP", 0)))
    return {"accuracy": (10 * budget + seed) / 100, "mine": seed / 3}

def fails(lab, network, budget, seed):
    if seed == 1:
        raise RuntimeError("no such luck")
    return 0.5

def dies(lab, network, budget, seed):
    if seed == 1:
        os._exit(3)
    return 0.5
"""


@pytest.fixture
def told(tmp_path, monkeypatch):
    """Write a plan with strategies of its own; returns its path, the folder, and the calls."""
    monkeypatch.setenv("CALLS", str(tmp_path / "calls"))
    (tmp_path / "own.py").write_text(OWN, encoding="utf-8")

    def write(strategies=("noted",), labels=(1, 2), seeds=4, **more):
        lines = [
            'lab = "digits"',
            f"strategies = {json.dumps(list(strategies))}",
            f"labels = {list(labels)}",
            f"seeds = {seeds}",
            "keras = false",
            *(f"{key} = {value}" for key, value in more.items()),
            "[own]",
            *(f'{name} = "own.py:{name}"' for name in ("noted", "fails", "dies")),
        ]
        path = tmp_path / "plan.toml"
        path.write_text("\n".join(lines), encoding="utf-8")
        return path

    return write


def calls(tmp_path):
    place = tmp_path / "calls"
    return sorted(place.read_text().split("\n")[:-1]) if place.exists() else []


def start(path, out, *words, **settings):
    """Start the command in a Python of its own."""
    command = [sys.executable, "-m", "benchmarks.bench", str(path), "--own-code", "--out", str(out)]
    pipes = {"stdout": subprocess.PIPE, "stderr": subprocess.PIPE, "encoding": "utf-8"}
    paths = os.pathsep.join([str(ROOT), os.environ["PYTHONPATH"]])
    env = {**os.environ, "PYTHONPATH": paths, "PYTHONIOENCODING": "utf-8", **settings}
    return subprocess.Popen([*command, *words], cwd=ROOT, env=env, **pipes)


def finish(process, status=0):
    said, errors = process.communicate(timeout=120)
    assert process.returncode == status, errors
    return said, errors


def run_files(out):
    return sorted((out / "runs").glob("*.json")) if (out / "runs").exists() else []


def wait_for(count, out, process):
    limit = time.monotonic() + 60
    while len(run_files(out)) < count:
        assert process.poll() is None and time.monotonic() < limit, process.communicate()
        time.sleep(0.02)


# --- the declaration -----------------------------------------------------------------------------


def test_every_network_strategy_budget_and_seed_is_a_run():
    plan = bench.read_plan(
        {
            "lab": "solar",
            "networks": ["MobileNetV2", "EfficientNetLite0"],
            "strategies": ["prediction", "raw pixels", "longer"],
            "variants": {"longer": {"strategy": "fine-tuning", "epochs": 20}},
            "labels": [1, "all"],
            "seeds": [3, 7],
        }
    )
    assert len(plan.runs) == len(set(plan.runs)) == 2 * 2 * (1 + 2 + 2)
    assert {r.labels for r in plan.runs if r.strategy == "prediction"} == {0}
    assert {r.seed for r in plan.runs} == {3, 7} and plan.steps["longer"].settings["epochs"] == 20
    assert len({plan.file_name(r) for r in plan.runs}) == len(plan.runs)


@pytest.mark.parametrize(
    "text, said",
    [
        ("lab = digits", "is not TOML"),
        ("labels = [1]\nstrategies = ['raw pixels']", 'lab = "digits"'),
        ("lab = 'digits'", "strategies = "),
        ("lab = 'digit'\nstrategies = ['raw pixels']\nlabels = [1]", "Did you mean 'digits'?"),
        ("lab = 'digits'\nstrategies = ['raw pixel']\nlabels = [1]", "'raw pixels'?"),
        ("lab = 'digits'\nstrategies = 'raw pixels'\nlabels = [1]", '["raw pixels"]'),
        ("lab = 'digits'\nstrategies = ['raw pixels']", "labels = [1, 5, 20]"),
        ("lab = 'digits'\nstrategies = ['raw pixels']\nlabels = [0]", "got 0"),
        ("lab = 'digits'\nstrategies = ['raw pixels']\nlabels = ['many']", '"all"'),
        ("lab = 'digits'\nstrategies = ['raw pixels']\nlabel = [1]", "'labels'?"),
        ("lab = 'digits'\nstrategies = ['raw pixels']\nlabels = [1]\nseeds = 0", "seeds"),
        ("lab = 'digits'\nstrategies = ['prediction']\nnetworks = ['MobileNetV2']", '"digits"'),
        ("lab = 'solar'\nstrategies = ['prediction']\nnetworks = ['MobilNetV2']", "MobileNetV2"),
        ("lab = {folder = 'nowhere'}\nstrategies = ['prediction']", "nowhere"),
        ("lab = 'digits'\nstrategies = ['x']\nlabels = [1]\n[own]\nx = 'a.py'", "my_function"),
        (
            "lab = 'digits'\nstrategies = ['x']\nlabels = [1]\n[variants.x]\n"
            "strategy = 'fine-tuning'\nepoch = 3",
            "'epochs'?",
        ),
    ],
)
def test_what_does_not_fit_is_said_before_anything_runs(text, said, tmp_path, capsys):
    path = tmp_path / "plan.toml"
    path.write_text(text, encoding="utf-8")
    assert bench.main([str(path), "--out", str(tmp_path / "out")]) == 2
    assert said in capsys.readouterr().err and not (tmp_path / "out").exists()


def test_code_is_run_on_request_only(told, tmp_path, capsys):
    (tmp_path / "own.py").write_text(
        f"open({str(tmp_path / 'ran')!r}, 'w'); noted = fails = dies = abs"
    )
    path = told()
    assert bench.main([str(path), "--out", str(tmp_path / "out")]) == 2
    assert "--own-code" in capsys.readouterr().err and not (tmp_path / "ran").exists()
    bench.read_plan(path, own_code=True)
    assert (tmp_path / "ran").exists()


def test_a_file_that_is_not_there_is_named(tmp_path, capsys):
    assert bench.main([str(tmp_path / "nothing.toml")]) == 2
    assert "nothing.toml" in capsys.readouterr().err


# --- numbers -------------------------------------------------------------------------------------


def test_the_table_has_what_direct_computation_gives(tmp_path):
    from scipy import stats
    from sklearn.linear_model import LogisticRegression

    plan = {"lab": "digits", "strategies": ["raw pixels"], "labels": [2, "all"], "seeds": 3}
    rows = bench.run(plan | {"keras": False}, threads=None, progress=False)
    train, test = handwriting.load_halves()
    flat = [half.images.reshape(len(half.images), -1) for half in (train, test)]
    shares, every_right = [], []
    for seed in range(3):
        drawn = splits.label_budget(train.labels, 2, seed=seed)
        head = LogisticRegression(max_iter=1000).fit(flat[0][drawn], train.labels[drawn])
        every_right.append(head.predict(flat[1]) == test.labels)
        shares.append(every_right[-1].mean())
    tidy = bench_results.table(rows)
    assert [row["accuracy"] for row in tidy if row["labels"] == 2] == shares
    writers = handwriting.writers()[-len(test.labels) :]
    low, high = metrics.group_interval(every_right[0], writers)
    assert (tidy[0]["low"], tidy[0]["high"]) == (low, high)
    assert tidy[0]["interval"] == "Student's t over 8 writers"
    few, everything = bench_results.summary(rows)
    mean = stats.t(2, np.mean(shares), stats.sem(shares))
    assert (few["low"], few["high"]) == pytest.approx(mean.interval(0.95))
    together = metrics.group_interval(np.concatenate(every_right), np.tile(writers, 3))
    assert (few["groups_low"], few["groups_high"]) == together
    head = LogisticRegression(max_iter=1000).fit(flat[0], train.labels)
    assert everything["accuracy"] == head.score(flat[1], test.labels)
    assert everything["low"] is None and everything["interval"] is None  # nothing was drawn
    assert bench_results.curves(rows) == {
        "raw pixels": {2: shares, 90: [everything["accuracy"]] * 3}
    }


def test_small_photographs_are_means_of_squares():
    photographs = np.random.default_rng(0).integers(0, 256, (2, 32, 48, 3), np.uint8)
    rows = bench_strategies.shrink(photographs).reshape(2, 16, 16, 3)
    square = photographs[1, 4:6, 9:12, 2]
    assert rows[1, 2, 3, 2] == pytest.approx(square.astype(float).mean() / 255)


def tiny_lab(network, seed):
    """Bars that lie or stand, and a network that looks for them."""
    rng = np.random.default_rng(0)
    labels = np.arange(60) % 2
    images = rng.uniform(0, 0.3, (60, 8, 8, 1)).astype(np.float32)
    for image, label in zip(images, labels, strict=True):
        place = rng.integers(2, 5)
        (image[place] if label else image[:, place])[:] = 1

    def build(pretrained=True):
        import keras
        from keras import layers

        start = keras.initializers.GlorotUniform
        return keras.Sequential(
            [
                keras.Input((8, 8, 1)),
                layers.Conv2D(4, 3, kernel_initializer=start(1)),
                layers.BatchNormalization(),
                layers.ReLU(),
                layers.Flatten(),
                layers.Dense(2, "softmax", kernel_initializer=start(2)),
            ]
        )

    halves = splits.Split(images[:40], labels[:40]), splits.Split(images[40:], labels[40:])
    names = ("stands", "lies")
    return Lab("bars", names, names, *halves, build, lambda pictures: pictures)


def test_a_run_hangs_on_its_seed_and_not_on_what_ran_before(uncompiled):
    short = {
        name: {"strategy": name, "epochs": epochs, "batch_size": 10, "learning_rate": 0.1}
        for name, epochs in {"fine-tuning": 2, "from scratch": 1}.items()
    }
    variants = {f"{name}, short": what for name, what in short.items()}
    names = [name for name in bench_strategies.STRATEGIES if name not in short] + list(variants)
    plan = {"lab": tiny_lab, "labels": [5], "seeds": 2, "variants": variants}
    with uncompiled():
        rows = bench.run(plan | {"strategies": names}, threads=None, progress=False)
        turned = {"strategies": names[::-1], "seeds": [1, 0]}
        again = bench.run(plan | turned, threads=None, progress=False)

    def scores(rows):
        found = bench_results.table(rows)
        return sorted(str(sorted(row.items(), key=str)) for row in found)

    assert not [row["error"] for row in rows if "error" in row]
    assert scores(rows) == scores(again)
    assert {row["interval"] for row in bench_results.table(rows)} == {"Wilson over 20 pictures"}
    drawn = {row["strategy"]: row for row in rows if row["seed"] == 1}
    assert drawn["frozen features"]["accuracy"] > 0.7 and drawn["frozen features"]["auc"] > 0.7
    assert len(drawn) == len(names)


def test_the_strategy_on_the_page_runs(uncompiled):
    page = (ROOT / "docs" / "bench.md").read_text(encoding="utf-8")
    code = next(
        code for code in re.findall(r"```python\n(.*?)```", page, re.DOTALL) if "def" in code
    )
    names = {}
    exec(code, names)
    plan = {"lab": tiny_lab, "own": {"nearest": names["nearest"]}, "labels": [5], "seeds": 1}
    plan |= {"variants": {"three": {"strategy": "nearest", "neighbours": 3}}}
    with uncompiled():
        plan |= {"strategies": ["nearest", "three"]}
        first, third = bench.run(plan, threads=None, progress=False)
    assert first["accuracy"] > 0.7 and third["accuracy"] != first["accuracy"]


def test_the_example_is_the_one_on_the_page():
    page = (ROOT / "docs" / "bench.md").read_text(encoding="utf-8")
    (shown,) = re.findall(r"```toml\n(lab.*?)```", page, re.DOTALL)
    example = ROOT / "benchmarks" / "example_bench.toml"
    assert tomllib.loads(shown) == tomllib.loads(example.read_text(encoding="utf-8"))
    assert len(bench.read_plan(example).runs) == 60


# --- what is kept --------------------------------------------------------------------------------


def test_a_second_start_does_what_is_missing_only(told, tmp_path):
    out = tmp_path / "out"

    def rerun():
        (tmp_path / "calls").unlink(missing_ok=True)
        plan = bench.read_plan(told(seeds=seeds), own_code=True)
        rows = bench.run(plan, out, threads=None, progress=False)
        assert [row["accuracy"] for row in rows] == [
            (10 * r.labels + r.seed) / 100 for r in plan.runs
        ]
        return calls(tmp_path)

    seeds = 2
    assert rerun() == ["1 0", "1 1", "2 0", "2 1"] and rerun() == []
    seeds = 3
    assert rerun() == ["1 2", "2 2"]
    damaged = next(path for path in run_files(out) if "noted-2-seed1" in path.name)
    damaged.write_bytes(damaged.read_bytes()[:40])
    assert rerun() == ["2 1"] and rerun() == []
    bench_plan._modules.clear()  # as in a new Python
    (tmp_path / "own.py").write_text(OWN + "# changed\n", encoding="utf-8")
    assert len(rerun()) == 6


def test_what_was_done_before_a_kill_stays(told, tmp_path):
    path, out = told(seeds=8), tmp_path / "out"
    process = start(path, out, "--jobs", "2", NAP="0.1")
    wait_for(4, out, process)
    workers = psutil.Process(process.pid).children(recursive=True)
    process.kill()
    process.communicate()
    assert not psutil.wait_procs(workers, timeout=30)[1]  # nobody works on for nothing
    kept = {file.name: file.read_bytes() for file in run_files(out)}
    assert 4 <= len(kept) < 16 and all(json.loads(content) for content in kept.values())
    (tmp_path / "calls").unlink()
    bench.run(bench.read_plan(path, own_code=True), out, progress=False)
    assert len(run_files(out)) == 16 and len(calls(tmp_path)) == 16 - len(kept)
    assert all((out / "runs" / name).read_bytes() == content for name, content in kept.items())


@pytest.mark.skipif(os.name == "nt", reason="Windows sends no Ctrl-C to one process")
def test_after_ctrl_c_it_says_how_to_go_on(told, tmp_path):
    with ctrl_c.heard():
        process = start(told(seeds=20), tmp_path / "out", NAP="0.05")
        wait_for(2, tmp_path / "out", process)
        process.send_signal(signal.SIGINT)
        _, said = finish(process, 130)
    done = len(run_files(tmp_path / "out"))
    assert f"{done} of 40 runs are done and kept" in said and "Traceback" not in said


def test_two_at_once_do_no_harm(told, tmp_path):
    path, out = told(seeds=15), tmp_path / "out"
    both = [start(path, out, NAP="0.05") for _ in range(2)]
    tables = []
    for process in both:
        finish(process)
        tables.append((out / "table.csv").read_bytes())
    assert tables[0] == tables[1] and len(run_files(out)) == 30
    with (out / "table.csv").open(encoding="utf-8") as file:
        found = list(csv.DictReader(file))
    assert len(found) == 30 and float(found[3]["mine"]) == int(found[3]["seed"]) / 3
    assert not list(out.rglob(".part-*")) and len(calls(tmp_path)) < 50  # work is shared


def test_a_run_that_fails_does_not_stop_the_others(told, tmp_path, capsys):
    words = [str(told(["fails"], seeds=3)), "--out", str(tmp_path / "out"), "--own-code"]
    for more in ([], ["--retry"]):
        assert bench.main(words + more) == 0
        said = capsys.readouterr()
        assert "2 runs failed" in said.err and "RuntimeError: no such luck" in said.err
        assert ("failed: " in said.err) and "| failed runs |" in said.out
    assert bench.main(words) == 0 and "failed: " not in capsys.readouterr().err  # not again
    with (tmp_path / "out" / "table.csv").open(encoding="utf-8") as file:
        found = list(csv.DictReader(file))
    assert [row["error"] != "" for row in found] == [False, False, True, True, False, False]
    one = json.loads(run_files(tmp_path / "out")[1].read_text(encoding="utf-8"))
    assert "own.py" in one["traceback"] and one["error"] == "RuntimeError: no such luck"


@pytest.mark.parametrize(
    "given, said",
    [
        (1.2, "between 0 and 1"),
        ({"auc": 0.5}, "must return an accuracy"),
        ({"accuracy": 0.5, "seed": 3}, "'seed'"),
        ("good", "could not convert"),
    ],
)
def test_what_is_no_score_is_an_error_of_that_run(given, said):
    plan = {"lab": "digits", "strategies": ["odd"], "labels": [1], "seeds": 1, "keras": False}
    plan["own"] = {"odd": lambda lab, network, budget, seed: given}
    (row,) = bench.run(plan, threads=None, progress=False)
    assert said in row["error"] and "accuracy" not in row
    assert bench_results.figure_of([row]) is None


# --- processes, and a cluster --------------------------------------------------------------------


def test_the_others_go_on_when_a_process_dies(told, tmp_path, capfd):
    plan = bench.read_plan(told(["noted", "dies"], labels=[1], seeds=2), own_code=True)
    rows = bench.run(plan, jobs=2)
    assert [(row["strategy"], row["seed"]) for row in rows if "error" in row] == [("dies", 1)]
    assert "killed, or out of memory" in capfd.readouterr().err and len(rows) == 4


def test_every_way_of_running_gives_one_table(told, tmp_path):
    path = told(["raw pixels", "noted"], seeds=3)
    plan = bench.read_plan(path, own_code=True)

    def tables(name):
        return [(tmp_path / name / f"{file}.csv").read_bytes() for file in ("table", "summary")]

    for name, jobs in {"one after the other": 1, "joblib": 2}.items():
        rows = bench.run(plan, tmp_path / name, jobs=jobs, progress=False)
        bench_results.write_all(tmp_path / name, rows)
    assert tables("joblib") == tables("one after the other")
    pytest.importorskip("distributed", reason="Dask is not installed: pip install distributed")
    finish(start(path, tmp_path / "Dask", "--jobs", "2", "--dask", "local"))
    assert tables("Dask") == tables("joblib") and len(tables("Dask")[0].splitlines()) == 13


def test_without_dask_it_says_what_to_install(told, tmp_path, monkeypatch, capsys):
    monkeypatch.setitem(sys.modules, "distributed", None)
    words = [str(told()), "--own-code", "--out", str(tmp_path / "out"), "--dask", "local"]
    assert bench.main(words) == 2
    assert "pip install dask distributed" in capsys.readouterr().err


# --- files ---------------------------------------------------------------------------------------


def test_tables_and_a_figure_lie_in_the_folder(told, tmp_path, capsys):
    path, out = told(["raw pixels"], seeds=2), tmp_path / "out"
    assert bench.main([str(path), "--own-code", "--out", str(out)]) == 0
    said = capsys.readouterr().out
    assert "| digits | raw pixels | 1 |" in said and "Bands go from the lowest seed" in said
    assert (out / "figure.png").read_bytes()[1:4] == b"PNG"
    assert (
        b"Accuracy against labels" in (out / "figure.png").read_bytes()
    )  # for those who cannot see
    with (out / "summary.csv").open(encoding="utf-8") as file:
        assert [row["runs"] for row in csv.DictReader(file)] == ["2", "2"]


def test_parquet_holds_the_same_table(told, tmp_path):
    pytest.importorskip("pyarrow", reason="pyarrow is not installed: pip install pyarrow")
    from pyarrow import parquet

    rows = [{"lab": "x", "labels": "all", "accuracy": 0.5}, {"lab": "x", "labels": 1, "mine": 2}]
    bench_results._write_parquet(tmp_path / "table.parquet", rows)
    found = parquet.read_table(tmp_path / "table.parquet").to_pylist()
    assert found[0] == {"lab": "x", "labels": "all", "accuracy": 0.5, "mine": None}


def test_without_pyarrow_it_says_what_to_install(tmp_path, monkeypatch):
    monkeypatch.setitem(sys.modules, "pyarrow", None)
    assert "pip install pyarrow" in bench_results._write_parquet(tmp_path / "table.parquet", [])
    assert not list(tmp_path.iterdir())
