"""Unpacking: whole or not at all, and never outside."""

import gzip
import io
import os
import random
import struct
import subprocess
import sys
import tarfile
import tracemalloc
import zipfile

import pytest

from tlhelpers.fetching import archives

CONTENT = {"a.txt": b"one", "in/b.jpg": b"two", "in/deeper/c.jpg": b""}


@pytest.fixture
def place(tmp_path):
    """Where to unpack: three folders deep, so that a way out would be seen."""
    return tmp_path / "x" / "y" / "target"


def tar(path, *members, mode="w:gz", content=CONTENT):
    with tarfile.open(path, mode) as archive:
        for name, data in content.items():
            archive.addfile(member(name, size=len(data)), io.BytesIO(data))
        for info, data in members:
            archive.addfile(info, io.BytesIO(data) if data is not None else None)
    return path


def member(name, size=0, kind=tarfile.REGTYPE, link=""):
    info = tarfile.TarInfo(name)
    info.size, info.type, info.linkname = size, kind, link
    return info


def bag(path, *members, content=CONTENT):
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, data in [*content.items(), *members]:
            archive.writestr(name, data)
    return path


def all_files(folder):
    return {
        path.relative_to(folder).as_posix(): path.read_bytes()
        for path in folder.rglob("*")
        if path.is_file()
    }


def refused(path, place, match, **limits):
    """The archive is refused, and there is nothing on the disk that was not there before."""
    before = all_files(place.parents[1])
    with pytest.raises(archives.BadArchive, match=match) as caught:
        archives.unpack(path, place, **limits)
    assert str(path) in str(caught.value) and "Nothing was unpacked" in str(caught.value)
    assert all_files(place.parents[1]) == before
    assert not place.exists() and list(place.parent.iterdir()) == []


@pytest.mark.parametrize("kind", ["tar.gz", "tar", "zip"])
def test_good_archives(tmp_path, place, kind):
    path = tmp_path / "archive.whatever"
    bag(path) if kind == "zip" else tar(path, mode="w:gz" if kind == "tar.gz" else "w")
    assert archives.unpack(path, place) == place
    assert all_files(place) == CONTENT
    assert [p.name for p in place.parent.iterdir()] == ["target"]
    (place / "mine.txt").write_text("mine")
    path.unlink()
    archives.unpack(path, place)  # it is there: left as it is
    assert (place / "mine.txt").exists()


def test_names_that_look_odd_and_are_good(tmp_path, place):
    content = {"./a b.jpg": b"1", "größe/日本.jpg": b"2", ".hidden": b"3", "x" * 200: b"4"}
    archives.unpack(tar(tmp_path / "a", content=content), place)
    assert all_files(place) == {name.removeprefix("./"): data for name, data in content.items()}


WAYS_OUT = [
    "../out.txt",
    "in/../../out.txt",
    "..",
    "/etc/out.txt",
    "//server/out.txt",
    "..\\out.txt",
    "in\\..\\..\\out.txt",
    "C:\\out.txt",
    "C:out.txt",
    "a.txt:stream",
    "nul",
    "in/COM1.jpg",
    "LPT².txt",
    "in/.. /out.txt",
    "dots./out.txt",
    "new\nline",
]


@pytest.mark.parametrize("name", WAYS_OUT)
@pytest.mark.parametrize("kind", ["tar", "zip"])
def test_paths_that_lead_out(tmp_path, place, name, kind):
    path = tmp_path / "a"
    tar(path, (member(name, 4), b"evil")) if kind == "tar" else bag(path, (name, b"evil"))
    refused(path, place, "does not stay in one folder")


def test_a_zero_in_a_name(tmp_path, place):
    """Zip readers cut the name there: what is checked must be what is written."""
    path = bag(tmp_path / "a", ("ok?.exe", b"evil"))
    path.write_bytes(path.read_bytes().replace(b"ok?.exe", b"ok\0.exe"))
    refused(path, place, "does not stay in one folder")


