"""Pictures in files: every kind of bad file is named, and what works is loaded as it looks."""

import os
import struct
import subprocess
import sys
import threading
import zlib

import numpy as np
import pytest
from PIL import Image
from trouble import CLASSES, found, load, make_fruit, reasons, scan, scene

from tlhelpers.data import image_files


@pytest.fixture
def fruit(tmp_path):
    return make_fruit(tmp_path / "fruit")


# Files that cannot be used: one sentence each, and the others go on.


#: A file of a phone begins like this, and so does a film.
HEIC = b"\0\0\0\x24ftypheic\0\0\0\0mif1MiHEMiPrmiafMiHBheic" + bytes(200)
HEIC_2 = b"\0\0\0\x1cftypmif1\0\0\0\0mif1heicmiaf" + bytes(200)
AVIF = b"\0\0\0\x1cftypavif\0\0\0\0avifmiafMA1B" + bytes(200)
FILM = b"\0\0\0\x20ftypisom\0\0\x02\0isomiso2avc1mp41" + bytes(200)
PAGE = b"<!DOCTYPE html><html><body>Not found</body></html>"


def cut(kind, keep):
    """Keep a share of the file, or so many bytes."""

    def make(path):
        scene(99, (300, 200)).save(path, kind)
        path.write_bytes(path.read_bytes()[: int(keep if keep > 1 else keep * path.stat().st_size)])

    return make


def bomb(path):
    """A tiny PNG that says it is 30,000 pixels wide and high."""

    def chunk(name, data):
        return (
            struct.pack(">I", len(data)) + name + data + struct.pack(">I", zlib.crc32(name + data))
        )

    head = struct.pack(">IIBBBBB", 30_000, 30_000, 8, 2, 0, 0, 0)
    data = chunk(b"IHDR", head) + chunk(b"IDAT", zlib.compress(b"\0" * 10**6)) + chunk(b"IEND", b"")
    path.write_bytes(b"\x89PNG\r\n\x1a\n" + data)


def smaller_bomb(path):
    """56 million pixels, all black: a few kilobytes on disk."""
    Image.new("L", (8000, 7000)).save(path, "PNG")


def content(data):
    return lambda path: path.write_bytes(data)


def floats(path):
    Image.fromarray(np.zeros((20, 20), np.float32)).save(path, "TIFF")


def long_numbers(path):
    Image.fromarray(np.full((20, 20), 70_000, np.int32)).save(path, "TIFF")


UNUSABLE = {
    "zero bytes": ("x.jpg", content(b""), "an empty file (0 bytes)"),
    "jpeg cut in half": ("x.jpg", cut("JPEG", 0.5), "damaged or cut short"),
    "jpeg cut near its end": ("x.jpg", cut("JPEG", 0.95), "damaged or cut short"),
    "jpeg cut in its head": ("x.jpg", cut("JPEG", 3), "damaged or cut short"),
    "png cut": ("x.png", cut("PNG", 0.5), "damaged or cut short"),
    "png cut in its head": ("x.png", cut("PNG", 12), "damaged or cut short"),
    "gif cut": ("x.gif", cut("GIF", 0.5), "damaged or cut short"),
    "gif cut in its head": ("x.gif", cut("GIF", 40), "damaged or cut short"),
    "avif cut": ("x.avif", content(AVIF), "AVIF, damaged or unknown"),
    "bmp cut": ("x.bmp", cut("BMP", 0.5), "damaged or cut short"),
    "tiff cut": ("x.tif", cut("TIFF", 0.5), "damaged or cut short"),
    "webp cut": ("x.webp", cut("WEBP", 0.5), "damaged or cut short"),
    "text": ("x.jpg", content("gar kein Bild, nämlich Text\n".encode()), "text, not a picture"),
    "long text cut within ä": ("x.jpg", content(b"a" + "ä".encode() * 900), "text, not a picture"),
    "web page": ("x.jpg", content(PAGE), "a web page, not a picture"),
    "svg": ("x.svg", content(b'<svg xmlns="http://www.w3.org/2000/svg"/>'), "an SVG drawing"),
    "pdf": ("x.png", content(b"%PDF-1.7\n%\xe2\xe3" + bytes(99)), "a PDF document"),
    "zip": ("x.jpg", content(b"PK\x03\x04" + bytes(99)), "a ZIP archive"),
    "heic": ("x.heic", content(HEIC), "HEIC, as phones save it (convert it to JPEG)"),
    "heic named jpg": ("x.jpg", content(HEIC_2), "HEIC"),
    "film": ("x.mp4", content(FILM), "a film, not a picture"),
    "noise": ("x.jpg", content(bytes(range(128, 256)) * 9), "not a picture that can be read"),
    "three odd bytes": ("x.jpg", content(b"\xfe\xfd\xfc"), "not a picture that can be read"),
    "text that looks like a PPM": ("x.jpg", content(b"P3 is a text\n"), "text, not a picture"),
    "eps": ("x.eps", content(b"%!PS-Adobe-3.0 EPSF-3.0\n" + bytes(99)), "a PostScript drawing"),
    "one pixel": ("x.png", lambda p: scene(9, (1, 1)).save(p), "smaller than 8 × 8 pixels"),
    "a line": ("x.png", lambda p: scene(9, (500, 1)).save(p), "smaller than 8 × 8 pixels"),
    "bomb": ("x.png", bomb, "over 50 million pixels"),
    "smaller bomb": ("x.png", smaller_bomb, "over 50 million pixels"),
    "32-bit floats": ("x.tif", floats, "32 bits for each pixel"),
    "32-bit integers": ("x.tif", long_numbers, "32 bits for each pixel"),
}


