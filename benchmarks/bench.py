"""The bench: networks, strategies, label budgets and seeds over any lab, in one table.

It resumes: each run is kept in a file of its own, and a second start does what is missing.
joblib spreads the runs over cores, or over a cluster by its own back ends for Dask and Ray.
docs/bench.md says how.
"""

from __future__ import annotations

import argparse
import contextlib
import functools
import itertools
import multiprocessing
import os
import random
import sys
import threading
import time
import traceback
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np

from benchmarks import bench_results, bench_strategies
from benchmarks.bench_plan import ALL, Plan, Run, find, read_plan
from benchmarks.bench_results import Row
from tlhelpers.course.arguments import whole_number
from tlhelpers.data.wording import counted

__all__ = ["main", "read_plan", "run", "run_one"]

THREADS = (
    "OMP_NUM_THREADS",
    "OPENBLAS_NUM_THREADS",
    "MKL_NUM_THREADS",
    "TF_NUM_INTRAOP_THREADS",
    "TF_NUM_INTEROP_THREADS",
)
MOST_GROWTH = 4 * 2**30  # bytes by which a process may grow before it is ended after a run
LOCAL = "local"  # a cluster of Dask's on this computer
DIED = "the process that ran it ended at once: killed, or out of memory"


class Job(NamedTuple):
    """One run as it goes to a worker: names and numbers, no data."""

    plan: Plan
    run: Run
    threads: int | None


# --------------------------------------------------------------------------- in a worker


_alone = threading.Lock()  # seeds are those of a process: one run at a time in each


def run_one(job: Job) -> Row:
    """Do one run and return its row; an error is a row, too.

    Parameters
    ----------
    job
        What to do, with how many cores.  With None, threads are left alone.
    """
    if multiprocessing.current_process().name.startswith("Loky"):
        _be_a_worker()
    plan, run = job.plan, job.run
    row: Row = {"lab": plan.lab_name, **run._asdict()}
    with _alone, _few_threads(job.threads), contextlib.redirect_stdout(sys.stderr):
        try:
            _set_seeds(plan, run.seed)
            lab = bench_strategies.load(plan.lab, run.network, run.seed, plan.lab_identity)
            step = plan.steps[run.strategy]
            strategy = find(step.function)
            budget = None if run.labels == ALL else run.labels
            began, processor = time.perf_counter(), time.process_time()
            found = strategy(lab, run.network, budget, run.seed, **step.settings)
            row |= {
                **_read_scores(found),
                "seconds": round(time.perf_counter() - began, 3),
                "processor_seconds": round(time.process_time() - processor, 3),
                "labels_spent": _spent(lab, run),
                "weights": lab.weights,
            }
        except Exception as error:
            first = (str(error).strip().splitlines() or [""])[0]
            row |= {
                "error": f"{type(error).__name__}: {first}",
                "traceback": traceback.format_exc(),
            }
    return row | {"versions": _versions()}


@functools.cache
def _be_a_worker() -> None:
    """In a process of loky's: keep networks, and end when nobody wants the results any more."""
    # loky takes 300 MB more than at first for a leak, as every network makes them: it would
    # end this process after some runs, and the next one would load TensorFlow again.
    name = "joblib.externals.loky.process_executor"
    if hasattr(sys.modules.get(name), "_MAX_MEMORY_LEAK_SIZE"):
        sys.modules[name]._MAX_MEMORY_LEAK_SIZE = MOST_GROWTH  # type: ignore[attr-defined]
    # It would also wait for five minutes after whoever started it was killed.
    import psutil

    first = os.getppid()
    parent = psutil.Process(first)

    def watch() -> None:
        while os.getppid() == first and parent.is_running():
            time.sleep(1)
        os._exit(1)

    threading.Thread(target=watch, daemon=True).start()


def _spent(lab: Any, run: Run) -> int:
    if run.labels == ALL:
        return max(1, round(len(lab.train.labels) / len(lab.target_classes)))
    return int(run.labels)


