"""Files of PyTorch's first format: the right numbers, or one plain sentence; never any code."""

import os
import pickle
import re
import struct
import time
from collections import OrderedDict
from pathlib import Path

import numpy as np
import pytest
from torch_files import Tensor, laid_out, torch_bytes

from tlhelpers.networks import torch_file
from tlhelpers.networks.torch_file import BadTorchFile, read_tensors


@pytest.fixture
def read(tmp_path):
    """Write bytes to a file, and read it."""

    def written(data):
        (tmp_path / "w.pth").write_bytes(data)
        return read_tensors(tmp_path / "w.pth")

    return written


def numbers(*shape):
    return np.arange(np.prod(shape), dtype=np.float32).reshape(shape)


@pytest.mark.parametrize("order", [(0, 1, 2, 3), (2, 3, 1, 0), (3, 0, 2, 1)])
def test_an_array_is_put_together_from_its_steps(read, order):
    kernel = numbers(4, 3, 2, 5)
    found = read(torch_bytes(OrderedDict(kernel=laid_out(kernel, order))))["kernel"]
    assert np.array_equal(found, kernel) and found.dtype == np.float32
    assert found.flags.c_contiguous


def test_where_an_array_starts_in_its_row(read):
    found = read(torch_bytes({"a": Tensor(numbers(20), 3, (2, 4), (10, 1))}))["a"]
    assert found.tolist() == [[3, 4, 5, 6], [13, 14, 15, 16]]


def test_kinds_and_a_single_number(read):
    count = Tensor(np.array([7], np.int64), 0, (), ())
    found = read(torch_bytes({"n": count, "v": laid_out(numbers(3), (0,))}))
    assert found["n"] == 7 and found["n"].dtype == np.int64 and found["v"].tolist() == [0, 1, 2]


def test_what_the_dictionary_has_beside_its_items_is_not_needed(read):
    state = OrderedDict(v=laid_out(numbers(3), (0,)))
    state._metadata = OrderedDict({"": {"version": 1}})
    assert list(read(torch_bytes(state))) == ["v"]


# ------------------------------------------------------------------------ no code runs


class Trap:
    """Unpickled, it would leave a file behind."""

    def __init__(self, path):
        self.path = path

    def __reduce__(self):
        return Path.touch, (self.path,)


@pytest.mark.parametrize("protocol", range(6))
def test_a_pickle_that_wants_to_run_code_is_refused(tmp_path, read, protocol):
    place = tmp_path / "trapped"
    pickle.loads(pickle.dumps(Trap(place), protocol))  # it works
    place.unlink()
    with pytest.raises(BadTorchFile, match="not a file of PyTorch's first format"):
        read(pickle.dumps(Trap(place), protocol))
    assert not place.exists()


def test_code_among_the_tensors_is_refused_and_named(tmp_path, read):
    place = tmp_path / "trapped"
    data = torch_bytes({"v": laid_out(numbers(3), (0,)), "code": Trap(place)})
    with pytest.raises(BadTorchFile, match=r"wants to call '\S+', which is refused") as caught:
        read(data)
    assert not place.exists() and "\n" not in str(caught.value)


@pytest.mark.parametrize(
    "program",
    [
        b"cos\nsystem\n(S'touch trapped'\ntR.",
        b"(S'touch trapped'\nios\nsystem\n.",
        b"\x80\x02ccollections\nOrderedDict\n(X\x01\x00\x00\x00ax\x01\x00\x00\x00btR.",
        b"\x80\x02ccollections\nOrderedDict\n)\x81.",
        b"\x80\x02X\x09\x00\x00\x00os systemX\x01\x00\x00\x00a\x85R.",
        b"\x80\x04\x8c\x02os\x8c\x06system\x93\x8c\x01a\x85R.",
        b"\x80\x02\x82\x01.",
        b"Pkey\n.",
    ],
    ids=["GLOBAL", "INST", "a dictionary", "NEWOBJ", "text", "STACK_GLOBAL", "EXT", "PERSID"],
)
def test_no_step_that_could_call_something_is_followed(tmp_path, read, monkeypatch, program):
    monkeypatch.chdir(tmp_path)
    whole = torch_bytes({})
    start = whole.index(pickle.dumps({}, 2))  # the fourth pickle
    with pytest.raises(BadTorchFile):
        read(whole[:start] + program + whole[start + len(pickle.dumps({}, 2)) :])
    assert os.listdir(tmp_path) == ["w.pth"]


