"""The files of the photographs of solar cells: find them in their package, see that they are whole.

They are read as data; no code of the package runs.  A classroom mirror has them as one
archive, which is read as it is and not unpacked.
"""

from __future__ import annotations

import base64
import hashlib
import io
import zipfile
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

from tlhelpers.fetching import fetch
from tlhelpers.fetching.fetch import FileNotHere
from tlhelpers.fetching.installed import install_command, installed_file
from tlhelpers.fetching.mirror import mirror_source
from tlhelpers.fetching.registry import File

if TYPE_CHECKING:  # they take a while to import
    from importlib import metadata

    import numpy as np

PACKAGE, VERSION = "elpv-dataset", "1.0.0.post1"
FOLDER = "elpv_dataset/data"
KINDS = ("mono", "poly")

#: SHA-256 of labels.csv, and of a list of all pictures: "checksum  name" in each line.
LABELS_SUM = "0abe6fe7700aea571717d7d7dfec005a47c6207b4cde26a4556b6807a115483d"
PICTURES_SUM = "b13e11b57dda614bfa0c29456bfc94038655d41d9d053d9be0cf0a3b66aa2280"

PIN = f"{PACKAGE}=={VERSION}"

#: All of it as one file, as `write_archive` makes it for a mirror.
ARCHIVE = File(
    f"datasets/{PACKAGE}-{VERSION}.zip",
    size=90_674_435,
    checksum="d1a6b730f51274676528655df550dfce2689492be746aef2fad6d51a9b7908d3",
    package=PIN,
)

NOTICE = (
    "Photographs of solar cells: the ELPV data set of Buerhop-Lutz, Deitsch, Maier, Gallwitz, "
    "Berger, Doll, Hauch, Camus and Brabec (2018) and Deitsch et al. (2019, 2021), "
    "https://github.com/zae-bayern/elpv-dataset. Licence: CC BY-NC-SA 4.0 (name the source, no "
    "commercial use, pass on what you make of it under the same licence)."
)


def find_labels_file() -> Path | zipfile.Path:
    """Return the file of labels; the pictures are beside it.

    It is in the installed package, or else in the archive that a mirror has, which is
    fetched if it is not here yet.

    Raises
    ------
    fetch.FileNotHere
        If there is no package and no archive.
    ValueError
        If it is another version, or a file is missing or damaged; the message
        says which and how to repair it.
    """
    path = installed_file(PACKAGE, f"{FOLDER}/labels.csv")
    if path is None and not is_installed():
        if fetch.find_here(ARCHIVE) is None and not mirror_source():
            raise FileNotHere(
                f"The photographs of solar cells (package {PACKAGE}, 91 MB) are not on this "
                "computer. To get them, give the command in the course folder: "
                + install_command(PIN)
            )
        return zipfile.Path(fetch.fetch_file(ARCHIVE), "labels.csv")
    if path is None:
        raise ValueError(_damaged("labels.csv is missing"))
    return path


def _folder() -> Path | zipfile.Path:
    """Return where labels and pictures are: a folder, or the inside of an archive."""
    labels = find_labels_file()
    return labels.parent if isinstance(labels, Path) else zipfile.Path(labels.root)


def check_files() -> str:
    """Check every file of the package by its SHA-256, and say that it is whole.

    Raises
    ------
    fetch.FileNotHere, ValueError
        As for `find_labels_file`.
    """
    names, _, _ = read_labels_file()
    folder = _folder()
    sums = [_sum_of(folder / name) for name in names]
    _check_pictures(names, sums)
    return f"{PACKAGE} {VERSION} is whole ({len(names):,} photographs of solar cells, SHA-256)"


def write_archive(path: Path) -> None:
    """Write all files of the package, after a look at their checksums, into one archive.

    The licence goes along.  The archive is the same byte for byte wherever it is made:
    pictures are packed already, so they are only put behind each other.

    Raises
    ------
    fetch.FileNotHere, ValueError
        As for `find_labels_file`.
    """
    check_files()
    folder = _folder()
    names = ["labels.csv", *read_labels_file()[0]]
    with zipfile.ZipFile(path, "w", zipfile.ZIP_STORED) as archive:
        archive.writestr(_entry("LICENCE.txt"), NOTICE + "\n")
        for name in names:
            archive.writestr(_entry(name), (folder / name).read_bytes())