@pytest.mark.parametrize("case", UNUSABLE)
def test_an_unusable_file_is_left_out_with_its_reason_and_the_others_are_kept(fruit, case):
    name, make, why = UNUSABLE[case]
    make(fruit / "kiwi" / name)
    report = scan(fruit)
    assert report.counts == {"kiwi": 4, "lemon": 4}
    [(file, said)] = reasons(report).items()
    assert file == f"kiwi/{name}" and said.startswith(why)
    assert f"{said}: kiwi/{name}" in str(report)
    with pytest.raises(ValueError, match="1 file cannot be used, such as .*" + name) as error:
        load([fruit / "kiwi" / "0.png", fruit / "kiwi" / name], 32)
    assert said in str(error.value)


# Unusual files that work, compared with pixels made by hand.


def test_a_wrong_ending_works_with_a_note(fruit):
    scene(50).save(fruit / "kiwi" / "x.jpg", "PNG")
    scene(51).save(fruit / "kiwi" / "y", "PNG")
    report = scan(fruit)
    assert found(report, "x.jpg").notes == ("named .jpg but PNG, which works",)
    assert found(report, "y").notes == ("named without ending but PNG, which works",)
    assert all(p.notes == () for p in report.pictures if p.file.suffix == ".png")
    assert (load([fruit / "kiwi" / "x.jpg"], 72)[0] == np.asarray(scene(50))[:, 12:84]).all()


def colours(path, image, **options):
    """Save, load at the same size, and return the pixels."""
    image.save(path, **options)
    return load([path], image.width)[0]


def test_sixteen_bits_keep_their_brightness(fruit):
    values = np.full((16, 16), 0x8000, np.uint16)
    values[:, 8:] = 0xFFFF
    pixels = colours(fruit / "kiwi" / "x.png", Image.fromarray(values))
    assert (pixels[:, :8] == 128).all() and (pixels[:, 8:] == 255).all()
    assert found(scan(fruit), "x.png").notes == ("16 bits for each pixel, brought to 8",)


def test_sixteen_bits_in_the_other_byte_order(tmp_path):
    path = tmp_path / "x.tif"
    values = np.full((16, 16), 0x8001, ">u2")
    Image.frombytes("I;16B", (16, 16), values.tobytes()).save(path)
    assert (load([path], 16) == 128).all()


def test_sixteen_bits_as_text_do_not_turn_white(tmp_path):
    path = tmp_path / "x.pgm"
    path.write_bytes(b"P5 16 16 65535\n" + np.full((16, 16), 0x4000, ">u2").tobytes())
    assert (load([path], 16) == 64).all()


def test_twelve_bits_in_sixteen_are_dark_and_the_report_says_so(fruit):
    Image.fromarray(np.full((16, 16), 4095, np.uint16)).save(fruit / "kiwi" / "x.png")
    assert any(note.startswith("dark") for note in found(scan(fruit), "x.png").notes)


