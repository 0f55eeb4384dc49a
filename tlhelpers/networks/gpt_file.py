"""The file of a GPT: its weights as small whole numbers, and its tokenizer; no code in it.

Each row of a table of weights is divided by its scale, so that its largest number is 127,
and rounded.  Such a file is a quarter as large, and the network answers nearly the same.
"""

from __future__ import annotations

import zipfile
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from tlhelpers.data.names import as_path
from tlhelpers.fetching import bundled
from tlhelpers.fetching.bundled import bundled_folder
from tlhelpers.inputs import read_array
from tlhelpers.networks import gpt
from tlhelpers.networks.byte_pairs import BytePairs

if TYPE_CHECKING:  # for readers and type checkers only: Keras takes seconds to load
    import keras

CARD, WEIGHTS = "gpt.json", "gpt.npz"
LARGEST = 100_000_000  # bytes of numbers in a file
SIZES = ("vocabulary", "width", "blocks", "heads", "inside", "context")
_MOST = {"vocabulary": 65_536, "width": 1024, "blocks": 48, "heads": 64} | dict.fromkeys(
    ("inside", "context"), 8192
)
_AGAIN = "tlhelpers pretrain gpt"  # what makes the network again


def read_card() -> dict:
    """Return what is known about the bundled GPT: its card, as a dictionary.

    Raises
    ------
    FileNotFoundError
        If the card is missing, with the command that restores it.

    Examples
    --------
    >>> read_card()["licence"]
    'MIT'
    """
    return bundled.read_card(bundled_folder() / CARD, _AGAIN)


def load_gpt() -> tuple[keras.Model, BytePairs]:
    """Return the bundled GPT with its trained weights, and its tokenizer.

    Returns
    -------
    model : keras.Model
        As `gpt.build_gpt` describes it.
    tokenizer : BytePairs

    Raises
    ------
    FileNotFoundError
        If the file is missing.
    ValueError
        If its checksum is not the one on the card (damaged or exchanged).

    Examples
    --------
    >>> model, tokenizer = load_gpt()
    >>> model.name, len(tokenizer)
    ('gpt', 1024)
    """
    folder = bundled_folder()
    return read_gpt(bundled.check_weights(folder / WEIGHTS, folder / CARD, _AGAIN))


def sizes_of(model: keras.Model) -> dict[str, int]:
    """Return what `gpt.build_gpt` was called with to make a GPT."""
    gpt.read_gpt_model(model)
    tokens = model.get_layer("tokens")
    blocks = sum(layer.name.endswith(".looks") for layer in model.layers)
    return {
        "vocabulary": tokens.input_dim,
        "width": tokens.output_dim,
        "blocks": blocks,
        "heads": model.get_layer("block.0.looks").output.shape[1],
        "inside": model.get_layer("block.0.inside").units,
        "context": model.get_layer("places").input_dim,
    }


def quantise(model: keras.Model, tokenizer: BytePairs) -> dict[str, np.ndarray]:
    """Return a GPT and its tokenizer as arrays, with tables rounded to whole numbers.

    Parameters
    ----------
    model
        From `gpt.build_gpt`, without LoRA.
    tokenizer
        With as many tokens as it has.

    Returns
    -------
    dict
        ``"sizes"`` and ``"pairs"``; for a table of weights the name → int8 and the name
        with ``.scale`` → float32, one for each row; other weights as they are.
    """
    gpt.check_tokenizer(model, tokenizer)
    arrays: dict[str, np.ndarray] = {
        "sizes": np.array(list(sizes_of(model).values()), np.int32),
        "pairs": tokenizer.pairs.astype(np.uint16),
    }
    for name, weight in _weights(model).items():
        values = np.asarray(weight, np.float32)
        if values.ndim == 2:
            arrays[name], arrays[f"{name}.scale"] = round_rows(values)
        else:
            arrays[name] = values
    return arrays