def _set_seeds(plan: Plan, seed: int) -> None:
    if plan.keras:
        from tlhelpers import start

        start.load_tensorflow()
        import keras

        keras.utils.set_random_seed(seed)
    else:
        random.seed(seed)
        np.random.seed(seed)


@contextlib.contextmanager
def _few_threads(count: int | None) -> Iterator[None]:
    """Let linear algebra, TensorFlow and ONNX Runtime use so many cores, in this process.

    TensorFlow takes it only if it has not begun to calculate.
    """
    if count is None:
        yield
        return
    from threadpoolctl import threadpool_limits

    before = {name: os.environ.get(name) for name in THREADS}
    os.environ.update(dict.fromkeys(THREADS, str(count)))  # for what is loaded later
    if "tensorflow" in sys.modules:
        with contextlib.suppress(RuntimeError):  # it has begun
            threads = sys.modules["tensorflow"].config.threading
            threads.set_intra_op_parallelism_threads(count)
            threads.set_inter_op_parallelism_threads(count)
    try:
        with threadpool_limits(count), bench_strategies.on_cores(count):
            yield
    finally:
        for name, value in before.items():
            os.environ.pop(name)
            if value is not None:
                os.environ[name] = value


def _read_scores(found: Any) -> dict[str, Any]:
    """Return what a strategy gave, as numbers with names; an accuracy must be among them."""
    if not isinstance(found, Mapping):
        found = {"accuracy": found}
    scores = dict(found)
    taken = [name for name in scores if name in bench_results.RUN]
    if taken:
        raise ValueError(f"A strategy may not return a score called {taken[0]!r}.")
    if "accuracy" not in scores:
        raise ValueError(
            "A strategy must return an accuracy: a number, {'accuracy': …}, or what "
            f"bench_strategies.score(lab, answers) gives; got {', '.join(map(str, scores))}."
        )
    for name, value in scores.items():
        if name != "groups" and value is not None:
            scores[name] = int(value) if isinstance(value, int | np.integer) else float(value)
    if not 0 <= scores["accuracy"] <= 1:
        raise ValueError(f"accuracy must lie between 0 and 1; got {scores['accuracy']}.")
    return scores


def _versions() -> str:
    import tlhelpers

    found = [f"tlhelpers {tlhelpers.__version__}", f"numpy {np.__version__}"]
    for name in ("sklearn", "keras", "tensorflow"):
        if name in sys.modules:
            found.append(f"{name} {sys.modules[name].__version__}")
    return ", ".join(found)


# --------------------------------------------------------------------------- here


