"""Stand-ins for a picture, and what is more than red, green and blue of 8 bits: all is said."""

import errno
import io
import os
import struct
import zlib
from pathlib import Path

import numpy as np
import pytest
from PIL import Image, PngImagePlugin, TiffImagePlugin
from trouble import found, load, make_fruit, reasons, scan, scene

from tlhelpers.data import image_files, unusable

RNG = np.random.default_rng(0)


@pytest.fixture
def fruit(tmp_path):
    return make_fruit(tmp_path / "fruit")


def look(path):
    """What becomes of one file: its pixels and notes, or why it is not used."""
    try:
        image, _, notes = image_files.decode_image(path)
    except image_files.UnusableFile as error:
        return None, str(error)
    return np.asarray(image), "; ".join(notes)


def tiff(path, array, bits, photometric, compression=1, **tags):
    """Write a TIFF that Pillow would not write."""
    high, wide = array.shape[:2]
    bands = array.shape[2] if array.ndim == 3 else 1
    rows = [(256, 4, [wide]), (257, 4, [high]), (258, 3, [bits] * bands), (259, 3, [compression]),
            (262, 3, [photometric]), (273, 4, [0]), (277, 3, [bands]), (278, 4, [high]),
            (279, 4, [array.nbytes])]  # fmt: skip
    rows += [(int(name[1:]), 3, values) for name, values in tags.items()]
    body, start, entries = b"", 8 + 2 + 12 * len(rows) + 4, []
    for tag, kind, values in sorted(rows):
        data = struct.pack(f"<{len(values)}{'H' if kind == 3 else 'I'}", *values)
        if len(data) > 4:
            data, body = struct.pack("<I", start + len(body)), body + data
        entries.append([tag, kind, len(values), data.ljust(4, b"\0")])
    for entry in entries:
        if entry[0] == 273:
            entry[3] = struct.pack("<I", start + len(body))
    head = b"II*\0" + struct.pack("<IH", 8, len(rows))
    head += b"".join(struct.pack("<HHI", *entry[:3]) + entry[3] for entry in entries) + bytes(4)
    path.write_bytes(head + body + array.tobytes())
    return path


def png(path, array, kind):
    """Write a PNG of 16 bits; kind 2 is RGB, 4 grey with transparency, 6 RGB with it."""

    def chunk(name, data):
        check = struct.pack(">I", zlib.crc32(name + data))
        return struct.pack(">I", len(data)) + name + data + check

    head = struct.pack(">IIBBBBB", array.shape[1], array.shape[0], 16, kind, 0, 0, 0)
    rows = b"".join(b"\0" + row.astype(">u2").tobytes() for row in array)
    data = chunk(b"IHDR", head) + chunk(b"IDAT", zlib.compress(rows)) + chunk(b"IEND", b"")
    path.write_bytes(b"\x89PNG\r\n\x1a\n" + data)
    return path


def numbers(bands, most, kind="<u2"):
    return RNG.integers(0, most, (16, 16, bands)).astype(kind)


# Stand-ins


STAND_INS = {
    "raw of Canon": (b"II*\0\x10\0\0\0CR\2\0" + bytes(99), "x.tif", unusable.CAMERA_RAW),
    "new raw of Canon": (b"\0\0\0\x18ftypcrx \0\0\0\1crx isom", "x.CR3", unusable.CAMERA_RAW),
    "raw of Olympus": (b"IIRO\x08\0\0\0" + bytes(99), "x.orf", unusable.CAMERA_RAW),
    "raw of Fuji": (b"FUJIFILMCCD-RAW 0201" + bytes(99), "x.raf", unusable.CAMERA_RAW),
    "raw that nobody knows": (b"\1\2\3\4" * 40, "x.ARW", unusable.CAMERA_RAW),
    "git lfs": (b"version https://git-lfs.github.com/spec/v1\noid sha256:4d\nsize 9\n", "x.jpg",
                "a pointer of Git LFS"),
    "git annex": (b"/annex/objects/SHA256E-s31390--f50d.jpg\n", "x.jpg", "a pointer of git-annex"),
    "zeros": (bytes(5000), "x.jpg", unusable.ZEROS),
    "page without html": (b"<!DOCTYPE HTML PUBLIC>\n<title>Log in</title>", "x.jpg", "a web page"),
    "page": (b"\n <head><title>403</title></head>", "x.jpg", "a web page"),
    "download": (b"\xff\xd8\xff\xe0" + bytes(90), "x.jpg.crdownload", "a download that is not"),
    "AppleDouble": (b"\0\x05\x16\x07\0\2\0\0Mac OS X" + bytes(90), "_x.jpg", "what macOS keeps"),
    "icloud": (b"bplist00\xd2\1\2" + bytes(90), "x.jpg", "a note of the system"),
    "shortcut": (b"L\0\0\0\1\x14\2\0" + bytes(90), "x.jpg.lnk", "a note of the system"),
    "packed": (b"\x1f\x8b\x08\0" + bytes(90), "x.jpg.gz", "an archive"),
    "avi": (b"RIFF\0\0\1\0AVI LIST" + bytes(90), "x.avi", "a film"),
    "jpeg xl": (b"\0\0\0\x0cJXL \r\n\x87\n" + bytes(90), "x.jxl", "JPEG XL"),
    "dicom": (bytes(128) + b"DICM" + bytes(90), "x.dcm", "a medical picture"),
    "numpy": (b"\x93NUMPY\1\0v\0" + bytes(90), "x.npy", "an array of NumPy"),
}  # fmt: skip


