"""Packages that hold data only: are they here and whole, and what is skipped without them?

Their files are read and their code is not.  The set-up installs them from
``requirements-data.txt``; who wants those in ``requirements-extra.txt`` installs them.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import NamedTuple

from tlhelpers.data import cell_files
from tlhelpers.fetching import mirror, registry
from tlhelpers.fetching.checksums import is_whole
from tlhelpers.fetching.fetch import FileNotHere, find_here
from tlhelpers.fetching.installed import install_command
from tlhelpers.fetching.internet import SourceFailed
from tlhelpers.fetching.places import checkout_folder


class DataPackage(NamedTuple):
    """A package that holds data only.

    Attributes
    ----------
    word
        What leaves it out: ``make setup WITHOUT=solar``.  An extra is left out anyway.
    files
        What of it a mirror has instead, and its pin.
    needed_by
        What is skipped without it.
    check
        Says in a sentence that it is whole; raises `FileNotHere` if it is not
        here, and `ValueError` if it is damaged.
    """

    word: str
    files: tuple[registry.File, ...]
    needed_by: str
    check: Callable[[], str]

    @property
    def name(self) -> str:
        """As ``pip install`` takes it, without the version."""
        return self.pin.partition("==")[0]

    @property
    def pin(self) -> str:
        """The package and its version."""
        return self.files[0].package


def _of_files(word: str, needed_by: str, *names: str) -> DataPackage:
    """Return a package of which these files count: those of these names in the registry."""
    files = tuple(registry.FILES[name] for name in names)
    pin = files[0].package
    package = pin.partition("==")[0]

    def check() -> str:
        paths = [file.installed() for file in files]
        if not any(paths):
            raise FileNotHere(f"{package} is not here.")
        for file, path in zip(files, paths, strict=True):
            if path is None or not is_whole(path, file.checksum, noted=False):
                what = "is missing" if path is None else "has another checksum"
                raise ValueError(
                    f"{package} is not whole: {file.name} {what}. To repair it: "
                    + install_command(pin, again=True)
                )
        return f"{package} is whole (SHA-256 {files[0].checksum[:12]}…)"

    return DataPackage(word, files, needed_by, check)


def _check_cells() -> str:
    """Say that the photographs of solar cells are whole; fetch nothing."""
    if not cell_files.is_installed():
        raise FileNotHere(f"{cell_files.PACKAGE} is not here.")
    return cell_files.check_files()


#: In the order of requirements-data.txt.
PACKAGES = (
    _of_files("lite", "the network EfficientNet-Lite0", "efficientnet-lite0-57934424.pth"),
    _of_files("names", "the names of ImageNet's classes", "imagenet1k_label_to_names.json"),
    DataPackage("solar", (cell_files.ARCHIVE,), "the solar lab", _check_cells),
    _of_files("glove", "the vectors of words", "glove_6B_50d_emb.npy", "glove_6B_index.parquet"),
    _of_files("vader", "the words with sentiment", "vader_lexicon.txt"),
    _of_files(
        "minilm",
        "the network MiniLM-L6",
        "all-MiniLM-L6-v2.safetensors",
        "all-MiniLM-L6-v2-vocab.txt",
    ),
    _of_files("lite1", "the network EfficientNet-Lite1", "efficientnet-lite1-77cc7160.pth"),
    _of_files("lite2", "the network EfficientNet-Lite2", "efficientnet-lite2-9656183e.pth"),
)

#: In the order of requirements-extra.txt: for those who want them, and not missed otherwise.
EXTRAS = (_of_files("gpt", "the network SmolLM2-135M", "SmolLM2-135M-Instruct.Q4_1.gguf"),)

LEFT_OUT = ".venv.without"  # where the set-up keeps the words of what shall not be there


def check_data_packages() -> tuple[list[str], bool]:
    """Look at every file of every data package, and of those extras that are here.

    Returns
    -------
    lines : list of str
        A sentence for each of them.
    well : bool
        False if one is damaged.  One that is missing is no fault: the course
        works without it.
    """
    lines, well = [], True
    for package in (*PACKAGES, *EXTRAS):
        try:
            lines.append(package.check())
        except FileNotHere:
            if package in PACKAGES:
                lines.append(_where_else(package))
        except ValueError as error:
            lines.append(str(error))
            well = False
    return lines, well


def _where_else(package: DataPackage) -> str:
    """Say of a package that is not here what takes its place, or what is skipped."""
    several = len(package.files) > 1
    if all(find_here(file) for file in package.files):
        its = "its files are" if several else "its file is"
        return f"{package.name} is not here, but {its} in the cache, whole"
    if all(_mirror_has(file) for file in package.files):
        return f"{package.name} is not here, but the mirror has its file{'s' * several}"
    skipped = f"{package.needed_by} is skipped"
    if package.word in _left_out():
        return f"{package.name} is left out, as was wished, and {skipped}"
    return (
        f"{package.name} is not here, and the course works without: {skipped}. "
        f"To get it: {install_command(package.pin)}"
    )


def _mirror_has(file: registry.File) -> bool:
    source = mirror.mirror_source()
    try:
        return bool(source) and file.path in mirror.read_manifest(source, tries=1)
    except SourceFailed:
        return False


def _left_out() -> list[str]:
    """Return the words of the data packages that the set-up left out on purpose."""
    folder = checkout_folder()
    try:
        return (folder / LEFT_OUT).read_text(encoding="utf-8").split() if folder else []
    except (OSError, ValueError):
        return []