def round_rows(values: Any) -> tuple[np.ndarray, np.ndarray]:
    """Round each row of a table to whole numbers from -127 to 127, times a scale.

    Parameters
    ----------
    values
        Shape (n, d).

    Returns
    -------
    whole : numpy.ndarray
        Shape (n, d), int8.
    scale : numpy.ndarray
        Shape (n,), float32; ``whole * scale[:, None]`` is nearly ``values``.

    Examples
    --------
    >>> whole, scale = round_rows([[1.0, -0.5, 0.0]])
    >>> whole.tolist(), round(float(scale[0] * 127), 3)
    ([[127, -64, 0]], 1.0)
    """
    table = np.asarray(read_array(values, "values"), np.float32)
    if table.ndim != 2 or not table.size or not np.isfinite(table).all():
        raise ValueError(f"values must be a table of finite numbers; got shape {table.shape}.")
    scale = np.abs(table).max(axis=1) / 127
    return np.round(table / np.maximum(scale, 1e-30)[:, None]).astype(np.int8), scale


def save_arrays(path: Path, arrays: dict[str, np.ndarray]) -> None:
    """Write arrays into a file of NumPy's, with the same bytes every time."""
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, array in arrays.items():
            entry = zipfile.ZipInfo(f"{name}.npy", (2026, 1, 1, 0, 0, 0))
            entry.compress_type = zipfile.ZIP_DEFLATED
            with archive.open(entry, "w") as file:
                np.lib.format.write_array(file, array, allow_pickle=False)


def read_gpt(path: str | Path) -> tuple[keras.Model, BytePairs]:
    """Return the GPT in a file of `save_arrays`, and its tokenizer.

    Raises
    ------
    FileNotFoundError
        If there is no such file.
    ValueError
        If it is damaged, of another format, of another network, or absurdly large; the
        message says what is wrong.
    """
    path = as_path(path)
    if not path.is_file():
        raise FileNotFoundError(f"There is no file {path}.")
    try:
        arrays = _read_arrays(path)
        sizes = dict(zip(SIZES, arrays["sizes"].tolist(), strict=True))
        if any(not 1 <= value <= _MOST[name] for name, value in sizes.items()):
            raise _BadFile(f"says that its network has {sizes}")
        tokenizer = BytePairs(arrays["pairs"].astype(np.int32))
        model = gpt.build_gpt(**sizes)
        gpt.check_tokenizer(model, tokenizer)
        for name, weight in _weights(model).items():
            weight.assign(_weight(arrays, name, weight.shape))
    except _BadFile as error:
        raise ValueError(f"{path.name} {error}. {_WANTED}") from error
    except (KeyError, TypeError, ValueError, OSError, EOFError, zipfile.BadZipFile) as error:
        raise ValueError(f"{path.name} is damaged, or no file of a GPT. {_WANTED}") from error
    return model, tokenizer


_WANTED = "Wanted is a file that 'tlhelpers pretrain gpt' wrote."


class _BadFile(ValueError):
    """What is wrong with a file; the message is the rest of a sentence about it."""


def _read_arrays(path: Path) -> dict[str, np.ndarray]:
    with zipfile.ZipFile(path) as archive:
        if sum(entry.file_size for entry in archive.infolist()) > LARGEST:
            raise _BadFile(f"holds more than {LARGEST:,} bytes")
    with np.load(path, allow_pickle=False) as file:
        return {name: file[name] for name in file.files}


def _weight(arrays: dict[str, np.ndarray], name: str, shape: tuple[int, ...]) -> np.ndarray:
    if name not in arrays:
        raise _BadFile(f"has no {name}")
    values = arrays[name]
    if values.shape != tuple(shape):
        raise _BadFile(f"has a {name} of shape {values.shape}, which does not fit")
    if values.ndim == 2 and values.dtype == np.int8:
        values = values.astype(np.float32) * arrays[f"{name}.scale"].reshape(-1, 1)
    if values.dtype != np.float32 or not np.isfinite(values).all():
        raise _BadFile(f"has numbers in {name} that are NaN, infinite or of another kind")
    return values


def _weights(model: keras.Model) -> dict[str, Any]:
    """Return the weights of a GPT by their names, such as ``block.0.query/kernel``."""
    return {weight.path: weight for weight in model.weights}
