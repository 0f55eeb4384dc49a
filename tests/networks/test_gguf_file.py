"""GGUF files: the right numbers, or one plain sentence."""

import struct
import tracemalloc

import numpy as np
import pytest
from gguf_files import KINDS, entry, gguf_bytes, text

from tlhelpers.networks.gguf_file import BadGguf, read_gguf

rng = np.random.default_rng(0)
ARRAYS = {
    "row": ("F32", np.arange(5.0)),
    "half": ("F16", [[0.5, -2.0], [1.0, 3.0], [0.0, 65504.0]]),
    "four": ("Q4_0", rng.normal(0, 2, (3, 64))),
    "least": ("Q4_1", rng.normal(5, 2, (2, 3, 32))),
    "eight": ("Q8_0", rng.normal(0, 2, (4, 96))),
}
ENTRIES = [
    entry("general.architecture", "llama"),
    entry("größe", 7),
    entry("share", 0.25),
    entry("below", -3, "i"),
    entry("large", 2**40, "Q"),
    entry("true", True, "?"),
    entry("words", ["a", "", "東京 🎬"]),
    entry("kinds", [1, 3, -1], "i"),
]


@pytest.fixture
def read(tmp_path):
    def written(data):
        (tmp_path / "w.gguf").write_bytes(data)
        return read_gguf(tmp_path / "w.gguf")

    return written


@pytest.mark.parametrize(("version", "step"), [(2, 32), (3, 32), (3, 8)])
def test_everything_comes_as_it_was_written(read, version, step):
    aligned = [] if step == 32 else [entry("general.alignment", step)]
    data, rounded = gguf_bytes(ENTRIES + aligned, ARRAYS, version=version, step=step)
    found = read(data)
    said = found.entries
    assert said.pop("kinds").tolist() == [1, 3, -1]
    said.pop("general.alignment", None)
    assert said == {
        "general.architecture": "llama",
        "größe": 7,
        "share": 0.25,
        "below": -3,
        "large": 2**40,
        "true": True,
        "words": ["a", "", "東京 🎬"],
    }
    assert found.tensors.keys() == ARRAYS.keys()
    for name, (kind, array) in ARRAYS.items():
        tensor, numbers = found.tensors[name], found.tensors[name].numbers()
        assert tensor.kind == kind and tensor.shape == numbers.shape == np.shape(array)
        assert numbers.dtype == np.float32 and numbers.flags.writeable
        assert np.allclose(numbers, rounded[name], atol=1e-6)
        assert np.abs(numbers - array).max() < {"Q4_0": 0.6, "Q4_1": 0.5}.get(kind, 0.05)


def test_a_file_is_mapped_and_not_read(read):
    data, rounded = gguf_bytes([], {"large": ("Q8_0", rng.normal(0, 1, (256, 1024)))})
    tracemalloc.start()
    found = read(data)
    assert tracemalloc.get_traced_memory()[1] < 100_000 < len(data)
    tracemalloc.stop()
    assert np.allclose(found.tensors["large"].numbers(), rounded["large"])


def packed(entries=(), arrays=(), *, count=None, version=3, data=b""):
    """A file whose list may say anything: arrays are (name, sides, kind, place)."""
    counts = (len(arrays), len(entries)) if count is None else count
    raw = b"GGUF" + struct.pack("<IQQ", version, *counts) + b"".join(entries)
    for name, sides, kind, place in arrays:
        raw += text(name) + struct.pack(f"<I{len(sides)}Q", len(sides), *sides)
        raw += struct.pack("<IQ", kind, place)
    return raw + bytes(-len(raw) % 32) + data


WHOLE = packed([entry("a", 1)], [("w", [8], 0, 0)], data=bytes(32))
ODD = text("a") + struct.pack("<I", 9)


