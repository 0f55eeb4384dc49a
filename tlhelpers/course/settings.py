"""What the learner has set, in variables and files, that may disturb the course.

The course sets what it needs by itself where it can.  Here is named what it
cannot, for ``tlhelpers doctor``.  Values are not shown: they may be private.
"""

from __future__ import annotations

import importlib.machinery
import importlib.util
import json
import os
import re
import subprocess
import sys
from collections.abc import Iterator, Sequence
from pathlib import Path
from urllib.parse import urlsplit

from tlhelpers.fetching import internet, mirror, places
from tlhelpers.start import BACKENDS

#: What disturbs, and whether it has to be put right (or is only good to know).
Finding = tuple[bool, str]

FOLDERS = (
    "TLHELPERS_CACHE",
    "TLHELPERS_DATA",
    "KERAS_HOME",
    "JUPYTER_CONFIG_DIR",
    "JUPYTER_DATA_DIR",
    "JUPYTER_RUNTIME_DIR",
    "IPYTHONDIR",
    "MPLCONFIGDIR",
)
CERTIFICATES = (*internet.CERTIFICATES, "SSL_CERT_FILE", "SSL_CERT_DIR", "PIP_CERT")
COUNTS = (
    "OMP_NUM_THREADS",
    "OPENBLAS_NUM_THREADS",
    "MKL_NUM_THREADS",
    "TF_NUM_INTRAOP_THREADS",
    "TF_NUM_INTEROP_THREADS",
)
#: What a pip.conf may say that leads packages elsewhere.
LEADS_ASTRAY = ("user", "target", "prefix", "root")
#: Packages of the course, which a PYTHONPATH must not bring in another version.
PACKAGES = ("numpy", "keras", "tensorflow", "matplotlib", "sklearn", "PIL", "ipykernel")


def find_disturbing() -> list[Finding]:
    """Look through variables and files, and return what disturbs or is good to know.

    Returns
    -------
    list
        For each: whether it has to be put right, and sentences that name the
        variable or the file, and say what to do.
    """
    looks = (_home, _folders, _mirror, _keras, _matplotlib, _network, _python, _pip, _numbers)
    return [finding for look in looks for finding in look()]


def _set(names: Sequence[str]) -> Iterator[tuple[str, str]]:
    """Yield those of some variables that are set, with their values."""
    for name in names:
        if value := places.setting(name):
            yield name, value


def _home() -> Iterator[Finding]:
    try:
        Path.home()
    except RuntimeError:
        wanted = ("TLHELPERS_CACHE", "TLHELPERS_DATA", "KERAS_HOME", "HOME")
        missing = [name for name in wanted if not os.environ.get(name)]
        yield True, f"This user has no home folder. Set to folders of yours: {', '.join(missing)}."


def _folders() -> Iterator[Finding]:
    for name, value in _set(FOLDERS):
        try:
            folder = places.named_folder(value)
        except RuntimeError:  # without a home, which was said
            continue
        above = (place for place in (folder, *folder.parents) if os.path.lexists(place))
        there = next(above, None)  # on Windows there may be no such drive
        if there is None or not os.path.isdir(there) or not os.access(there, os.W_OK | os.X_OK):
            yield True, f"{name} names no folder that you may write to. Name another, or unset it."
    for name, value in _set(("TMPDIR", "TEMP", "TMP")):
        if not os.path.isdir(value):
            yield False, f"{name} names a folder that is not there; another one is used."


def _mirror() -> Iterator[Finding]:
    source = mirror.mirror_source()
    if source and not mirror.is_address(source) and not (Path(source) / mirror.MANIFEST).is_file():
        text = (
            "TLHELPERS_MIRROR names neither an address that begins with http:// nor a folder "
            f"with a {mirror.MANIFEST}. Put it right, or unset it."
        )
        yield True, text


def _keras() -> Iterator[Finding]:
    file, where = places.keras_home() / "keras.json", "keras.json in Keras' folder"
    try:
        found = json.loads(file.read_text(encoding="utf-8"))
    except FileNotFoundError:
        found = {}
    except (OSError, ValueError) as error:
        yield isinstance(error, OSError), f"{where} cannot be read. Rename it: {file}"
        found = {}
    wrong = [] if isinstance(found, dict) else ["all of it"]
    found = found if isinstance(found, dict) else {}
    if found.get("floatx", "float32") not in ("float16", "float32", "float64"):
        wrong.append("floatx")
    if not isinstance(found.get("epsilon", 0.1), float):
        wrong.append("epsilon")
    layout = found.get("image_data_format", "channels_last")
    if layout not in ("channels_first", "channels_last"):
        wrong.append("image_data_format")
    if wrong:
        yield True, f"{where}: Keras refuses {', '.join(wrong)}. Rename the file: {file}"
    elif layout != "channels_last" or found.get("floatx", "float32") != "float32":
        text = (
            f"{where} asks for channels_first or other numbers than float32; "
            "tl.load_tensorflow() sets what the course needs."
        )
        yield False, text
    named = os.environ.get("KERAS_BACKEND") or found.get("backend", "tensorflow")
    if named not in BACKENDS or importlib.util.find_spec(named) is None:
        source = "KERAS_BACKEND" if os.environ.get("KERAS_BACKEND") else where
        yield False, f"{source} names a backend that is not here; the course uses TensorFlow."
    for name, _ in _set(("KERAS_MAX_EPOCHS", "KERAS_MAX_STEPS_PER_EPOCH")):
        yield True, f"{name} is set: training ends early, or Keras does not start. Unset it."