def test_cmyk(fruit):
    # No ink is white, all black ink is black: what every printer agrees on.
    image = Image.new("CMYK", (16, 16), (0, 0, 0, 0))
    image.paste((0, 0, 0, 255), (0, 8, 16, 16))
    pixels = colours(fruit / "kiwi" / "x.jpg", image, quality=100)
    assert pixels[:7].min() > 245 and pixels[9:].max() < 10
    assert "CMYK" in found(scan(fruit), "x.jpg").notes[0]


def test_palette(tmp_path):
    image = Image.new("P", (16, 16), 1)
    image.putpalette([0, 0, 0, 10, 200, 30])
    assert (colours(tmp_path / "x.png", image) == (10, 200, 30)).all()


def test_palette_with_a_transparent_colour_is_put_on_white(fruit):
    image = Image.new("P", (16, 16), 0)
    image.paste(1, (0, 0, 8, 16))
    image.putpalette([9, 9, 9, 10, 200, 30])
    pixels = colours(fruit / "kiwi" / "x.png", image, transparency=0)
    assert (pixels[:, :8] == (10, 200, 30)).all() and (pixels[:, 8:] == 255).all()
    assert found(scan(fruit), "x.png").notes == ("transparent, put on white",)


def test_grey_with_alpha_is_put_on_white(tmp_path):
    image = Image.new("LA", (16, 16), (0, 0))
    image.paste((100, 255), (0, 0, 8, 16))
    pixels = colours(tmp_path / "x.png", image)
    assert (pixels[:, :8] == 100).all() and (pixels[:, 8:] == 255).all()


def test_half_transparent_is_half_white(tmp_path):
    pixels = colours(tmp_path / "x.png", Image.new("RGBA", (16, 16), (200, 0, 100, 51)))
    # One fifth of the colour, four fifths of white.
    assert np.abs(pixels[0, 0] - np.array([244, 204, 224])).max() <= 1


@pytest.mark.parametrize("mode, value, wanted", [("1", 1, 255), ("1", 0, 0), ("L", 77, 77)])
def test_black_and_white_and_grey(tmp_path, mode, value, wanted):
    assert (colours(tmp_path / "x.png", Image.new(mode, (16, 16), value)) == wanted).all()


ARROW = np.zeros((24, 24, 3), np.uint8)
ARROW[2:8, 2:20] = (250, 0, 0)  # red along the top
ARROW[8:22, 2:8] = (0, 0, 250)  # blue down the left side
#: What a camera stores for each EXIF orientation, so that it is upright after turning.
STORED = {
    1: ARROW,
    2: ARROW[:, ::-1],
    3: ARROW[::-1, ::-1],
    4: ARROW[::-1],
    5: ARROW.transpose(1, 0, 2),
    6: np.rot90(ARROW, 1),
    7: ARROW[::-1, ::-1].transpose(1, 0, 2),
    8: np.rot90(ARROW, -1),
}


@pytest.mark.parametrize("turn", STORED)
@pytest.mark.parametrize("kind", ["png", "tif", "webp"])
def test_every_exif_orientation_is_set_upright(tmp_path, turn, kind):
    path, exif = tmp_path / f"x.{kind}", Image.Exif()
    exif[0x0112] = turn
    image = Image.fromarray(np.ascontiguousarray(STORED[turn]))
    image.save(path, exif=exif, **({"lossless": True} if kind == "webp" else {}))
    assert (load([path], 24)[0] == ARROW).all()


@pytest.mark.parametrize("turn, size", [(3, (90, 60)), (6, (60, 90))])
def test_a_turned_photograph_reports_its_upright_size(fruit, turn, size):
    exif = Image.Exif()
    exif[0x0112] = turn
    scene(60, (90, 60)).save(fruit / "kiwi" / "x.jpg", exif=exif)
    picture = found(scan(fruit), "x.jpg")
    assert (picture.width, picture.height) == size
    assert picture.notes == ("taken sideways, set upright",)


@pytest.mark.parametrize("kind", ["png", "jpg"])  # for a PNG, Pillow raises a SyntaxError
def test_damaged_exif_does_not_lose_the_picture(fruit, kind):
    path = fruit / "kiwi" / f"x.{kind}"
    scene(61).save(path, exif=b"Exif\0\0\x11\x22nonsense")
    assert found(scan(fruit), path.name).notes == ()
    assert load([path], 16).shape == (1, 16, 16, 3)


