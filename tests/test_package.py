"""The package as a whole: quick to import, one direction of arrows, working examples."""

import ast
import os
import subprocess
import sys
from pathlib import Path

import tlhelpers as tl

PACKAGE = Path(tl.__file__).parent
HEAVY = {"tensorflow", "keras", "matplotlib", "sklearn", "scipy", "skimage", "nbclient", "IPython"}


def test_import_is_quick_and_loads_nothing_heavy():
    code = (
        "import sys, time; began = time.process_time(); import tlhelpers; "
        "print(time.process_time() - began); "
        f"print(sorted({HEAVY!r} & {{name.split('.')[0] for name in sys.modules}}))"
    )
    run = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, timeout=60)
    seconds, heavy = run.stdout.strip().splitlines()
    assert float(seconds) < 0.5
    assert heavy == "[]"


def test_onnx_runtime_reports_nothing(tmp_path):
    """By default it makes an identifier of the device in the home folder, and sends it."""
    unset = ("ORT_DISABLE_TELEMETRY", "XDG_CACHE_HOME")
    env = {name: value for name, value in os.environ.items() if name not in unset}
    env |= dict.fromkeys(("HOME", "USERPROFILE", "LOCALAPPDATA"), str(tmp_path))
    code = "import tlhelpers, onnxruntime; print(onnxruntime.__version__)"
    subprocess.run([sys.executable, "-c", code], env=env, check=True, timeout=60)
    assert not [path for path in tmp_path.rglob("*") if "onnxruntime" in path.name]


def modules() -> dict[str, Path]:
    """Every module by its name within the package, such as ``exercises.reading``."""
    paths = [path.relative_to(PACKAGE) for path in PACKAGE.rglob("*.py")]
    return {".".join(path.with_suffix("").parts): PACKAGE / path for path in paths}


def imports_of(path: Path) -> set[str]:
    """Modules of the package that a module imports, wherever it does so."""
    found, known = set(), modules()
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        # One way to write it, so that this test sees every arrow.
        assert not (isinstance(node, ast.ImportFrom) and node.level), path
        if isinstance(node, ast.Import):
            assert not any(alias.name.startswith("tlhelpers") for alias in node.names), path
        if isinstance(node, ast.ImportFrom) and (node.module or "").startswith("tlhelpers"):
            for alias in node.names:
                name = f"{node.module}.{alias.name}".removeprefix("tlhelpers.")
                name = name if name in known else name.rpartition(".")[0]
                found.add(name if name in known or not name else f"{name}.__init__")
    return found


def test_no_two_modules_import_each_other():
    graph = {name: imports_of(path) for name, path in modules().items()}

    def below(name: str, seen: frozenset = frozenset()) -> set[str]:
        assert name not in seen, f"a circle of imports through {name}"
        children = graph.get(name, set())
        return children.union(*(below(child, seen | {name}) for child in children))

    for name in graph:
        below(name)
    for name in ("inputs", "plots.letters", "data.wording"):
        assert graph[name] == set()


def test_every_public_name_exists():
    for name in tl.__all__:
        assert getattr(tl, name) is not None
    homes = {*tl._MODULES.values(), *tl._NAMES.values()}
    assert homes <= {name.removesuffix(".__init__") for name in modules()}


def test_public_functions_are_documented():
    missing = []
    for path in modules().values():
        tree = ast.parse(path.read_text(encoding="utf-8"))
        classes = [node for node in tree.body if isinstance(node, ast.ClassDef)]
        for node in [tree, *tree.body, *(node for x in classes for node in x.body)]:
            name = getattr(node, "name", "module")
            documentable = isinstance(node, (ast.Module, ast.FunctionDef, ast.ClassDef))
            if any(getattr(d, "id", "") == "overload" for d in getattr(node, "decorator_list", ())):
                continue  # for type checkers; the one below them is documented
            if documentable and name[0] != "_" and not ast.get_docstring(node):
                missing.append(f"{path.name}: {name}")
    assert missing == []
