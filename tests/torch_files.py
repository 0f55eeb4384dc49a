"""Write files of PyTorch's first format, without PyTorch: for the tests of what reads them."""

import io
import pickle
import sys
import types
from collections import OrderedDict
from unittest import mock

import numpy as np

MAGIC, VERSION = 119547037146038801333356, 1001
SYSTEM = {"protocol_version": VERSION, "little_endian": True, "type_sizes": {"long": 4}}


class Tensor:
    """How PyTorch keeps an array: a row of numbers, where it starts in it, and its steps."""

    def __init__(self, row, start, shape, steps):
        self.row, self.values = np.asarray(row), (start, shape, steps)

    def __reduce__(self):
        rebuild = sys.modules["torch._utils"]._rebuild_tensor_v2
        return rebuild, (Row(self.row), *self.values, False, OrderedDict())


class Row:
    """What is pickled as a reference to numbers further behind."""

    def __init__(self, row):
        self.row = row


def laid_out(array, order):
    """An array as a tensor whose numbers lie in another order of its axes."""
    array = np.asarray(array)
    steps, step = [0] * array.ndim, 1
    for axis in reversed(order):
        steps[axis], step = step, step * array.shape[axis]
    return Tensor(array.transpose(order).ravel(), 0, array.shape, tuple(steps))


def torch_bytes(contents, *, magic=MAGIC, system=None, extra=b""):
    """Return a file of PyTorch's first format that holds a dictionary of tensors."""
    torch, utils = types.ModuleType("torch"), types.ModuleType("torch._utils")
    for name in ("FloatStorage", "LongStorage"):
        setattr(torch, name, type(name, (), {"__module__": "torch"}))

    def _rebuild_tensor_v2(*_):
        raise AssertionError("unpickled")

    _rebuild_tensor_v2.__module__ = "torch._utils"
    _rebuild_tensor_v2.__qualname__ = "_rebuild_tensor_v2"
    utils._rebuild_tensor_v2 = _rebuild_tensor_v2
    rows = {}

    class Pickler(pickle.Pickler):
        def persistent_id(self, thing):
            if not isinstance(thing, Row):
                return None
            key = str(1000 + len(rows))
            rows[key] = thing.row
            kind = torch.FloatStorage if thing.row.dtype == np.float32 else torch.LongStorage
            return "storage", kind, key, "cpu", len(thing.row), None

    out = io.BytesIO()
    with mock.patch.dict(sys.modules, {"torch": torch, "torch._utils": utils}):
        for part in (magic, VERSION, SYSTEM if system is None else system):
            pickle.dump(part, out, 2)
        Pickler(out, 2).dump(contents)
        pickle.dump(sorted(rows), out, 2)
    for key in sorted(rows):
        out.write(np.int64(len(rows[key])).tobytes() + rows[key].tobytes())
    return out.getvalue() + extra
