"""Names of files and folders, as people and programs write them."""

from __future__ import annotations

import os
import re
import unicodedata
from collections.abc import Iterable
from pathlib import Path
from urllib.parse import unquote, urlsplit

#: Files that file managers and archives leave behind, and nobody put there.
SYSTEM = (
    *("thumbs.db", "ehthumbs.db", "desktop.ini", "icon\r", "__macosx", "@eadir", "lost+found"),
    *("$recycle.bin", "system volume information", "#recycle", "@recycle"),
)
#: Endings of what is there instead of a file that is only in a cloud: of iCloud and others.
_CLOUD = (".icloud", ".nextcloud", ".owncloud", ".cloud", ".cloudf")
#: Endings of tables, in which labels may stand.
TABLES = (".csv", ".tsv", ".xls", ".xlsx", ".ods", ".json", ".jsonl", ".parquet", ".mat")
#: Endings of files that are probably pictures, for a look at folders before a file is opened.
PICTURES = frozenset(
    ".jpg .jpeg .jpe .jfif .png .gif .bmp .tif .tiff .webp .avif .jp2 .ppm .pgm .pbm .pnm .heic "
    ".heif".split()
)
#: What people call the folders of a split, and the part that each is.
PARTS = {"train": "train", "training": "train"}
PARTS |= dict.fromkeys(("val", "valid", "validation", "dev", "eval"), "validation")
PARTS |= {"test": "test", "testing": "test"}
_PART = re.compile(
    rf"(?:seg[\W_]*)?({'|'.join(sorted(PARTS, reverse=True))})[\W_]*"
    r"(?:set|data|dataset|split|images?|imgs?|pictures?|photos?)?[\W_\d]*"
)


def as_path(path: str | os.PathLike) -> Path:
    """Return a path as it is meant: without the quotes and blanks that come with copying it.

    Parameters
    ----------
    path
        A path, perhaps with ``~``, in quotes (as Windows copies it), or as ``file://``.

    Raises
    ------
    TypeError
        If it is no path.

    Examples
    --------
    >>> as_path('"my pictures" ').name, as_path("file:///my%20pictures").name
    ('my pictures', 'my pictures')
    """
    if not isinstance(path, str | os.PathLike) or isinstance(os.fspath(path), bytes):
        raise TypeError(
            f"Wanted is the path of one file or folder, as text; got {type(path).__name__}: "
            f"{str(path)[:60]}."
        )
    text = os.fspath(path)
    if isinstance(path, str) and not os.path.exists(text):
        text = text.strip("\u202a\u202b\u202c\ufeff")  # unseen, where Windows shows a path
        text = re.sub(
            r"\A\s*['\"“”‘’«»„](.+)['\"“”‘’«»]\s*\Z", r"\1", text, flags=re.DOTALL
        ).strip()
        if text.lower().startswith("file://"):
            url = urlsplit(text)
            server = "" if url.netloc in ("", "localhost") else f"//{url.netloc}"
            place = server + unquote(url.path)
            text = place[1:] if re.match(r"/[A-Za-z]:", place) else place
    if not text or "\0" in text:
        raise ValueError(f"Wanted is the path of a file or folder; got {path!r}.")
    return Path(os.path.expanduser(text))


def is_hidden_name(name: str) -> bool:
    """Say whether a name is one of a hidden or system file, which nobody put there.

    Examples
    --------
    >>> is_hidden_name("Thumbs.db"), is_hidden_name("kiwi.jpg")
    (True, False)
    """
    # Windows keeps where a download came from; copied elsewhere, that becomes a file.
    lower = name.lower()
    return name.startswith(".") or lower in SYSTEM or lower.endswith("zone.identifier")


def is_cloud_name(name: str) -> bool:
    """Say whether a file is there instead of another one that is only in a cloud.

    Examples
    --------
    >>> is_cloud_name(".kiwi.jpg.icloud"), is_cloud_name("kiwi.jpg")
    (True, False)
    """
    return len(name) > 8 and name.lower().endswith(_CLOUD)


def part_of_split(name: str) -> str | None:
    """Return which part of a split a folder of this name probably is.

    Examples
    --------
    >>> part_of_split("Training_Set"), part_of_split("val"), part_of_split("train station")
    ('train', 'validation', None)
    """
    found = _PART.fullmatch(name.lower())
    return PARTS[found[1]] if found else None


def nearly_equal(names: Iterable[str]) -> list[list[str]]:
    """Return names that differ only in capitals, blanks or how letters are stored.

    Examples
    --------
    >>> nearly_equal(["Cat", "cat ", "dog"])
    [['Cat', 'cat ']]
    """
    alike: dict[str, list[str]] = {}
    for name in names:
        key = re.sub(r"[\s_-]+", " ", unicodedata.normalize("NFKC", name).casefold())
        alike.setdefault(key.strip(" ."), []).append(name)
    return [together for together in alike.values() if len(together) > 1]