def test_folders_that_lead_out(tmp_path, place):
    refused(
        tar(tmp_path / "a", (member("../new", kind=tarfile.DIRTYPE), None)), place, "does not stay"
    )
    refused(bag(tmp_path / "b", ("../new/", b"")), place, "does not stay")


@pytest.mark.parametrize(
    ("kind", "link"),
    [
        (tarfile.SYMTYPE, "/etc/passwd"),
        (tarfile.SYMTYPE, "../../.."),
        (tarfile.SYMTYPE, "a.txt"),
        (tarfile.LNKTYPE, "/etc/passwd"),
        (tarfile.LNKTYPE, "a.txt"),
        (tarfile.CHRTYPE, ""),
        (tarfile.BLKTYPE, ""),
        (tarfile.FIFOTYPE, ""),
        (b"Z", ""),
    ],
)
def test_links_and_devices(tmp_path, place, kind, link):
    path = tar(tmp_path / "a", (member("odd", kind=kind, link=link), None))
    refused(path, place, "no plain file or folder")


def test_a_file_through_a_link(tmp_path, place):
    """The classic: a link to a folder outside, and then a file in it."""
    path = tar(
        tmp_path / "a",
        (member("way", kind=tarfile.SYMTYPE, link=str(tmp_path)), None),
        (member("way/out.txt", 4), b"evil"),
    )
    refused(path, place, "no plain file or folder")
    assert not (tmp_path / "out.txt").exists()


def test_a_link_in_a_zip(tmp_path, place):
    info = zipfile.ZipInfo("link")
    info.external_attr = 0o120777 << 16
    refused(bag(tmp_path / "a", (info, "/etc/passwd")), place, "no plain file or folder")


def test_a_sparse_file(tmp_path, place):
    """A few bytes that say they are a terabyte."""
    info = member("sparse")
    info.pax_headers = {
        "GNU.sparse.major": "0",
        "GNU.sparse.minor": "1",
        "GNU.sparse.name": "sparse",
        "GNU.sparse.size": str(2**40),
        "GNU.sparse.map": "0,0",
    }
    refused(tar(tmp_path / "a", (info, b"")), place, "no plain file")


def test_rights_are_not_taken_over(tmp_path, place):
    info = member("run.sh", 2)
    info.mode, info.uid = 0o6777, 0
    archives.unpack(tar(tmp_path / "a", (info, b"#!")), place)
    if os.name != "nt":
        assert (place / "run.sh").stat().st_mode & 0o6111 == 0


@pytest.mark.parametrize("kind", ["tar", "zip"])
def test_two_files_of_one_name(tmp_path, place, kind):
    if kind == "zip":
        with pytest.warns(UserWarning, match="Duplicate"):
            path = bag(tmp_path / "a", ("a.txt", b"other"))
    else:
        path = tar(tmp_path / "a", (member("./a.txt", 5), b"other"))
    refused(path, place, "'.*a.txt' twice")


@pytest.mark.parametrize("name", ["a.txt/inside", "in"])
def test_a_file_where_a_folder_is(tmp_path, place, name):
    refused(tar(tmp_path / "a", (member(name, 1), b"1")), place, "twice")


def test_too_many_files(tmp_path, place):
    content = {f"{n}.txt": b"" for n in range(11)}
    refused(tar(tmp_path / "a", content=content), place, "more than 10 files", max_files=10)
    refused(bag(tmp_path / "b", content=content), place, "more than 10 files", max_files=10)
    archives.unpack(tmp_path / "a", place, max_files=11)


def test_many_entries_do_not_fill_the_memory(tmp_path, place):
    path = tmp_path / "a"
    with gzip.open(path, "wb", compresslevel=1) as file:
        file.write(member("d", kind=tarfile.DIRTYPE).tobuf() * 20_000 + bytes(1024))
    tracemalloc.start()
    archives.unpack(path, place)
    assert tracemalloc.get_traced_memory()[1] < 2 * 2**20
    tracemalloc.stop()


