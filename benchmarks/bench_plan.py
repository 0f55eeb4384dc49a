"""What the bench shall do: a declaration, read from a dictionary or a TOML file.

What is misspelt is said before anything runs.
"""

from __future__ import annotations

import difflib
import hashlib
import importlib
import importlib.util
import inspect
import itertools
import json
import re
import tomllib
import uuid
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, NamedTuple

from benchmarks.bench_strategies import STRATEGIES, LabPlan, Strategy
from tlhelpers.inputs import read_count, read_items, read_mapping, read_seed
from tlhelpers.labs.load import LABS
from tlhelpers.networks import table
from tlhelpers.networks.fingerprint import digest

KEYS = ("lab", "networks", "strategies", "labels", "seeds", "variants", "own", "keras")
ALL = "all"  # labels
FORMAT = "1"  # of what is kept of a run; another one is computed anew


class Run(NamedTuple):
    """One run: a network, a strategy, how many labels of each class, and a seed.

    ``labels`` is 0 for a strategy that spends none, and ``"all"`` for all that there are.
    """

    network: str
    strategy: str
    labels: int | str
    seed: int


class Step(NamedTuple):
    """What a strategy of a plan does: a function, its settings, and by what it is known again."""

    function: Strategy | str
    settings: Mapping[str, Any]
    identity: str
    without_labels: bool


@dataclass(frozen=True)
class Plan:
    """A declaration that has been read; made by `read_plan`.

    Attributes
    ----------
    lab
        A name, a folder, or a function; see `bench_strategies.load`.
    lab_identity
        By what the lab is known again.
    steps
        Name of a strategy → what it does.
    runs
        All runs, one seed after the other.
    keras
        Whether Keras is loaded, and its seed set, before each run.
    """

    lab: LabPlan
    lab_identity: str
    steps: Mapping[str, Step]
    runs: tuple[Run, ...]
    keras: bool = True
    lab_name: str = field(default="")

    def file_name(self, run: Run) -> str:
        """Return the name of the file that keeps a run: readable, and of nothing else.

        Examples
        --------
        >>> plan = read_plan({"lab": "digits", "strategies": ["raw pixels"], "labels": [1]})
        >>> plan.file_name(plan.runs[0])
        'digits-raw_pixels-1-seed0-c91c6da3ba57.json'
        """
        step = self.steps[run.strategy]
        settings = json.dumps(step.settings, sort_keys=True, default=str)
        key = digest(FORMAT, self.lab_identity, *run, step.identity, settings)[:12]
        words = re.sub(r"[^\w.-]+", "_", f"{run.network}-{run.strategy}-{run.labels}")[:80]
        return f"{words}-seed{run.seed}-{key}.json"


def read_plan(declaration: Mapping[str, Any] | str | Path, *, own_code: bool = False) -> Plan:
    """Read what shall be done.

    Parameters
    ----------
    declaration
        A dictionary, or the path of a TOML file, with these keys:

        ``lab``: ``"digits"``, ``"flowers"``, ``"solar"``, ``{"folder": "my_pictures"}``, or in
        Python a function of ``(network, seed)`` that returns a ``tl.Lab``.
        ``networks``: ``["digits"]``, or names such as ``"MobileNetV2"``.
        ``strategies``: names in `STRATEGIES`, in ``own`` or in ``variants``.
        ``labels``: labels of each class, such as ``[1, 5, "all"]``.
        ``seeds``: how many (5: 0 to 4), or a list.
        ``variants``: name → ``{"strategy": "fine-tuning", "epochs": 20}``.
        ``own``: name → a function of yours; in TOML ``"file.py:function"``.
        ``keras``: false where no run needs Keras, which takes seconds to load.
    own_code
        Whether functions named by a text may be imported, which runs their file.

    Returns
    -------
    Plan

    Raises
    ------
    OSError
        If the file cannot be read.
    TypeError, ValueError
        If something does not fit; the message says what, and what would.

    Examples
    --------
    >>> plan = read_plan({"lab": "digits", "strategies": ["prediction", "raw pixels"],
    ...                   "labels": [1, 5], "seeds": 2})
    >>> len(plan.runs), plan.runs[0]
    (6, Run(network='digits', strategy='prediction', labels=0, seed=0))
    """
    folder, name = Path(), "The plan"
    if isinstance(declaration, (str, Path)):
        path = Path(declaration)
        folder, name = path.parent, path.name
        declaration = _read_toml(path)
    given = read_mapping(declaration, name)
    _only(given, KEYS, name)
    for key in ("lab", "strategies"):
        if key not in given:
            raise ValueError(f"{name} has no {key!r}. Write for example: {_EXAMPLES[key]}")
    lab, lab_name, lab_identity = _read_lab(given["lab"], folder)
    networks = _read_networks(given.get("networks"), lab)
    steps = _read_steps(given, folder, own_code)
    labels = _read_labels(given.get("labels", []))
    seeds = _read_seeds(given.get("seeds", 5))
    spending = [step for step, what in steps.items() if not what.without_labels]
    if spending and not labels:
        raise ValueError(f"{spending[0]!r} spends labels: say how many, as in labels = [1, 5, 20].")
    keras = given.get("keras", True)
    if not isinstance(keras, bool):
        raise TypeError(f"keras must be true or false; got {keras!r}.")
    runs = [
        Run(network, step, count, seed)
        for seed, network, step in itertools.product(seeds, networks, steps)
        for count in ([0] if steps[step].without_labels else labels)
    ]
    return Plan(lab, lab_identity, steps, tuple(runs), keras, lab_name)