def _entry(name: str) -> zipfile.ZipInfo:
    """Return what an archive says of a file: nothing of this computer or this day."""
    entry = zipfile.ZipInfo(name, (1980, 1, 1, 0, 0, 0))
    entry.create_system, entry.external_attr = 3, 0o100644 << 16
    return entry


def read_labels_file() -> tuple[list[str], np.ndarray, np.ndarray]:
    """Return the names of the pictures, the probability of a defect of each, and its kind.

    Raises
    ------
    fetch.FileNotHere, ValueError
        As for `find_labels_file`.
    """
    import numpy as np

    data = find_labels_file().read_bytes()
    if hashlib.sha256(data).hexdigest() != LABELS_SUM:
        raise ValueError(_damaged("labels.csv has another checksum"))
    rows = [line.split() for line in data.decode("ascii").splitlines()]
    probability = np.array([float(row[1]) for row in rows])
    return [row[0] for row in rows], probability, np.array([KINDS.index(row[2]) for row in rows])


def load_pictures(names: list[str], size: int, *, progress: bool = True) -> np.ndarray:
    """Load all pictures of the package, after a look at their checksums.

    Parameters
    ----------
    names
        From `read_labels_file`.
    size
        Height and width to bring them to, in pixels.
    progress
        Show a bar with the time left if it takes longer than a second.

    Returns
    -------
    numpy.ndarray
        Shape (n, size, size), uint8.

    Raises
    ------
    fetch.FileNotHere, ValueError
        As for `find_labels_file`.
    """
    import numpy as np
    from PIL import Image

    from tlhelpers.data.image_files import map_in_threads

    folder = _folder()
    images = np.empty((len(names), size, size), np.uint8)
    sums = [""] * len(names)

    def one(i: int) -> Exception | None:
        try:
            data = (folder / names[i]).read_bytes()
            sums[i] = hashlib.sha256(data).hexdigest()
            with Image.open(io.BytesIO(data), formats=["PNG"]) as picture:
                grey = picture.convert("L").resize((size, size), Image.Resampling.BILINEAR)
            images[i] = np.asarray(grey)
        except (OSError, SyntaxError, ValueError) as error:
            return error
        return None

    errors = map_in_threads(one, range(len(names)), "Loading", progress)
    _check_pictures(names, sums)  # which says it in words
    for error in errors:
        if error:
            raise error
    return images


def is_installed() -> bool:
    """Say whether the package is installed, whole or not."""
    return _distribution() is not None


def _distribution() -> metadata.Distribution | None:
    from importlib import metadata

    try:
        return metadata.distribution(PACKAGE)
    except metadata.PackageNotFoundError:
        return None


def _damaged(what: str) -> str:
    found = _distribution()
    version = found.version if found else VERSION
    if version != VERSION:
        return (
            f"The course knows {PACKAGE} {VERSION}, and {version} is installed, whose files "
            f"differ ({what}). To get the other one: {install_command(PIN, again=True)}"
        )
    return f"{PACKAGE} is not whole: {what}. To repair it: {install_command(PIN, again=True)}"


def _check_pictures(names: list[str], sums: list[str]) -> None:
    """Refuse pictures that are missing, damaged, or others than the course knows."""
    missing = [name for name, found in zip(names, sums, strict=True) if not found]
    if missing:
        raise ValueError(
            _damaged(f"{len(missing):,} of {len(names):,} pictures are missing, {missing[0]} first")
        )
    lines = sorted((Path(name).name, found) for name, found in zip(names, sums, strict=True))
    text = "".join(f"{found}  {name}\n" for name, found in lines)
    if hashlib.sha256(text.encode()).hexdigest() == PICTURES_SUM:
        return
    other = list(_changed(names, sums))
    which = f"{len(other):,} of {len(names):,} pictures differ, {other[0]} first" if other else ""
    raise ValueError(_damaged(which or "its pictures have other checksums"))


def _changed(names: list[str], sums: list[str]) -> Iterator[str]:
    """Yield the pictures that differ from what pip noted when it installed them."""
    found = _distribution()
    noted = {str(file): file.hash for file in (found.files or [])} if found else {}
    for name, checksum in zip(names, sums, strict=True):
        note = noted.get(f"{FOLDER}/{name}")
        if note and note.mode == "sha256":
            digest = base64.urlsafe_b64encode(bytes.fromhex(checksum)).rstrip(b"=").decode()
            if digest != note.value:
                yield name


def _sum_of(path: Path | zipfile.Path) -> str:
    try:
        return hashlib.sha256(path.read_bytes()).hexdigest()
    except OSError:
        return ""