@pytest.mark.parametrize(
    ("data", "words"),
    [
        (b"", "is not a GGUF file"),
        (b"GGUF", "is not a GGUF file"),
        (b"PK\x03\x04" + bytes(60), "is not a GGUF file"),
        (packed(version=1), "is GGUF of version 1; read are 2 and 3"),
        (packed(version=3 << 24), "is GGUF of version 50331648; read are"),  # of another byte order
        (packed(count=(2**63, 0)), "names 9,223,372,036,854,775,808 arrays and 0 entries, which"),
        (packed(count=(0, 2**40)), "1,099,511,627,776 entries, which makes no sense"),
        (packed(count=(0, 9)), "is cut short|that is no name"),
        (packed([struct.pack("<Q", 2**63)]), "is cut short"),
        (packed([text(b"\xff\xfe")]), r"a text that is not in UTF-8: b'\\xff\\xfe'"),
        (packed([entry("a", b"\xe9t\xe9")]), "a text that is not in UTF-8"),
        (packed([text("a\nb") + struct.pack("<II", 4, 1)]), r"a name that is no name: 'a\\nb'"),
        (packed([entry("a", 1), entry("a", 2)]), "has a name twice: 'a'"),
        (packed([text("a") + struct.pack("<II", 13, 1)]), "an entry a of kind 13, which there is"),
        (packed([ODD + struct.pack("<IQ", 9, 1)]), "a list a of items of kind 9, which are not"),
        (packed([ODD + struct.pack("<IQ", 4, 2**60)]), "items in a; read are up to 10,000,000"),
        (packed([ODD + struct.pack("<IQ", 12, 9_999_999)]), "is cut short"),
        (packed([ODD + struct.pack("<IQ", 8, 9_999_999)]), "is cut short"),
        (packed([], [("w", [8], 0, 0)] * 2, data=bytes(64)), "has a name twice: 'w'"),
        (packed([], [("w", [], 0, 0)]), "has an array w with 0 sides"),
        (packed([], [("w", [1] * 5, 0, 0)], data=bytes(32)), "with 5 sides; read are 1 to 4"),
        (packed([], [("w", [8], 14, 0)], data=bytes(64)), "kind 14 in w; read are: F32, F16, Q4_0"),
        (packed([], [("w", [48], 3, 0)], data=bytes(64)), "rows of 48, which are no blocks of 32"),
        (packed([], [("w", [2**63, 2**63], 0, 0)], data=bytes(64)), "is cut short: w is not all"),
        (packed([], [("w", [8], 0, 2**63)], data=bytes(64)), "is cut short: w is not all there"),
        (packed([], [("w", [8], 0, 64)], data=bytes(64)), "is cut short: w is not all there"),
        (packed([], [("w", [8], 0, 4)], data=bytes(64)), "has w at an odd place"),
        (
            packed([], [("v", [8], 0, 0), ("w", [8], 0, 0)], data=bytes(32)),
            "arrays that lie upon each other",
        ),
        (packed([entry("general.alignment", 0)]), "a general.alignment that makes no sense"),
        (packed([entry("general.alignment", 48)]), "a general.alignment that makes no sense"),
        (packed([entry("general.alignment", "32")]), "a general.alignment that makes no sense"),
    ],
)
def test_what_makes_no_sense_gets_a_sentence(read, data, words):
    with pytest.raises(BadGguf, match=words) as caught:
        read(data)
    assert "\n" not in str(caught.value)


def test_every_cut_and_many_changes_give_a_sentence_or_numbers(read):
    data, _ = gguf_bytes(ENTRIES, ARRAYS)
    assert read(data)
    for end in range(0, len(data), 7):
        with pytest.raises(BadGguf):
            read(data[:end])
    draws = np.random.default_rng(1)
    for _ in range(300):
        spoilt = bytearray(data)
        for place in draws.integers(0, 700, 3):
            spoilt[place] = draws.integers(256)
        try:
            for tensor in read(bytes(spoilt)).tensors.values():
                tensor.numbers()
        except BadGguf:
            pass


def test_absurd_sizes_take_no_memory(read):
    claims = [
        packed([], [("w", [10**9, 10**9], 0, 0)], data=bytes(64)),
        packed([ODD + struct.pack("<IQ", 12, 9_999_999)]),
        packed([ODD + struct.pack("<IQ", 8, 9_999_999)]),
        packed([struct.pack("<Q", 2**34)]),
        packed(count=(99_999, 9_999)),
    ]
    for data in claims:
        tracemalloc.start()
        with pytest.raises(BadGguf):
            read(data)
        assert tracemalloc.get_traced_memory()[1] < 1_000_000
        tracemalloc.stop()


@pytest.mark.parametrize("kind", KINDS)
def test_scales_that_are_nan_or_infinite_are_refused(read, kind):
    data, _ = gguf_bytes([], {"good": (kind, np.ones(32)), "w": (kind, np.ones(64))})
    last = {"F32": -4, "F16": -2, "Q4_0": -18, "Q4_1": -18, "Q8_0": -34}[kind]
    for odd in (np.nan, np.inf):
        raw = bytearray(data)
        number = struct.pack("<f" if kind == "F32" else "<e", odd)
        raw[len(raw) + last : len(raw) + last + len(number)] = number
        tensors = read(bytes(raw)).tensors
        assert tensors["good"].numbers().shape == (32,)
        with pytest.raises(BadGguf, match="has numbers in w that are NaN or infinite"):
            tensors["w"].numbers()


def test_a_file_that_is_not_there(tmp_path):
    with pytest.raises(FileNotFoundError):
        read_gguf(tmp_path / "none.gguf")