@pytest.mark.parametrize("kind", ["GIF", "PNG", "WEBP"])
def test_of_an_animation_the_first_picture_is_taken(fruit, kind):
    path = fruit / "kiwi" / f"x.{kind.lower()}"
    red, blue = Image.new("RGB", (16, 16), (255, 0, 0)), Image.new("RGB", (16, 16), (0, 0, 255))
    red.save(path, kind, save_all=True, append_images=[blue], lossless=True)
    assert (load([path], 16) == (255, 0, 0)).all()
    assert found(scan(fruit), path.name).notes == (
        "several pictures in one file, the first is used",
    )


def test_webp(tmp_path):
    assert (
        colours(tmp_path / "x.webp", scene(62, (32, 32)), lossless=True)
        == np.asarray(scene(62, (32, 32)))
    ).all()


@pytest.mark.parametrize("size", [(900, 20), (20, 900)])
def test_a_very_long_picture_is_noted_and_its_middle_is_taken(fruit, size):
    image = Image.new("RGB", size, "white")
    x, y = size[0] // 2, size[1] // 2
    image.paste((0, 128, 0), (x - 10, y - 10, x + 10, y + 10))
    image.save(fruit / "kiwi" / "x.png")
    assert found(scan(fruit), "x.png").notes[0].startswith("very long")
    assert (load([fruit / "kiwi" / "x.png"], 20) == (0, 128, 0)).all()


def test_a_usual_panorama_is_not_called_very_long(fruit):
    scene(63, (320, 80)).save(fruit / "kiwi" / "x.png")
    assert found(scan(fruit), "x.png").notes == ()


def test_a_large_photograph_works(fruit):
    """56 million pixels as a JPEG: it is decoded at an eighth of its size."""
    Image.new("L", (8000, 7000), 90).save(fruit / "kiwi" / "x.jpg")
    assert found(scan(fruit), "x.jpg").width == 8000
    assert (load([fruit / "kiwi" / "x.jpg"], 64) == 90).all()


def test_shrinking_uses_every_pixel(tmp_path):
    """A fine checkerboard becomes grey, and not black or white."""
    board = np.indices((320, 320)).sum(0).astype(np.uint8) % 2 * 255
    Image.fromarray(board).save(tmp_path / "x.png")
    pixels = load([tmp_path / "x.png"], 32).astype(int)
    assert np.abs(pixels[:, 2:-2, 2:-2] - 127.5).max() < 3


def test_a_photograph_decoded_smaller_looks_the_same(tmp_path):
    """JPEGs are decoded at a fraction of their size; compare with the whole."""
    image = scene(64, (1600, 1200))
    image.save(tmp_path / "x.jpg", quality=95)
    whole = image.crop((200, 0, 1400, 1200)).resize((100, 100), Image.Resampling.BOX)
    difference = load([tmp_path / "x.jpg"], 100)[0].astype(int) - np.asarray(whole)
    assert np.abs(difference).mean() < 2


def test_the_same_crop_as_keras(fruit):
    keras = pytest.importorskip("keras")
    for name in CLASSES:
        scene(len(name), (50, 81)).save(fruit / name / "tall.png")
    data = keras.utils.image_dataset_from_directory(
        fruit, image_size=(72, 72), crop_to_aspect_ratio=True, shuffle=False, verbose=0
    )
    theirs = np.concatenate([images for images, _ in data])
    report = scan(fruit)
    ours = load([picture.file for picture in report.pictures], 72)
    same = [picture.height == 72 for picture in report.pictures]  # not resized: equal to the bit
    assert sum(same) == 8 and (ours[same] == theirs[same]).all()
    assert [p.label for p in report.pictures] == np.concatenate([y for _, y in data]).tolist()


# Loading


def test_order_shape_and_type(fruit):
    files = [fruit / "lemon" / "2.png", fruit / "kiwi" / "1.png", str(fruit / "lemon" / "0.png")]
    images = load(files, 72)
    assert images.shape == (3, 72, 72, 3) and images.dtype == np.uint8
    for image, seed in zip(images, (12, 1, 10), strict=True):
        assert (image == np.asarray(scene(seed))[:, 12:84]).all()


@pytest.mark.parametrize("size", [0, -3, 1.5])
def test_a_size_that_makes_no_sense(size):
    with pytest.raises(ValueError, match="size must be a whole number from 1"):
        load([], size)


def test_one_file_instead_of_a_list(fruit):
    with pytest.raises(TypeError, match="list of files"):
        load(str(fruit / "kiwi" / "0.png"), 32)