_EXAMPLES = {
    "lab": 'lab = "digits"',
    "strategies": 'strategies = ["raw pixels", "frozen features"]',
}


def _read_toml(path: Path) -> dict[str, Any]:
    try:
        return tomllib.loads(path.read_text(encoding="utf-8-sig"))
    except UnicodeDecodeError as error:
        raise ValueError(f"{path} is not a text in UTF-8 ({error}). Save it as UTF-8.") from None
    except tomllib.TOMLDecodeError as error:
        raise ValueError(
            f"{path} is not TOML: {error}. A text stands in quotation marks, as in "
            'lab = "digits", and a list in brackets, as in labels = [1, 5, 20].'
        ) from None


def _only(given: Iterable[str], known: Iterable[str], where: str) -> None:
    """Refuse what is not known, with what may have been meant."""
    known = list(known)
    for key in given:
        if key not in known:
            close = difflib.get_close_matches(str(key), known, n=1)
            meant = f" Did you mean {close[0]!r}?" if close else ""
            raise ValueError(f"{where}: unknown {key!r}.{meant} Known are: {', '.join(known)}.")


def _read_lab(lab: Any, folder: Path) -> tuple[LabPlan, str, str]:
    if callable(lab):
        name = getattr(lab, "__name__", "own")
        return lab, name, f"function {_identity(lab)}"
    if isinstance(lab, Mapping):
        _only(lab, ["folder"], "lab")
        if not isinstance(lab.get("folder"), str):
            raise ValueError('lab needs a folder of pictures: lab = {folder = "my_pictures"}.')
        path = (folder / lab["folder"]).absolute()
        if not path.is_dir():
            raise FileNotFoundError(f"There is no folder {path}, which the lab names.")
        return {"folder": str(path)}, path.name, f"folder {path}"
    if not isinstance(lab, str):
        raise TypeError(f"lab must be a name ({', '.join(LABS)}), a folder, or a function.")
    _only([lab], LABS, "lab")
    return lab, lab, lab


def _read_networks(networks: Any, lab: LabPlan) -> list[str]:
    if networks is None:
        networks = ["own"] if callable(lab) else ["digits" if lab == "digits" else _USUAL]
    names = _texts(networks, "networks", '["MobileNetV2"]')
    for name in names:
        if callable(lab):
            continue
        if lab == "digits" and name != "digits":
            raise ValueError(f'The digits lab has one network, "digits"; got {name!r}.')
        if name != "digits" or isinstance(lab, str) and lab != "digits":
            table.find_architecture(name)
    return names


_USUAL = "EfficientNetLite0"


def _texts(items: Any, name: str, example: str) -> list[str]:
    if isinstance(items, str):
        raise TypeError(f"{name} must be a list: write {name} = {json.dumps([items])}.")
    found = read_items(items, name)
    for item in found:
        if not isinstance(item, str):
            raise TypeError(f"{name} must hold texts, as in {name} = {example}; got {item!r}.")
    return list(dict.fromkeys(found))


def _read_labels(labels: Any) -> list[int | str]:
    found: list[int | str] = []
    for item in read_items(labels, "labels", at_least=0):
        if isinstance(item, str) and item != ALL:
            raise ValueError(f'labels holds {item!r}; wanted are whole numbers, or "all".')
        found.append(item if item == ALL else read_count(item, "A number in labels"))
    return list(dict.fromkeys(found))