@pytest.mark.parametrize("case", STAND_INS)
def test_what_stands_in_for_a_picture_is_named(tmp_path, case):
    content, name, why = STAND_INS[case]
    (tmp_path / name).write_bytes(content)
    image, said = look(tmp_path / name)
    assert image is None and said.startswith(why)


def preview(path, **more):
    tags = TiffImagePlugin.ImageFileDirectory_v2()
    tags[254] = 1
    for tag, value in more.items():
        tags[int(tag[1:])] = value
    scene(1, (160, 120)).save(path, "TIFF", tiffinfo=tags)
    return path


def test_the_preview_in_a_raw_file_is_not_taken_for_the_picture(tmp_path):
    for name in ("DSC_1.NEF", "_MG.dng", "x.cr2"):
        assert look(preview(tmp_path / name)) == (None, unusable.CAMERA_RAW)
    # Under another name: a DNG's version says what it is.
    assert look(preview(tmp_path / "x.tif", t50706=b"\1\4\0\0")) == (None, unusable.CAMERA_RAW)
    image, notes = look(preview(tmp_path / "y.tif"))
    assert image.shape == (120, 160, 3) and "only a small preview" in notes
    scene(2).save(tmp_path / "z.NEF", "JPEG")  # whole, and no raw file
    assert look(tmp_path / "z.NEF")[1] == "named .NEF but JPEG, which works"


def test_of_pages_the_large_one_is_used_when_the_first_is_a_small_one(tmp_path):
    small, large = scene(3, (40, 30)), scene(4, (160, 120))
    for name, pages, word in (("a", [small, large, small], "largest"),
                              ("b", [large, small, small], "first"),
                              ("c", [small, scene(5, (44, 30))], "first")):  # fmt: skip
        path = tmp_path / f"{name}.tif"
        pages[0].save(path, save_all=True, append_images=pages[1:])
        image, notes = look(path)
        assert notes == f"several pictures in one file, the {word} is used"
        want = large if large in pages else small
        assert (image == np.asarray(want)).all()


def test_files_in_icloud_are_said_and_not_passed_over(fruit):
    for name in (".IMG_1.JPG.icloud", ".IMG_2.JPG.icloud"):
        (fruit / "kiwi" / name).write_bytes(b"bplist00" + bytes(90))
    (fruit / "lemon" / "x.jpg.nextcloud").write_bytes(b" ")
    (fruit / ".plum.icloud").write_bytes(b"bplist00")
    report = scan(fruit)
    want = ["kiwi/.IMG_1.JPG.icloud", "kiwi/.IMG_2.JPG.icloud", "lemon/x.jpg.nextcloud",
            ".plum.icloud"]  # fmt: skip
    assert reasons(report) == dict.fromkeys(want, unusable.IN_CLOUD)
    assert report.ignored == 0 and report.counts == {"kiwi": 4, "lemon": 4}


def test_a_flag_of_the_system_says_that_a_file_is_in_a_cloud(tmp_path, monkeypatch):
    path = tmp_path / "x.jpg"
    path.write_bytes(b"x")

    class State:
        st_file_attributes, st_flags = 0x400000, 0

    real = Path.stat
    monkeypatch.setattr(Path, "stat", lambda p, **kw: State if p == path else real(p, **kw))
    error = OSError(errno.EINVAL, "The cloud file provider is not running")
    assert unusable.why_unusable(path, error) == unusable.IN_CLOUD
    State.st_file_attributes = 0
    assert "provider is not running" in unusable.why_unusable(path, error)