def test_a_file_that_vanished_after_the_scan(fruit):
    files = [p.file for p in scan(fruit).pictures]
    files[5].unlink()
    with pytest.raises(ValueError, match=r"1 file cannot be used, such as .*1\.png: cannot be op"):
        load(files, 32)


def test_more_than_the_memory_is_refused_before_it_is_taken(fruit):
    with pytest.raises(MemoryError, match="Load a part at a time"):
        load([fruit / "kiwi" / "0.png"] * 10_000, 40_000)


def test_stopping_stops(fruit, monkeypatch):
    """Ctrl-C does not wait for the thousands of files that are still to come."""
    done = []

    def one(i):
        done.append(i)
        if i == 5:
            raise KeyboardInterrupt
        threading.Event().wait(0.01)

    with pytest.raises(KeyboardInterrupt):
        image_files.map_in_threads(one, range(10_000), "Trying", False)
    assert len(done) < 1000


def test_stopping_while_the_bar_is_drawn_stops(monkeypatch):
    def stopped(items, *args, **options):
        yield next(iter(items))
        raise KeyboardInterrupt

    done = []
    monkeypatch.setattr("tqdm.auto.tqdm", stopped)
    with pytest.raises(KeyboardInterrupt):
        image_files.map_in_threads(
            lambda i: done.append(threading.Event().wait(0.01)), range(2000), "", True
        )
    assert len(done) < 200


def test_a_bar_shows_the_time_left_when_it_takes_long(monkeypatch, capfd):
    monkeypatch.setattr(os, "cpu_count", lambda: 1)
    image_files.map_in_threads(lambda i: threading.Event().wait(0.4), range(5), "Loading", True)
    shown = capfd.readouterr().err
    assert "Loading" in shown and "4/5" in shown and "<00:0" in shown
    image_files.map_in_threads(lambda i: i, range(5), "Loading", True)
    assert capfd.readouterr().err == ""  # nobody needs a bar for what is done at once


def test_warnings_of_pillow_do_not_reach_the_learner(fruit, recwarn, capfd):
    Image.new("L", (10_000, 9_000), 90).save(fruit / "kiwi" / "x.jpg")  # Pillow warns of a bomb
    report = scan(fruit)
    load([p.file for p in report.pictures], 32)
    assert found(report, "x.jpg").width == 10_000
    assert not list(recwarn) and capfd.readouterr() == ("", "")


def test_nothing_heavy_is_imported():
    code = (
        "import tlhelpers.data.folders, sys; "
        "print(sorted({'PIL','scipy','tqdm'} & set(sys.modules)))"
    )
    result = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True)
    assert result.stdout.strip() == "[]", result.stderr


@pytest.mark.skipif(sys.platform != "linux", reason="reads the peak from /proc")
def test_loading_takes_little_more_memory_than_its_result(tmp_path):
    for i in range(300):
        scene(i, (500, 333)).save(tmp_path / f"{i}.jpg")
    code = (
        "import re, sys; from pathlib import Path; from tlhelpers.data import image_files\n"
        "status = Path('/proc/self/status')\n"
        "def peak(): return int(re.search(r'HWM:\\s+(\\d+)', status.read_text())[1])\n"
        "files = list(Path(sys.argv[1]).iterdir())\n"
        "image_files.load_images(files[:8], 224, progress=False)  # loads Pillow and the like\n"
        "before = peak()\n"
        "images = image_files.load_images(files, 224, progress=False)\n"
        "print((peak() - before) * 1024 / images.nbytes)"
    )
    command = [sys.executable, "-c", code, str(tmp_path)]
    result = subprocess.run(command, capture_output=True, text=True, timeout=120)
    assert result.returncode == 0, result.stderr
    assert 0.9 < float(result.stdout) < 1.5


def test_a_whole_picture_is_squeezed_and_not_cropped(tmp_path):
    picture = np.zeros((40, 120, 3), np.uint8)
    picture[:, :30, 0] = picture[:, 90:, 2] = 255  # a red and a blue end
    Image.fromarray(picture).save(tmp_path / "wide.png")
    [cropped] = load([tmp_path / "wide.png"], 40)
    [whole] = load([tmp_path / "wide.png"], 40, whole=True)
    assert cropped.max() == 0
    assert whole.shape == (40, 40, 3)
    assert whole[20, 2].tolist() == [255, 0, 0] and whole[20, 37].tolist() == [0, 0, 255]