def _read_seeds(seeds: Any) -> list[int]:
    if isinstance(seeds, (list, tuple, range)):
        return list(dict.fromkeys(read_seed(s, "A seed") for s in read_items(list(seeds), "seeds")))
    return list(range(read_count(seeds, "seeds", most=100_000)))


# --------------------------------------------------------------------------- strategies


def _read_steps(given: Mapping[str, Any], folder: Path, own_code: bool) -> dict[str, Step]:
    own = read_mapping(given.get("own", {}), "own", at_least=0)
    variants = read_mapping(given.get("variants", {}), "variants", at_least=0)
    functions: dict[str, Strategy | str] = dict(STRATEGIES)
    for name, what in own.items():
        functions[name] = _read_own(name, what, folder, own_code)
    names = _texts(given["strategies"], "strategies", '["raw pixels"]')
    _only(names, [*functions, *variants], "strategies")
    return {name: _read_step(name, functions, variants) for name in names}


def _read_step(
    name: str, functions: Mapping[str, Strategy | str], variants: Mapping[str, Any]
) -> Step:
    settings: dict[str, Any] = {}
    if name in variants:
        where = f"variants.{name!r}"
        settings = read_mapping(variants[name], where)
        base = settings.pop("strategy", None)
        if base is None:
            raise ValueError(f'{where} must say of what: strategy = "fine-tuning".')
        _only([base], functions, where)
    else:
        base = name
    function = find(functions[base])
    try:
        known = list(inspect.signature(function).parameters.values())
    except ValueError:
        known = []
    if known and not any(p.kind is p.VAR_KEYWORD for p in known):
        _only(settings, [p.name for p in known[4:]], f"The settings of {name!r}")
    identity = (
        f"the bench's {base}"
        if base in STRATEGIES and functions[base] is function
        else (_identity(functions[base]))
    )
    free = bool(getattr(function, "without_labels", False))
    return Step(functions[base], settings, identity, free)


def _read_own(name: str, what: Any, folder: Path, own_code: bool) -> Strategy | str:
    if callable(what):
        return what
    place, colon, function = str(what).rpartition(":")
    if not isinstance(what, str) or not colon or not place or not function.isidentifier():
        raise ValueError(
            f"own.{name!r} must name a function, as in 'my_file.py:my_function'; got {what!r}."
        )
    if not own_code:
        raise ValueError(
            f"own.{name!r} names code ({what}), and reading a plan runs none. If you trust it, "
            "add --own-code to the command, or own_code=True in Python."
        )
    if place.endswith(".py"):
        place = str((folder / place).absolute())
    return f"{place}:{function}"


def find(function: Strategy | str) -> Strategy:
    """Return a function, or import the one that a text names: a file or a module, and its name."""
    if callable(function):
        return function
    place, _, name = function.rpartition(":")
    found = getattr(_module(place), name, None)
    if not callable(found):
        raise ValueError(f"There is no function {name} in {place}.")
    return found


_modules: dict[str, Any] = {}


def _module(place: str) -> Any:
    if not place.endswith(".py"):
        return importlib.import_module(place)
    if place not in _modules:
        if not Path(place).is_file():
            raise FileNotFoundError(f"There is no file {place}, which the plan names.")
        name = f"bench_own_{digest(place)[:8]}"
        spec = importlib.util.spec_from_file_location(name, place)
        assert spec is not None and spec.loader is not None
        module = importlib.util.module_from_spec(spec)
        spec.loader.exec_module(module)
        _modules[place] = module
    return _modules[place]


def _identity(function: Callable | str) -> str:
    """Return a name that changes when a function's own lines do, or what it holds on to."""
    if isinstance(function, str):
        place, _, name = function.rpartition(":")
        file = place if place.endswith(".py") else getattr(_module(place), "__file__", None)
        content = hashlib.sha256(Path(file).read_bytes()).hexdigest() if file else ""
        return f"{name} {content}"
    name = getattr(function, "__qualname__", type(function).__name__)
    held = _held(function)
    try:
        source = inspect.getsource(function)
    except (OSError, TypeError):  # typed into a Python that keeps no source
        source = str(getattr(getattr(function, "__code__", None), "co_code", b""))
    return digest(name, source, held)


def _held(function: Callable) -> str:
    """Return a name for what a function holds on to from where it was made."""
    import joblib

    cells = getattr(function, "__closure__", None) or ()
    try:
        holds = (
            [cell.cell_contents for cell in cells] if hasattr(function, "__code__") else function
        )
        return str(joblib.hash(holds)) if holds else ""
    except Exception:  # it cannot be written down: then nobody can tell another time
        return uuid.uuid4().hex