def run(
    plan: Plan | Mapping[str, Any],
    folder: str | Path | None = None,
    *,
    jobs: int = 1,
    backend: str | None = None,
    threads: int | None = 1,
    retry: bool = False,
    progress: bool = True,
    **backend_settings: Any,
) -> list[Row]:
    """Do the runs of a plan that are missing, and return a row for each of its runs.

    Parameters
    ----------
    plan
        From `read_plan`, or what it reads.
    folder
        Where runs are kept, each as it ends.  None: nowhere.
    jobs
        How many runs at once.
    backend
        A back end of joblib: ``"loky"`` (processes; the default), ``"dask"``, ``"ray"``, …
    threads
        Cores for each run; the last digits of a result may depend on it.  None: as they are.
    retry
        Try again what failed before.
    progress
        Show a bar with the time left.
    **backend_settings
        Go to ``joblib.parallel_config``, such as ``client=`` for Dask.

    Returns
    -------
    list of dict
        In the order of ``plan.runs``: what the run is of, its scores or its ``error``.

    Raises
    ------
    KeyboardInterrupt
        After Ctrl-C.  What was done by then is kept.
    """
    plan = plan if isinstance(plan, Plan) else read_plan(plan)
    place = None if folder is None else Path(folder)
    kept = {} if place is None else bench_results.read(place, plan)
    done = {r: row for r, row in kept.items() if not (retry and "error" in row)}
    missing = [r for r in plan.runs if r not in done]
    missing = _in_order(missing) if place else missing

    from tqdm.auto import tqdm

    with tqdm(
        total=len(plan.runs), initial=len(done), desc="runs", unit="run", disable=not progress
    ) as bar:

        def take(r: Run, row: Row) -> None:
            if place is not None:
                bench_results.keep(place, plan.file_name(r), row)
            if "error" in row and progress:
                bar.write(f"failed: {', '.join(map(str, r))}: {row['error']}", file=sys.stderr)
            done[r] = row
            bar.update()

        def still_missing(runs: Sequence[Run]) -> Iterator[Job]:
            for r in runs:
                other = bench_results.read_one(place, plan, r) if place else None
                if other is not None and not (retry and "error" in other):
                    done[r] = other  # somebody else did it meanwhile
                    bar.update()
                    continue
                under_way.add(r)
                yield Job(plan, r, threads)

        under_way: set[Run] = set()
        alone: list[Run] = []
        with _joblib(backend, jobs, threads, backend_settings):
            while missing or alone:
                # After a process died: those that were under way, each by itself.
                now, alone = (alone[:1], alone[1:]) if alone else (missing, [])
                under_way.clear()
                try:
                    for row in _results(still_missing(now)):
                        r = Run(*(row[key] for key in Run._fields))
                        under_way.discard(r)
                        take(r, row)
                except _broken_pool():
                    if len(now) == 1:
                        row = {"lab": plan.lab_name, **now[0]._asdict()}
                        take(now[0], row | {"error": f"ProcessDied: {DIED}"})
                    else:
                        alone = list(under_way)
                missing = [r for r in missing if r not in done and r not in alone]
    return [done[r] for r in plan.runs]


def _in_order(runs: Sequence[Run]) -> list[Run]:
    """Put what takes long first, so that no worker is left alone with it at the end.

    Runs of one size are in a random order, so that two who work in one folder seldom do
    the same.
    """

    def size(r: Run) -> float:
        return float("inf") if r.labels == ALL else float(r.labels)

    ordered: list[Run] = []
    for _, same in itertools.groupby(sorted(runs, key=size, reverse=True), size):
        some = list(same)
        random.SystemRandom().shuffle(some)
        ordered += some
    return ordered


def _results(jobs: Iterator[Job]) -> Iterator[Row]:
    """Yield the rows of all jobs, each as it comes."""
    from joblib import Parallel, delayed, effective_n_jobs

    try:
        parallel = Parallel(return_as="generator_unordered", batch_size=1)
    except ValueError:  # this back end gives all of a call at its end: so make small calls
        while part := list(itertools.islice(jobs, 2 * effective_n_jobs())):
            yield from Parallel(batch_size=1)(delayed(run_one)(job) for job in part)
        return
    yield from parallel(delayed(run_one)(job) for job in jobs)


def _joblib(
    backend: str | None, jobs: int, threads: int | None, settings: Mapping[str, Any]
) -> contextlib.AbstractContextManager:
    """Return the context in which joblib uses a back end."""
    from joblib import parallel_config

    if backend == "ray":
        import ray
        from ray.util.joblib import register_ray

        if not ray.is_initialized():
            ray.init()  # the cluster that RAY_ADDRESS names, or one of its own here
        register_ray()
    backend = backend or "loky"
    if backend == "loky":
        settings = {**settings, "inner_max_num_threads": threads}
    return parallel_config(backend=backend, n_jobs=jobs, **settings)


def _broken_pool() -> type[Exception]:
    from joblib.externals.loky.process_executor import BrokenProcessPool

    return BrokenProcessPool


