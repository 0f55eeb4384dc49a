"""Names in archives: what letters they are in, and which could do harm."""

from __future__ import annotations

import locale
import os
import re
import zipfile

#: Parts of a path that lead out of a folder, or do so on another system: ``..``,
#: a drive, a name that Windows cuts short, a name of one of its devices.
_HARMFUL = re.compile(
    r"[\\:\x00-\x1f]|[. ]\Z|\A(con|prn|aux|nul|com[\d¹²³]|lpt[\d¹²³])(\.|\Z)", re.IGNORECASE
)

#: How names were written before UTF-8, by how the language of a computer is called.
_OLD_CODES = {
    **dict.fromkeys(("zh_tw", "zh_hk", "chinese_taiwan", "chinese (traditional)"), "cp950"),
    **dict.fromkeys(("zh", "chinese"), "cp936"),
    "ja": "cp932",
    "ko": "cp949",
    **dict.fromkeys(("ru", "uk", "be_", "bg"), "cp866"),
}


class BadArchive(ValueError):
    """An archive that is damaged, or holds what it must not hold."""

    def __init__(self, what: str, advice: str = "") -> None:
        super().__init__(what)
        self.advice = advice or ("Delete it and get it again, or get it from another place.")


def safe_parts(name: str) -> list[str]:
    """Return the parts of a path that stays below a folder on any system, or refuse it.

    Parameters
    ----------
    name
        A path from an archive, with ``/`` between its parts.

    Raises
    ------
    BadArchive
        If it leads out, or could not be written on some system.
    """
    parts = [part for part in name.split("/") if part not in ("", ".")]
    if name.startswith("/") or any(map(_HARMFUL.search, parts)):
        raise BadArchive(
            f"holds the path {name!r}, which does not stay in one folder on every system"
        )
    for part in parts:
        if len(os.fsencode(part)) > 255:
            raise BadArchive(f"holds a name of more than 255 bytes ({part[:20]!r}...)")
    return parts


def harmless_ending(name: str) -> str:
    """Return the ending of a file name if any system can have it, and "" otherwise.

    Examples
    --------
    >>> harmless_ending("IMG 1:2.JPG"), harmless_ending("kiwi. ")
    ('.JPG', '')
    """
    found = re.search(r"\.\w{1,8}\Z", name, re.ASCII)
    return found[0] if found else ""


def zip_names(infos: list[zipfile.ZipInfo], notes: list[str]) -> list[str]:
    """Return the names in a ZIP: as UTF-8 if it says so or they can be it, or guessed.

    Parameters
    ----------
    infos
        From ``ZipFile.infolist``.
    notes
        Gets a sentence if some are guessed.
    """
    # orig_filename: zipfile itself changes backslashes and cuts at a zero.
    names = [info.orig_filename for info in infos]
    names = [name.replace("\\", "/") for name in names]  # as old programs on Windows write them
    old = [
        i for i, info in enumerate(infos) if not info.flag_bits & 0x800 and not names[i].isascii()
    ]
    raw = [infos[i].orig_filename.encode("cp437") for i in old]  # as they are in the file
    for i, name in zip(old, in_old_letters(raw, "cp437", notes), strict=True):
        names[i] = name
    return names


def _with_slashes(name: str, sure: bool) -> str:
    """Make of backslashes what they mean; after half a letter of East Asia they are the rest."""
    return name.replace("\\", "/") if sure else re.sub(r"(?<![\x80-\uffff])\\", "/", name)


def in_old_letters(raw: list[bytes], otherwise: str, notes: list[str]) -> list[str]:
    r"""Read names that do not say in which encoding they are written.

    UTF-8 can be told by its bytes.  Those of East Asia and others cannot, so the
    language of this computer is tried, and a note says that it is a guess.

    Parameters
    ----------
    raw
        The bytes of all such names in an archive.
    otherwise
        The encoding to take if nothing else fits.
    notes
        Gets the note, if it is the first.

    Examples
    --------
    >>> notes = []
    >>> in_old_letters([b"gr\x94\xe1e"], "cp437", notes), len(notes)
    (['größe'], 1)
    """
    language = (locale.getlocale()[0] or "").lower()
    mine = next((code for name, code in _OLD_CODES.items() if language.startswith(name)), None)
    for code in ("utf-8", mine, otherwise):
        if code is None:
            continue
        try:
            names = [_with_slashes(name.decode(code), code != otherwise) for name in raw]
        except UnicodeDecodeError:
            continue
        if code != "utf-8" and not notes:
            notes.append(
                f"It does not say with which letters its names are written; {names[0]!r} was read "
                f"as {code} and may be wrong. If so, rename, or pack it again with names in UTF-8."
            )
        return names
    raise BadArchive("holds names that cannot be read")
