"""Say in plain words why a file cannot be used: a cause only where it is known."""

from __future__ import annotations

import errno
import re
import struct
import zlib
from pathlib import Path
from typing import NamedTuple

MOST_PIXELS = 50_000_000  # to decode at once; a small file can unpack to far more than memory
DAMAGED = "damaged or cut short (copy or download it again)"
TOO_LARGE = f"over {MOST_PIXELS // 10**6} million pixels (make it smaller)"
CAMERA_RAW = "a camera raw file (export it as JPEG)"
IN_CLOUD = "still in the cloud, not on this computer (download it there first)"
ZEROS = "only zeros where a picture begins: it was not copied or downloaded to its end"
#: What cameras call their raw files.  Many of them are TIFF files with a small preview in front.
RAW_ENDINGS = frozenset(
    ".3fr .arw .cr2 .cr3 .crw .dcr .dng .erf .gpr .iiq .k25 .kdc .mef .mos .mrw .nef .nrw .orf "
    ".pef .raf .raw .rw2 .rwl .sr2 .srf .srw .x3f".split()
)
#: How browsers and others call a file until all of it is there.
UNFINISHED = (".part", ".crdownload", ".download", ".partial", ".tmp")
#: How files begin (regular expressions) that are taken for pictures, and what they are.
KINDS = {
    rb"\Z": "an empty file (0 bytes)",
    rb"version https?://(git-lfs|hawser)": "a pointer of Git LFS (git lfs pull gets the picture)",
    rb"((\.\./)*\.git/annex|/annex/)": "a pointer of git-annex (git annex get gets the picture)",
    rb".{4}ftypcrx|II.\0(....CR|..HEAPCCDR)|II(RO|RS|U\0)|MMOR|FUJIFILM|FOVb|\0MRM": CAMERA_RAW,
    rb".{4}ftyp.{0,28}(hei|hev|mif1|msf1)": "HEIC, as phones save it (convert it to JPEG)",
    rb".{4}ftyp.{0,28}avi[fs]": "AVIF, damaged or unknown here (convert it to JPEG)",
    rb".{4}ftyp|RIFF.{4}AVI |\x1aE\xdf\xa3|.{4}(moov|mdat|wide)": "a film, not a picture",
    rb"\xff\x0a|\0\0\0\x0cJXL ": "JPEG XL (convert it to JPEG)",
    rb".{128}DICM": "a medical picture in DICOM (save it as PNG)",
    rb"\x93NUMPY": "an array of NumPy (save it as PNG)",
    rb"\0\x05\x16[\0\x07]": "what macOS keeps beside a file, not the picture",
    rb"(bplist00|book\0\0\0\0mark|L\0\0\0\x01\x14\x02\0|\[InternetShortcut\])": (
        "a note of the system about another file, not the picture"
    ),
    rb"%PDF": "a PDF document",
    rb"PK\x03\x04": "a ZIP archive or an office document",
    rb"\x1f\x8b|Rar!|7z\xbc\xaf|BZh|\xfd7zXZ|\x28\xb5\x2f\xfd|.{257}ustar": (
        "an archive (unpack it first)"
    ),
    rb"8BPS": "a Photoshop document (save it as JPEG or PNG)",
    rb"%!PS": "a PostScript drawing (save it as PNG)",
    rb".*<svg": "an SVG drawing (save it as PNG)",
    rb".*<html|(\xef\xbb\xbf)?\s*<(!doctype html|(head|body|script)\b)": (
        "a web page, not a picture"
    ),
}
#: How files begin that are pictures, and the names of their formats in Pillow.
BEGINNINGS = {
    rb"\xff\xd8": "JPEG",
    rb"\x89PNG": "PNG",
    rb"GIF8": "GIF",
    rb"RIFF.{4}WEBP|RIFF.{0,7}\Z": "WEBP",
    rb"II[*+]\0|MM\0[*+]": "TIFF",
    rb"BM.{4}\0\0\0\0": "BMP",
    rb"\0\0\0\x0cjP  |\xff\x4f\xff\x51": "JPEG2000",
}
#: The compressions of TIFF that libtiff always reads.
_USUAL = (1, 2, 3, 4, 5, 7, 8, 32773, 32946)


class UnusableFile(Exception):
    """A file cannot be used; its text says why, in plain words."""