@pytest.mark.parametrize("kind", ["tar", "zip", "many"])
def test_bombs(tmp_path, place, kind):
    path, size = tmp_path / "a", 30 * 2**20
    if kind == "zip":
        bag(path, ("zeros", bytes(size)))
    elif kind == "tar":
        tar(path, (member("zeros", size), bytes(size)))
    else:
        tar(path, *[(member(f"{n}", size // 30), bytes(size // 30)) for n in range(30)])
    assert path.stat().st_size < size / 100
    refused(path, place, "unpacks to more than", max_bytes=10 * 2**20)


def test_a_bomb_in_a_header(tmp_path, place):
    """A long name of 100 MB is read in one go by tarfile; it must not be."""
    info = member("././@LongLink", 100 * 2**20, tarfile.GNUTYPE_LONGNAME)
    path = tmp_path / "a"
    with gzip.open(path, "wb", compresslevel=1) as file:
        file.write(info.tobuf(tarfile.GNU_FORMAT))
        file.write(b"x" * info.size)
    tracemalloc.start()
    refused(path, place, "a header of 104857600 bytes")
    assert tracemalloc.get_traced_memory()[1] < 20 * 2**20
    tracemalloc.stop()


@pytest.mark.parametrize("kind", [tarfile.GNUTYPE_LONGNAME, tarfile.XHDTYPE, tarfile.REGTYPE])
def test_a_size_below_zero(tmp_path, place, kind):
    """Read as it is, it would mean all that is left, or the way back."""
    path = tmp_path / "a"
    head = member("odd", -1024, kind).tobuf(tarfile.GNU_FORMAT)
    path.write_bytes(head + bytes(10_240))
    refused(path, place, "a header of -1024 bytes|is cut short|is damaged")


def test_a_bomb_behind_the_end(tmp_path, place):
    """What follows the end of a tar is read for the checksum, but not without end."""
    path = tar(tmp_path / "a")
    with open(path, "ab") as file, gzip.open(file, "wb", compresslevel=1) as more:
        for _ in range(80):
            more.write(bytes(2**20))
    refused(path, place, "unpacks to more than", max_bytes=2**20)


@pytest.mark.parametrize(
    ("lie", "match"), [(100, "cannot be unpacked"), (6 * 2**20, "is cut short inside 'zeros'")]
)
def test_a_zip_that_lies_about_its_sizes(tmp_path, place, lie, match):
    path = bag(tmp_path / "a", ("zeros", bytes(5 * 2**20)))
    data, true = path.read_bytes(), struct.pack("<I", 5 * 2**20)
    assert data.count(true) == 2
    path.write_bytes(data.replace(true, struct.pack("<I", lie)))
    refused(path, place, match)


@pytest.mark.parametrize(
    ("data", "match"),
    [
        (b"", "is empty"),
        (b"<!DOCTYPE html><html>Log in</html>", "is no tar.gz, tar or zip"),
        (b"text named .tgz" * 100, "is no tar.gz, tar or zip"),
        (b"\x1f\x8b\x08\x00", "is damaged"),
        (gzip.compress(b"text, and no tar" * 100, mtime=0), "is damaged"),
        (b"PK\x03\x04 and so on", "cannot be unpacked"),
        (b"\x89PNG\r\n\x1a\n", "is no tar.gz"),
    ],
)
def test_what_is_no_archive(tmp_path, place, data, match):
    (tmp_path / "a.tgz").write_bytes(data)
    refused(tmp_path / "a.tgz", place, match)


@pytest.mark.parametrize("kind", ["w:gz", "w", "zip"])
def test_cut_short_at_any_of_25_points(tmp_path, place, kind):
    draw = random.Random(3)
    content = {f"{n}.bin": draw.randbytes(2000) for n in range(10)}
    path = tmp_path / "a"
    bag(path, content=content) if kind == "zip" else tar(path, mode=kind, content=content)
    whole = path.read_bytes()
    end = 2560 * 10 if kind == "w" else len(whole)  # a tar ends with empty blocks
    for cut in [2560, 2560 + 100, *(draw.randrange(600, end) for _ in range(23))]:
        path.write_bytes(whole[:cut])
        refused(path, place, "is damaged|cannot be unpacked|is cut short")


@pytest.mark.parametrize("kind", ["tar", "zip"])
def test_a_changed_byte_at_any_of_25_points(tmp_path, place, kind):
    draw = random.Random(4)
    content = {f"{n}.bin": draw.randbytes(2000) for n in range(10)}
    path = tmp_path / "a"
    bag(path, content=content) if kind == "zip" else tar(path, content=content)
    whole = path.read_bytes()
    for _ in range(25):
        at = draw.randrange(600, 18_000)  # in what is packed, not in a time stamp
        path.write_bytes(whole[:at] + bytes([whole[at] ^ 255]) + whole[at + 1 :])
        try:
            archives.unpack(path, place)
        except archives.BadArchive:
            assert not place.exists()
        else:
            assert kind == "zip" and all_files(place) == content  # a byte that means nothing
            break


def test_a_tar_that_is_damaged_between_two_files(tmp_path, place):
    """For tarfile alone it would just end there."""
    path = tar(tmp_path / "a", mode="w")
    data = bytearray(path.read_bytes())
    data[1024:1536] = b"?" * 512
    path.write_bytes(gzip.compress(bytes(data)))
    refused(path, place, "is damaged")


def test_a_password(tmp_path, place):
    path = bag(tmp_path / "a")
    data = bytearray(path.read_bytes())
    for start in (b"PK\x03\x04", b"PK\x01\x02"):
        at = data.index(start) + (6 if start[2] == 3 else 8)
        data[at] |= 1
    path.write_bytes(data)
    refused(path, place, "is locked with a password. .* pack it again without")


def test_a_rare_compression(tmp_path, place):
    path = tmp_path / "a"
    with zipfile.ZipFile(path, "w", zipfile.ZIP_BZIP2) as archive:
        archive.writestr("a.txt", "one")
    refused(path, place, "compression")


def test_a_name_that_is_too_long(tmp_path, place):
    refused(tar(tmp_path / "a", (member("é" * 200, 1), b"1")), place, "more than 255 bytes")


def test_no_archive_at_all(tmp_path, place):
    with pytest.raises(FileNotFoundError):
        archives.unpack(tmp_path / "nothing", place)
    assert list(place.parent.iterdir()) == []


def test_a_full_disk_leaves_nothing(tmp_path, place, monkeypatch):
    def full(stream, file, length):
        raise OSError(28, "No space left on device")

    path = tar(tmp_path / "a")
    monkeypatch.setattr(archives.shutil, "copyfileobj", full)
    with pytest.raises(OSError, match="No space"):
        archives.unpack(path, place)
    assert list(place.parent.iterdir()) == []


def test_several_processes_at_once(tmp_path, place):
    path = tar(tmp_path / "a", content={f"{n}.jpg": b"x" * 1000 for n in range(300)})
    code = "import sys; from tlhelpers.fetching import archives; from pathlib import Path; "
    code += "archives.unpack(Path(sys.argv[1]), Path(sys.argv[2])); "
    code += "assert len(list(Path(sys.argv[2]).iterdir())) == 300"
    command = [sys.executable, "-c", code, str(path), str(place)]
    children = [subprocess.Popen(command) for _ in range(5)]
    assert [process.wait(timeout=60) for process in children] == [0] * 5
    assert [p.name for p in place.parent.iterdir()] == ["target"]


# Damage of any kind, and names


def damaged(whole, draw):
    """The bytes with a few changed, missing, too many or moved; also in the tables of a ZIP."""
    data = bytearray(whole)
    at = draw.choice([draw.randrange(len(data)), max(0, len(data) - 1 - draw.randrange(400))])
    how = draw.randrange(5)
    if how == 0:
        data[at : at + 1] = draw.randbytes(1)
    elif how == 1:
        data[at : at + 4] = draw.choice([b"\xff" * 4, bytes(4), b"\xff\xff\xff\x7f"])
    elif how == 2:
        data[at:at] = draw.randbytes(draw.randrange(1, 64))
    else:
        del data[at : at + draw.randrange(1, 100) if how == 3 else len(data)]
    return bytes(data)


@pytest.mark.parametrize("kind", ["zip", "w:gz", "w"])
@pytest.mark.filterwarnings("ignore:Duplicate name")
def test_whatever_is_damaged_is_a_refusal_and_leaves_nothing(tmp_path, kind):
    draw, path = random.Random(kind), tmp_path / "a"
    content = {f"{n}/größe{n}.bin": draw.randbytes(60) for n in range(4)}
    bag(path, content=content) if kind == "zip" else tar(path, mode=kind, content=content)
    whole, refusals = path.read_bytes(), 0
    for number in range(150):
        path.write_bytes(damaged(whole, draw))
        try:
            archives.unpack(path, tmp_path / "out" / str(number), max_bytes=2**20)
        except archives.BadArchive as error:
            refusals += 1
            assert "Nothing was unpacked" in str(error)
            assert not (tmp_path / "out" / str(number)).exists()
    assert refusals > 30 and not list((tmp_path / "out").glob(".*"))


def test_an_offset_outside_of_a_zip(tmp_path, place):
    path = bag(tmp_path / "a")
    data = bytearray(path.read_bytes())
    at = data.rindex(b"PK\5\6") + 16  # where the list of files begins; all else moves with it
    data[at : at + 4] = struct.pack("<I", 2**31 - 1)
    path.write_bytes(data)
    refused(path, place, "is damaged or cut short .it points to a place outside|cannot be unpacked")


def test_an_error_of_the_disk_is_not_called_damage(tmp_path, place, monkeypatch):
    path = bag(tmp_path / "a")

    def broken(self, *args):
        raise OSError(5, "Input/output error")

    monkeypatch.setattr(zipfile.ZipExtFile, "read", broken)
    with pytest.raises(OSError, match="Input/output error"):
        archives.unpack(path, place)
    assert list(place.parent.iterdir()) == []


def test_the_advice_fits_the_cause(tmp_path, place):
    content = {f"{n}.txt": b"" for n in range(5)}
    for limits, name in (({"max_files": 4}, "max_files"), ({"max_bytes": 1}, "max_bytes")):
        more = {**content, "x": b"abc"}
        with pytest.raises(archives.BadArchive, match="Unpack it yourself") as caught:
            archives.unpack(bag(tmp_path / "a", content=more), place, **limits)
        assert f"the limit ({name})" in str(caught.value)
        assert "get it again" not in str(caught.value)
    path = tmp_path / "b"
    with zipfile.ZipFile(path, "w", zipfile.ZIP_LZMA) as archive:
        archive.writestr("a.txt", "one")
    with pytest.raises(archives.BadArchive, match="pack it again as an ordinary ZIP"):
        archives.unpack(path, place)


def raw_names(path, *names):
    """A ZIP whose names are these bytes, without a word on what letters they are."""
    stand_ins = [f"{chr(97 + i) * len(name)}" for i, name in enumerate(names)]
    bag(path, content=dict.fromkeys(stand_ins, b"x"))
    data = path.read_bytes()
    for name, other in zip(names, stand_ins, strict=True):
        assert data.count(other.encode()) == 2
        data = data.replace(other.encode(), name)
    path.write_bytes(data)
    return path


def names_of(path, folder):
    files, notes = archives.unpack_files(path, folder)
    return ["/".join(file.name) for file in files], notes


CAT = "猫狗"  # of these letters, the first alone in GBK could be UTF-8


@pytest.mark.parametrize("code, language, guessed", [
    ("utf-8", "en_US", False), ("gbk", "zh_CN", True), ("gbk", "Chinese_China", True),
    ("cp932", "ja_JP", True), ("big5", "zh_TW", True), ("cp437", "en_US", True),
])  # fmt: skip
def test_names_without_a_word_on_their_letters(tmp_path, monkeypatch, code, language, guessed):
    monkeypatch.setattr("locale.getlocale", lambda *args: (language, "UTF-8"))
    name = {"cp437": "größe", "big5": "貓狗"}.get(code, CAT)
    names, notes = names_of(raw_names(tmp_path / "a", f"{name}.png".encode(code)), tmp_path / "x")
    assert names == [f"{name}.png"] and bool(notes) == guessed
    if guessed:
        assert name in notes[0] and "may be wrong" in notes[0]


def test_names_that_fit_no_guess_are_said(tmp_path, monkeypatch):
    monkeypatch.setattr("locale.getlocale", lambda *args: (None, None))
    path = raw_names(tmp_path / "a", CAT.encode("gbk"), "größe".encode())  # one of them is UTF-8
    names, notes = names_of(path, tmp_path / "x")
    assert len(names) == 2 and len(notes) == 1 and "cp437" in notes[0]


def test_backslashes_are_folders_as_old_programs_meant(tmp_path, place):
    path = raw_names(tmp_path / "a", b"kiwi\\1.png", b"lemon\\2.png", b"empty\\")
    archives.unpack(path, place)
    assert all_files(place) == {"kiwi/1.png": b"x", "lemon/2.png": b"x"}
    assert (place / "empty").is_dir()


def test_a_backslash_that_is_half_a_letter_is_no_folder(tmp_path, monkeypatch):
    so = "ソ".encode("cp932")  # its second byte is that of a backslash
    path = raw_names(tmp_path / "a", b"x\\" + so + b"1.png", "表".encode("cp932") + b".png")
    monkeypatch.setattr("locale.getlocale", lambda *args: ("ja_JP", "UTF-8"))
    assert names_of(path, tmp_path / "x")[0] == ["x/ソ1.png", "表.png"]
    monkeypatch.setattr("locale.getlocale", lambda *args: ("en_US", "UTF-8"))
    names, notes = names_of(path, tmp_path / "y")
    assert [name.count("/") for name in names] == [1, 0] and notes


def test_bytes_in_a_tar_that_are_no_utf_8(tmp_path, place):
    with tarfile.open(tmp_path / "a", "w:gz", encoding="latin-1", format=tarfile.GNU_FORMAT) as new:
        new.addfile(member("café/1.txt", 1), io.BytesIO(b"1"))
    archives.unpack(tmp_path / "a", place)
    assert all_files(place) == {"café/1.txt": b"1"}
    assert "may be wrong" in names_of(tmp_path / "a", tmp_path / "flat")[1][0]


def test_under_numbers_no_name_does_harm(tmp_path):
    odd = [name for name in WAYS_OUT if ".." not in name and not name.startswith("/")]
    odd += ["A.txt", "a.txt", "b" * 300, "cat ", "cat", "x/", "nul.png"]
    path = tar(tmp_path / "a", *[(member(name, 1), b"1") for name in odd if name[-1] != "/"])
    folder = tmp_path / "x"
    files, _ = archives.unpack_files(path, folder)
    assert len(files) == len(CONTENT) + len(odd) - 1
    assert sorted(folder.iterdir()) == sorted(file.file for file in files)
    assert all(file.file.stem.isdigit() for file in files)
    for number, name in enumerate(("../x", "a/../../x", "/etc/x", "..\\x")):
        path = tar(tmp_path / "b", (member(name, 1), b"1"))
        with pytest.raises(archives.BadArchive, match="does not stay in one folder"):
            archives.unpack_files(path, tmp_path / f"y{number}")
    assert {p.name[0] for p in tmp_path.iterdir()} == {"a", "b", "x", "y"}