# What Pillow says is not always damage


def test_a_long_comment_and_a_large_profile_are_no_damage(tmp_path):
    image, info = scene(6), PngImagePlugin.PngInfo()
    info.add_text("Comment", "x" * 2_000_000, zip=True)
    after = PngImagePlugin.PngInfo()
    after.add(b"zTXt", b"Comment\0\0" + zlib.compress(b"x" * 2_000_000), after_idat=True)
    image.save(tmp_path / "before.png", pnginfo=info)
    image.save(tmp_path / "after.png", pnginfo=after)
    image.save(tmp_path / "profile.png", icc_profile=bytes(2_000_000))
    for name in ("before", "after", "profile"):
        pixels, notes = look(tmp_path / f"{name}.png")
        assert notes == "" and (pixels == np.asarray(image)).all()
    whole = (tmp_path / "profile.png").read_bytes()
    (tmp_path / "cut.png").write_bytes(whole[: len(whole) // 2])
    assert look(tmp_path / "cut.png") == (None, unusable.DAMAGED)


@pytest.mark.parametrize("code, words", [
    (errno.EMFILE, "too many files are open"), (errno.EIO, "cannot be opened (Input/output"),
    (errno.EACCES, "no permission"), (errno.ETIMEDOUT, "cannot be opened ("),
])  # fmt: skip
def test_errors_of_the_system_are_not_called_damage(tmp_path, monkeypatch, code, words):
    scene(7).save(tmp_path / "x.png")

    def fail(*args, **options):
        raise OSError(code, os.strerror(code))

    monkeypatch.setattr(PngImagePlugin.PngImageFile, "load", fail)
    assert words in look(tmp_path / "x.png")[1]


def bmp(**changes):
    buffer = io.BytesIO()
    scene(8).save(buffer, "BMP")
    data = bytearray(buffer.getvalue())
    for place, value in changes.items():
        data[int(place[1:])] = value
    return bytes(data)


def jpeg(marker=None, bits=None):
    buffer = io.BytesIO()
    scene(8).save(buffer, "JPEG")
    data = bytearray(buffer.getvalue())
    place = data.index(b"\xff\xc0")
    data[place + 1] = marker or data[place + 1]
    data[place + 4] = bits or data[place + 4]
    return bytes(data)


@pytest.mark.parametrize("content, words", [
    (bmp(b30=99), "Unsupported BMP compression (99)"), (bmp(b28=7), "BMP pixel depth (7)"),
    (jpeg(bits=12), "a JPEG with 12 bits"), (jpeg(marker=0xC3), "a rare kind of JPEG (SOF3"),
])  # fmt: skip
def test_rare_kinds_are_named(tmp_path, content, words):
    (tmp_path / "x").write_bytes(content)
    assert words in look(tmp_path / "x")[1]


def test_a_format_that_this_pillow_lacks_is_named(tmp_path, monkeypatch):
    scene(9).save(tmp_path / "x.webp")
    image_files._formats.cache_clear()
    monkeypatch.delitem(Image.OPEN, "WEBP")
    assert look(tmp_path / "x.webp")[1].startswith("WEBP, which Pillow cannot read on this comp")
    image_files._formats.cache_clear()


@pytest.mark.parametrize("array, bits, photometric, more, words", [
    (numbers(4, 256, "u1"), 8, 1, {"t338": [0, 0, 0]}, "a TIFF with 4 bands of 8 bits,"),
    (numbers(5, 256), 16, 1, {"t338": [0] * 4}, "a TIFF with 5 bands of 16 bits,"),
    (numbers(8, 256, "u1"), 8, 2, {"t338": [0] * 5}, "a TIFF with 8 bands of 8 bits,"),
    (numbers(1, 1, "<f8"), 64, 1, {"t339": [3]}, "a TIFF with 1 band of 64 bits with fractions,"),
    (numbers(3, 256, "u1"), 8, 2, {"compression": 34892}, "TIFF compression 34892, which"),
    (numbers(3, 256, "u1"), 8, 2, {"compression": 50001}, "TIFF compression 50001"),
    (numbers(3, 256, "u1"), 8, 2, {"compression": 5}, unusable.DAMAGED),
    (numbers(1, 1, "<i2") - 5, 16, 1, {"t339": [2]}, "numbers below 0"),
])  # fmt: skip
def test_a_tiff_that_is_whole_is_not_called_damaged(
    tmp_path, array, bits, photometric, more, words
):
    assert words in look(tiff(tmp_path / "x.tif", array, bits, photometric, **more))[1]


# Bits and bands


SIXTEEN = "16 bits for each pixel, brought to 8"


@pytest.mark.parametrize("most, dark", [(4096, True), (65536, False)])
def test_colours_of_16_bits_are_said_and_dark_ones_too(tmp_path, most, dark):
    array = numbers(3, most)
    ppm = tmp_path / "x.ppm"
    ppm.write_bytes(b"P6 16 16 65535\n" + array.astype(">u2").tobytes())
    files = [tiff(tmp_path / "x.tif", array, 16, 2), png(tmp_path / "x.png", array, 2), ppm]
    for path in files:
        pixels, notes = look(path)
        assert np.abs(pixels.astype(int) - (array >> 8)).max() <= 1
        assert notes.startswith(SIXTEEN) and ("dark, for it has 16 bits" in notes) == dark


def test_little_ink_of_16_bits_is_not_dark(tmp_path):
    _, notes = look(tiff(tmp_path / "x.tif", numbers(4, 4096), 16, 5))
    assert notes.startswith(f"{SIXTEEN}; made for printing")


def test_16_bits_with_transparency_are_said(tmp_path):
    for name, kind, bands in (("x", 4, 2), ("y", 6, 4)):
        _, notes = look(png(tmp_path / f"{name}.png", numbers(bands, 65536), kind))
        assert notes == f"{SIXTEEN}; transparent, put on white"


def test_grey_of_more_than_8_bits_keeps_its_brightness(tmp_path):
    """White where zero is (as in X-rays), and 12 bits that fill their 12 bits."""
    pixels, _ = look(tiff(tmp_path / "x.tif", np.full((16, 16), 0xF000, "<u2"), 16, 0))
    assert (pixels == 0x0F).all()
    packed = np.frombuffer(b"\xff\xff\xff" * 128, np.uint8).reshape(16, 24)
    path = tiff(tmp_path / "y.tif", packed, 12, 1)
    data = path.read_bytes()
    path.write_bytes(data.replace(struct.pack("<HHII", 256, 4, 1, 24),
                                  struct.pack("<HHII", 256, 4, 1, 16)))  # fmt: skip
    pixels, notes = look(path)
    assert (pixels == 255).all() and notes == "12 bits for each pixel, brought to 8"
    path = tiff(tmp_path / "z.tif", np.full((16, 16), 5, "<u4"), 32, 1)
    assert look(path)[1].startswith("32 bits for each pixel, brought to 8; dark")


@pytest.mark.parametrize("bands, photometric, extra, more", [
    (2, 1, [0], "1 more band"), (4, 2, [0], "1 more band"), (4, 2, None, "1 more band"),
    (5, 2, [0, 0], "2 more bands"), (6, 2, [2, 0, 0], "2 more bands"), (4, 2, [2], ""),
])  # fmt: skip
def test_bands_that_are_no_colours_are_said(tmp_path, bands, photometric, extra, more):
    array = numbers(bands, 256, "u1")
    tags = {} if extra is None else {"t338": extra}
    pixels, notes = look(tiff(tmp_path / "x.tif", array, 8, photometric, **tags))
    assert notes.startswith(f"{more} than colours (infrared?), not used" if more else "transp")
    assert ("transparent" in notes) == (extra is not None and 2 in extra)
    if "transparent" not in notes:
        colours = array[..., :3] if bands > 2 else array[..., :1].repeat(3, 2)
        assert (pixels == colours).all()


def test_grey_with_premultiplied_transparency(tmp_path):
    pixels, notes = look(tiff(tmp_path / "x.tif", numbers(2, 256, "u1"), 8, 1, t338=[1]))
    assert pixels.shape == (16, 16, 3) and notes == "transparent, put on white"


def test_notes_reach_the_report(fruit):
    png(fruit / "kiwi" / "x.png", numbers(3, 4096), 2)
    assert found(scan(fruit), "x.png").notes[0] == SIXTEEN
    assert load([fruit / "kiwi" / "x.png"], 16).max() < 16


def test_sixteen_bits_in_a_plane_for_each_colour_are_not_read_as_noise(tmp_path):
    array = np.zeros((16, 16, 3), "<u2")
    assert "a plane for each colour" in look(tiff(tmp_path / "x.tif", array, 16, 2, t284=[2]))[1]
    assert look(tiff(tmp_path / "y.tif", array, 16, 2, t284=[1]))[0] is not None