def why_unusable(path: Path, error: Exception) -> str:
    """Say why a file cannot be used.

    Parameters
    ----------
    path
        The file.
    error
        What was raised when it was opened or decoded.

    Returns
    -------
    str
        A few words that can follow its name.

    Examples
    --------
    >>> why_unusable(Path("kiwi.jpg"), OSError(24, "Too many open files"))
    'not read, for too many files are open (close other programs and notebooks)'
    """
    from PIL import Image, UnidentifiedImageError

    if isinstance(error, Image.DecompressionBombError):
        return TOO_LARGE
    if isinstance(error, MemoryError):
        return "too large for the memory that is free"
    if isinstance(error, OSError) and error.errno:
        return _why_system(path, error)
    try:
        with path.open("rb") as file:
            head = file.read(512)
    except OSError as reason:
        return _why_system(path, reason)
    for beginning, what in KINDS.items():
        if re.match(beginning, head, re.DOTALL | re.IGNORECASE):
            return what
    if not any(head):
        return ZEROS
    if path.suffix.lower() in UNFINISHED:
        return "a download that is not finished"
    if path.suffix.lower() in RAW_ENDINGS:
        return CAMERA_RAW
    for beginning, kind in BEGINNINGS.items():
        if re.match(beginning, head, re.DOTALL):
            return _why_not_decoded(path, kind, error)
    text = head.decode("utf-8", "ignore")  # the last letter may be cut in two
    if text and "".join(text.split()).isprintable() and len(text.encode()) > len(head) - 4:
        return "text, not a picture"
    if not isinstance(error, UnidentifiedImageError):
        return _words(error) or DAMAGED
    return "not a picture that can be read here (save it as JPEG or PNG)"


def _why_system(path: Path, error: OSError) -> str:
    """Say what the operating system said."""
    try:
        state = path.stat()
        offline = getattr(state, "st_file_attributes", 0) & 0x401000  # Windows: OneDrive and others
        if offline or getattr(state, "st_flags", 0) & 0x40000000:  # macOS: iCloud and others
            return IN_CLOUD
    except OSError:
        pass
    if isinstance(error, PermissionError):
        return "no permission to read it"
    if error.errno in (errno.EMFILE, errno.ENFILE):
        return "not read, for too many files are open (close other programs and notebooks)"
    return f"cannot be opened ({error.strerror or error})"


def _why_not_decoded(path: Path, kind: str, error: Exception) -> str:
    """Say why a file that begins as a picture does could not be decoded."""
    from PIL import Image

    if kind not in Image.OPEN:
        return f"{kind}, which Pillow cannot read on this computer (convert it to JPEG)"
    rare = {"TIFF": _rare_tiff, "JPEG": _rare_jpeg}.get(kind)
    return rare and rare(path, error) or _words(error) or DAMAGED


def _words(error: Exception) -> str:
    """Return what an error says that does not come from damage; "" if it may."""
    said = " ".join(str(error).split())[:120]
    if isinstance(error, SyntaxError | EOFError | struct.error | zlib.error | IndexError):
        return ""
    if isinstance(error, OSError) and not re.search("support|unknown|not available", said, re.I):
        return ""
    return f"not read by Pillow here: {said or type(error).__name__} (save it as JPEG or PNG)"


class _Tiff(NamedTuple):
    bands: int
    bits: int
    kind: int  # of numbers; 3 have fractions
    compression: int


def _tiff_header(path: Path) -> _Tiff | None:
    """Read what a TIFF says of itself; None if it does not say it."""
    from PIL import TiffImagePlugin

    try:
        with path.open("rb") as file:
            tags = TiffImagePlugin.ImageFileDirectory_v2(file.read(8))
            file.seek(tags.next)
            tags.load(file)
        several = [tags.get(tag, 1) for tag in (258, 339)]  # a number for each band
        bits, kind = (max(one) if isinstance(one, tuple) else int(one) for one in several)
        if {256, 257, 262} <= set(tags):
            return _Tiff(int(tags.get(277, 1)), bits, kind, int(tags.get(259, 1)))
    except Exception:  # a damaged file makes Pillow raise almost anything
        pass
    return None


def _rare_tiff(path: Path, error: Exception) -> str:
    from PIL import TiffImagePlugin, UnidentifiedImageError

    head = _tiff_header(path)
    if head is None:
        return ""
    packed = f"TIFF compression {head.compression}"
    if isinstance(error, UnidentifiedImageError):
        if head.compression not in TiffImagePlugin.COMPRESSION_INFO:
            return f"{packed}, which Pillow cannot read (save it as PNG)"
        numbers = " with fractions" if head.kind == 3 else ""
        bands = "1 band" if head.bands == 1 else f"{head.bands} bands"
        return (
            f"a TIFF with {bands} of {head.bits} bits{numbers}, which Pillow cannot read "
            "(save what is to be seen as PNG, grey or RGB)"
        )
    if "decoder error" in str(error) and head.compression not in _USUAL:
        return f"damaged, or Pillow cannot read {packed} (save it as PNG)"
    return ""


def _rare_jpeg(path: Path, error: Exception) -> str:
    """Name a kind of JPEG that only few programs read."""
    with path.open("rb") as file:
        data = file.read(2**20)
    place = 2
    while data[place : place + 1] == b"\xff" and place + 9 < len(data):
        marker, length, bits = struct.unpack(">BHB", data[place + 1 : place + 5])
        if 0xC0 <= marker <= 0xCF and marker not in (0xC4, 0xC8, 0xCC):
            if bits != 8:
                return f"a JPEG with {bits} bits, which Pillow cannot read (save it with 8)"
            if marker not in (0xC0, 0xC1, 0xC2):
                return f"damaged, or a rare kind of JPEG (SOF{marker - 0xC0}; save it as usual)"
            return ""
        place += 2 + length
    return ""