@contextlib.contextmanager
def dask_client(address: str, workers: int) -> Iterator[Any]:
    """Connect to a cluster of Dask's; ``"local"`` starts one on this computer, and ends it.

    Parameters
    ----------
    address
        Of its scheduler, such as ``"tcp://10.0.0.5:8786"``.
    workers
        How many processes a local one has.  It listens to this computer only, and has no
        dashboard.

    Raises
    ------
    ImportError
        If Dask is not installed; the message says what to do.
    ConnectionError
        If there is no scheduler, or it has no worker.
    """
    try:
        from distributed import Client, LocalCluster
    except ImportError:
        raise ImportError("Dask is not installed: pip install dask distributed") from None
    with contextlib.ExitStack() as stack:
        where: Any = address
        if address == LOCAL:
            where = stack.enter_context(
                LocalCluster(
                    n_workers=workers,
                    threads_per_worker=1,
                    host="127.0.0.1",
                    dashboard_address=None,
                )
            )
        try:
            client = stack.enter_context(Client(where, timeout="20s", set_as_default=False))
            client.wait_for_workers(1, timeout=60)
        except (OSError, TimeoutError, ValueError) as error:
            raise ConnectionError(
                f"There is no scheduler of Dask's with a worker at {address} ({error}). Start "
                "'dask scheduler', and 'dask worker ADDRESS --nthreads 1' in this folder."
            ) from None
        yield client


def main(argv: Sequence[str] | None = None) -> int:
    """Do what a TOML file says, and write and print the tables; return the exit status."""
    parser = argparse.ArgumentParser(
        prog="python -m benchmarks.bench",
        description="Networks, strategies, label budgets and seeds over a lab, in one table.",
        epilog="Example:  python -m benchmarks.bench benchmarks/example_bench.toml --jobs 2",
    )
    add, count = parser.add_argument, whole_number(1, 10_000)
    add("file", metavar="FILE", help="what to do: a TOML file")
    add("--jobs", type=count, default=1, metavar="N", help="runs at once (default: %(default)s)")
    add("--threads", type=count, default=1, metavar="N", help="cores a run (default: %(default)s)")
    add("--backend", metavar="NAME", help="a back end of joblib's (default: loky)")
    add("--dask", metavar="ADDRESS", help="a cluster of Dask's; local: one on this computer")
    add("--out", metavar="FOLDER", help="where it is kept (default: bench-results/FILE)")
    add("--retry", action="store_true", help="try again what failed before")
    add("--own-code", action="store_true", help="allow the file to name code, which is then run")
    args = parser.parse_args(argv)
    folder = Path(args.out or Path("bench-results", Path(args.file).stem))
    try:
        plan = read_plan(args.file, own_code=args.own_code)
        with contextlib.ExitStack() as stack:
            settings: dict[str, Any] = {"backend": args.backend}
            if args.dask:
                client = stack.enter_context(dask_client(args.dask, args.jobs))
                settings = {"backend": "dask", "client": client}
            rows = run(
                plan,
                folder,
                jobs=args.jobs,
                threads=args.threads,
                retry=args.retry,
                **settings,
            )
    except KeyboardInterrupt:
        done = len(bench_results.read(folder, plan))
        print(
            f"\nStopped. {done} of {counted(len(plan.runs), 'run')} are done and kept in {folder}; "
            "the same command does the rest.",
            file=sys.stderr,
        )
        return 130
    except (ImportError, OSError, TypeError, ValueError) as error:
        print(error, file=sys.stderr)
        return 2
    print(bench_results.in_words(rows))
    print(f"In {folder}:")
    for line in bench_results.write_all(folder, rows):
        print(f"- {line}")
    _say_more(rows)
    return 0


def _say_more(rows: Sequence[Row]) -> None:
    """Say what failed, and whether the rows were made by different versions."""
    failed = [row for row in rows if "error" in row]
    if failed:
        print(
            f"{counted(len(failed), 'run')} failed, first: {failed[0]['error']} "
            "--retry tries again; the whole message is in its file in runs.",
            file=sys.stderr,
        )
    versions = sorted({row["versions"] for row in rows if "tensorflow" in row.get("versions", "")})
    if len(versions) > 1:
        print(f"The runs are of different versions: {'; '.join(versions)}.", file=sys.stderr)


if __name__ == "__main__":
    from benchmarks import bench  # so that a worker finds what it gets by this name

    sys.exit(bench.main())
