"""Safetensors files: the right numbers, or one plain sentence."""

import json
import struct
import tracemalloc

import numpy as np
import pytest

from tlhelpers.networks import safetensors_file
from tlhelpers.networks.safetensors_file import BadSafetensors, read_tensors

ROW = {"dtype": "F32", "shape": [2, 3], "data_offsets": [0, 24]}
NUMBERS = np.arange(6, dtype="<f4").tobytes()


def packed(entries, numbers=NUMBERS):
    text = entries if isinstance(entries, bytes) else json.dumps(entries).encode()
    return struct.pack("<Q", len(text)) + text + numbers


@pytest.fixture
def read(tmp_path):
    def written(data):
        (tmp_path / "w.safetensors").write_bytes(data)
        return read_tensors(tmp_path / "w.safetensors")

    return written


def test_arrays_come_as_they_are(read):
    half = np.array([0.5, -2], "<f2").tobytes()
    entries = {
        "__metadata__": {"format": "pt"},
        "half": {"dtype": "F16", "shape": [2], "data_offsets": [24, 28]},
        "row": ROW,
        "one": {"dtype": "I64", "shape": [], "data_offsets": [28, 36]},
        "none": {"dtype": "F32", "shape": [0, 4], "data_offsets": [36, 36]},
    }
    found = read(packed(entries, NUMBERS + half + struct.pack("<q", -7)))
    assert found["row"].tolist() == [[0, 1, 2], [3, 4, 5]] and found["row"].dtype == np.float32
    assert found["half"].tolist() == [0.5, -2] and found["one"] == -7
    assert found["none"].shape == (0, 4) and len(found) == 4


@pytest.mark.parametrize(
    ("data", "words"),
    [
        (b"", "is not a safetensors file"),
        (b"PK\x03\x04 and more of it", "is not a safetensors file"),
        (struct.pack("<Q", 2**63) + b"{}", "is not a safetensors file"),
        (packed(b"\xff\xfe"), "is not a safetensors file"),
        (packed(b"[" * 50_000), "is not a safetensors file"),
        (packed([1, 2]), "is not a safetensors file"),
        (packed({"row": ROW}, NUMBERS[:-1]), "is cut short"),
        (packed({"row": ROW}, NUMBERS + b"more"), "has 28 bytes of numbers; its list names 24"),
        (packed({"row": ROW | {"dtype": "BF16"}}), "has numbers of the kind 'BF16'; read are: F64"),
        (packed({"row": ROW | {"shape": [2, 4]}}), "a list of arrays that makes no sense"),
        (packed({"row": ROW | {"shape": [-2, -3]}}), "a list of arrays that makes no sense"),
        (packed({"row": ROW | {"shape": [10**400, 0]}}), "a list of arrays that makes no sense"),
        (packed({"row": ROW | {"data_offsets": [24, 0]}}), "a list of arrays that makes no sense"),
        (packed({"row": ROW | {"data_offsets": [0]}}), "a list of arrays that makes no sense"),
        (packed({"row": {"dtype": "F32"}}), "a list of arrays that makes no sense"),
        (packed({"row": 3}), "a list of arrays that makes no sense"),
    ],
)
def test_what_makes_no_sense_gets_a_sentence(read, data, words):
    with pytest.raises(BadSafetensors, match=words):
        read(data)


def test_absurd_sizes_take_no_memory(read):
    huge = ROW | {"shape": [10**9, 10**9], "data_offsets": [0, 4 * 10**18]}
    tracemalloc.start()
    with pytest.raises(BadSafetensors, match="is cut short"):
        read(packed({"row": huge}))
    assert tracemalloc.get_traced_memory()[1] < 1_000_000
    tracemalloc.stop()


def test_it_reads_what_the_library_of_the_format_writes(tmp_path):
    library = pytest.importorskip("safetensors.numpy")
    rng = np.random.default_rng(0)
    arrays = {"a.b": rng.normal(size=(3, 4)).astype(np.float32), "c": np.arange(5)}
    library.save_file(arrays, tmp_path / "w.safetensors", metadata={"format": "np"})
    found = safetensors_file.read_tensors(tmp_path / "w.safetensors")
    assert {name: array.tolist() for name, array in found.items()} == {
        name: array.tolist() for name, array in arrays.items()
    }