def _matplotlib() -> Iterator[Finding]:
    try:
        import matplotlib

        own = not Path(matplotlib.matplotlib_fname()).is_relative_to(matplotlib.get_data_path())
    except Exception as error:  # it reads its settings when it is imported
        text = (
            f"Matplotlib does not start ({type(error).__name__}): see MPLBACKEND, and the file "
            "matplotlibrc (in the current folder, where MATPLOTLIBRC says, or in your settings)."
        )
        yield True, text
        return
    if own:
        yield False, "There is a matplotlibrc of yours; the figures of the course do not follow it."
    backend = os.environ.get("MPLBACKEND", "")
    if backend.startswith("module://"):
        module = backend.removeprefix("module://")
        with_parents = module.partition(".")[0]  # finding a module imports its parents
        if importlib.util.find_spec(with_parents) is None:
            yield False, "MPLBACKEND names a module that is not here; figures are drawn in memory."


def _network() -> Iterator[Finding]:
    for name, value in _set(CERTIFICATES):
        if not os.path.exists(value):
            yield True, f"{name} names a file that is not there. Put it right, or unset it."
    for name, value in _set((*internet.PROXIES, *map(str.lower, internet.PROXIES))):
        try:
            parts = urlsplit(value if "://" in value else f"http://{value}")
            scheme = parts.scheme if parts.hostname and parts.port != 0 else ""
        except ValueError:
            scheme = ""
        if scheme.startswith("socks") and importlib.util.find_spec("socks") is None:
            yield True, f"{name} names a SOCKS proxy, which needs the package PySocks. Unset it."
        elif not scheme.startswith(("http", "socks")):
            yield True, f"{name} names no proxy that can be used. Put it right, or unset it."


def _python() -> Iterator[Finding]:
    folders = os.environ.get("PYTHONPATH", "").split(os.pathsep)
    folders = [folder for folder in folders if folder and os.path.isdir(folder)]
    find = importlib.machinery.PathFinder.find_spec
    theirs = [name for name in PACKAGES if folders and find(name, folders)]
    if theirs:
        yield True, f"PYTHONPATH brings its own {', '.join(theirs)}. Unset it for the course."
    for name, _ in _set(("PYTHONHOME",)):
        yield True, f"{name} is set: Python takes its library from there. Unset it."
    if sys.flags.optimize:
        yield False, "PYTHONOPTIMIZE is set: assertions are not checked."
    if any(word.startswith("error") for word in sys.warnoptions):
        yield True, "PYTHONWARNINGS turns warnings of packages into errors. Unset it."
    if sys.getfilesystemencoding().lower() != "utf-8":
        yield True, "Names of files are not read as UTF-8. Set PYTHONUTF8=1."
    if (encoding := getattr(sys.stdout, "encoding", "")) and encoding.lower() != "utf-8":
        yield False, "Not every character can be shown (PYTHONIOENCODING, or this console)."


def _pip() -> Iterator[Finding]:
    if importlib.util.find_spec("pip") is None:
        return
    command = [sys.executable, "-m", "pip", "-vvv", "config", "list"]
    try:
        done = subprocess.run(command, capture_output=True, timeout=60)
    except (OSError, subprocess.SubprocessError):
        return
    said = done.stdout.decode("utf-8", "replace")
    if done.returncode:
        yield True, "pip cannot read its settings: look at pip.conf (pip config debug)."
    for word in LEADS_ASTRAY:
        if re.search(rf"^(global|install|:env:)\.{word}=", said, re.M):
            text = (
                f"pip.conf or PIP_{word.upper()} says {word}: it leads packages elsewhere when you "
                "call pip yourself; the set-up of the course does not follow it."
            )
            yield False, text


def _numbers() -> Iterator[Finding]:
    for name, value in _set(COUNTS):
        if not re.fullmatch(r"[1-9]\d*(,[1-9]\d*)*", value):
            yield True, f"{name} must be a whole number of at least 1. Put it right, or unset it."
    for name, value in _set(("CUDA_VISIBLE_DEVICES",)):
        if not all(re.fullmatch(r"-1|\d+|(GPU|MIG)-[\w/-]+", word) for word in value.split(",")):
            yield False, f"{name} names no graphics card: none is used."
    for name, _ in _set(("XLA_FLAGS", "TF_XLA_FLAGS")):
        yield False, f"{name} is set: a flag that TensorFlow does not know ends Python at once."