def test_the_reader_has_no_unpickler(root):
    text = Path(torch_file.__file__).read_text(encoding="utf-8")
    assert not re.search(r"pickle\.load|Unpickler|import pickle\b|eval\(|exec\(|getattr\(", text)


# --------------------------------------------------------------------- damaged files


GOOD = {"a": laid_out(numbers(4, 3), (1, 0)), "b": laid_out(numbers(5), (0,))}


def test_cut_short_anywhere(read):
    data = torch_bytes(GOOD)
    assert len(read(data)) == 2
    for length in [*range(0, len(data), 7), len(data) - 1]:
        with pytest.raises(BadTorchFile, match="cut short|first format"):
            read(data[:length])


def test_any_byte_changed_ends_in_numbers_or_in_a_sentence(read):
    data, refused = torch_bytes(GOOD), 0
    for place in range(len(data)):
        value = data[place] ^ (1, 255)[place % 2]
        try:
            read(data[:place] + bytes([value]) + data[place + 1 :])
        except BadTorchFile as error:
            refused += 1
            assert "\n" not in str(error)
    assert refused > len(data) / 2


@pytest.mark.parametrize(
    ("data", "words"),
    [
        (torch_bytes(GOOD, extra=b"."), "more in it"),
        (torch_bytes(GOOD, magic=1), "first format"),
        (torch_bytes(GOOD, system={"little_endian": False}), "order"),
        (torch_bytes({"a": 3}), "damaged"),
        (torch_bytes([GOOD["b"]]), "damaged"),
        (b"PK\3\4" + bytes(200), "first format"),
        (b"\x89HDF\r\n\x1a\n" + bytes(200), "first format"),
        (b"", "first format"),
    ],
    ids=["behind", "mark", "big end", "number", "list", "zip", "HDF5", "empty"],
)
def test_other_files_are_refused(read, data, words):
    with pytest.raises(BadTorchFile, match=words):
        read(data)


@pytest.mark.parametrize(
    ("start", "shape", "steps"),
    [
        (0, (21,), (1,)),
        (19, (2,), (1,)),
        (20, (), ()),
        (0, (3, 3), (10, 1)),
        (-1, (2,), (1,)),
        (5, (2,), (-1,)),
        (0, (2, 3), (1,)),
        (0, (10**9, 10**9), (0, 0)),
        (0, (-1,), (1,)),
        (None, (2,), (1,)),
        (0, 2, 1),
    ],
)
def test_an_array_outside_its_numbers_is_refused(read, start, shape, steps):
    with pytest.raises(BadTorchFile, match="damaged"):
        read(torch_bytes({"a": Tensor(numbers(20), start, shape, steps)}))


def test_a_count_that_is_too_large_takes_no_memory(read):
    data = torch_bytes({"a": laid_out(numbers(5), (0,))})
    lie = data.replace(struct.pack("<q", 5), struct.pack("<q", 2**62))
    assert lie != data
    with pytest.raises(BadTorchFile):
        read(lie)


def test_a_pickle_of_endless_marks_takes_no_time(read):
    began = time.process_time()
    with pytest.raises(BadTorchFile):  # a small file, and each mark lies behind all before it
        read(b"\x80\x02" + 60_000 * b"N" + 60_000 * b"(t" + b".")
    assert time.process_time() - began < 3
