"""Small GGUF files, written number by number from the format's description; a decoder by hand."""

import cmath
import math
import struct

import numpy as np

NUMBER_KINDS = {"B": 0, "b": 1, "H": 2, "h": 3, "I": 4, "i": 5, "f": 6, "?": 7, "Q": 10, "d": 12}


def text(words):
    raw = words if isinstance(words, bytes) else words.encode()
    return struct.pack("<Q", len(raw)) + raw


def entry(name, value, kind="I"):
    """An entry: a text, a list of texts, a number, or a list of numbers."""
    if isinstance(value, (str, bytes)):
        return text(name) + struct.pack("<I", 8) + text(value)
    if isinstance(value, list) and value and isinstance(value[0], str):
        return text(name) + struct.pack("<IIQ", 9, 8, len(value)) + b"".join(map(text, value))
    if isinstance(value, list):
        packed = struct.pack(f"<{len(value)}{kind}", *value)
        return text(name) + struct.pack("<IIQ", 9, NUMBER_KINDS[kind], len(value)) + packed
    kind = "f" if isinstance(value, float) else kind
    return text(name) + struct.pack("<I", NUMBER_KINDS[kind]) + struct.pack(f"<{kind}", value)


def half(number):
    return struct.unpack("<e", struct.pack("<e", number))[0]


def _blocks(array):
    return [row.tolist() for row in np.asarray(array, np.float64).reshape(-1, 32)]


def f32(array):
    return np.asarray(array, "<f4").tobytes(), np.asarray(array, np.float32)


def f16(array):
    return np.asarray(array, "<f2").tobytes(), np.asarray(array, "<f2").astype(np.float32)


def q8_0(array):
    raw, back = b"", []
    for block in _blocks(array):
        scale = half(max(map(abs, block)) / 127 or 1)
        whole = [max(-128, min(127, round(number / scale))) for number in block]
        raw += struct.pack("<e32b", scale, *whole)
        back += [scale * number for number in whole]
    return raw, np.array(back, np.float32).reshape(np.shape(array))


def _four_bits(array, head, least, scale):
    """Blocks of 4 bits: number 0 shares a byte with number 16, and so on."""
    raw, back = b"", []
    for block in _blocks(array):
        low, step = half(least(block)), half(scale(block) or 1)
        whole = [max(0, min(15, round((number - low) / step))) for number in block]
        raw += head(step, low)
        raw += bytes(whole[place] + 16 * whole[place + 16] for place in range(16))
        back += [step * number + low for number in whole]
    return raw, np.array(back, np.float32).reshape(np.shape(array))


def q4_1(array):
    return _four_bits(
        array,
        lambda step, low: struct.pack("<ee", step, low),
        min,
        lambda block: (max(block) - min(block)) / 15,
    )


def q4_0(array):
    def scale(block):
        return half(max(map(abs, block)) / 7)

    return _four_bits(
        array, lambda step, low: struct.pack("<e", step), lambda b: -8 * scale(b), scale
    )


#: Kind → its number, and what writes it.
KINDS = {"F32": (0, f32), "F16": (1, f16), "Q4_0": (2, q4_0), "Q4_1": (3, q4_1), "Q8_0": (8, q8_0)}


def gguf_bytes(entries, arrays, *, version=3, step=32):
    """Return a file, and what its arrays hold after rounding.

    ``entries`` are made by `entry`; ``arrays`` are name → (kind, array).
    """
    listed, data, rounded = b"", b"", {}
    for name, (kind, array) in arrays.items():
        number, write = KINDS[kind]
        raw, rounded[name] = write(array)
        data += bytes(-len(data) % step)
        sides = np.shape(array)[::-1]
        listed += text(name) + struct.pack(f"<I{len(sides)}Q", len(sides), *sides)
        listed += struct.pack("<IQ", number, len(data))
        data += raw
    head = b"GGUF" + struct.pack("<IQQ", version, len(arrays), len(entries)) + b"".join(entries)
    head += listed
    return head + bytes(-len(head) % step) + data, rounded


# ------------------------------------------------------------------- a small decoder

SIZES = {
    "vocabulary": 264,
    "width": 32,
    "blocks": 2,
    "heads": 4,
    "key_heads": 2,
    "inside": 64,
    "base": 1000.0,
    "epsilon": 1e-5,
}
SPECIAL = ["<|endoftext|>", "<|im_start|>", "<|im_end|>"]
MERGES = ["t h", "th e", "Ġ the", "i n", "n g"]


def small_vocabulary():
    """256 letters for bytes, made as the paper says, and what is joined of them."""
    letters, more = [], 0
    for byte in range(256):
        if 33 <= byte <= 126 or 161 <= byte <= 172 or byte >= 174:
            letters.append(chr(byte))
        else:
            letters.append(chr(256 + more))
            more += 1
    return [*SPECIAL, *letters, *(merge.replace(" ", "") for merge in MERGES)]


def made_up_arrays(seed=0):
    """Weights of a decoder under the names of a file, (out, in)."""
    rng = np.random.default_rng(seed)
    width, inside, heads = SIZES["width"], SIZES["inside"], SIZES["heads"]
    keys = width // heads * SIZES["key_heads"]
    shapes = {"token_embd": (SIZES["vocabulary"], width), "output_norm": (width,)}
    for block in range(SIZES["blocks"]):
        for name, shape in {
            "attn_norm": (width,),
            "attn_q": (width, width),
            "attn_k": (keys, width),
            "attn_v": (keys, width),
            "attn_output": (width, width),
            "ffn_norm": (width,),
            "ffn_gate": (inside, width),
            "ffn_up": (inside, width),
            "ffn_down": (width, inside),
        }.items():
            shapes[f"blk.{block}.{name}"] = shape
    found = {}
    for name, shape in shapes.items():
        kind = {"token_embd": "Q8_0"}.get(name, "F32" if len(shape) == 1 else "Q4_1")
        scale = 1 if len(shape) == 1 else 2.5 * shape[-1] ** -0.5
        found[f"{name}.weight"] = kind, rng.normal(1 if len(shape) == 1 else 0, scale, shape)
    return found


def entries(**changes):
    """The entries of a file of SmolLM2's kind; what is changed to None is left out."""
    tokens = small_vocabulary()
    said = {
        "general.architecture": "llama",
        "llama.attention.head_count": SIZES["heads"],
        "llama.attention.head_count_kv": SIZES["key_heads"],
        "llama.rope.freq_base": SIZES["base"],
        "llama.rope.dimension_count": SIZES["width"] // SIZES["heads"],
        "llama.attention.layer_norm_rms_epsilon": SIZES["epsilon"],
        "tokenizer.ggml.model": "gpt2",
        "tokenizer.ggml.pre": "smollm",
        "tokenizer.ggml.tokens": tokens,
        "tokenizer.ggml.token_type": [3 if token in SPECIAL else 1 for token in tokens],
        "tokenizer.ggml.merges": MERGES,
    }
    said |= {name.replace("__", "."): value for name, value in changes.items()}
    return [
        entry(name, value, "i" if "type" in name else "I")
        for name, value in said.items()
        if value is not None
    ]


def by_hand(arrays, row):
    """Return the states of a row of tokens behind each block, and the logits: one by one."""
    width, heads, shared = SIZES["width"], SIZES["heads"], SIZES["key_heads"]
    wide = width // heads

    def weight(name):
        return np.asarray(arrays[f"{name}.weight"], np.float64)

    def norm(x, name):
        return x / math.sqrt(sum(x**2) / width + SIZES["epsilon"]) * weight(name)

    def turned(x, place):
        """Pairs of neighbours as complex numbers, each turned by its own angle."""
        out = []
        for pair in range(wide // 2):
            angle = place / SIZES["base"] ** (2 * pair / wide)
            number = complex(x[2 * pair], x[2 * pair + 1]) * cmath.exp(1j * angle)
            out += [number.real, number.imag]
        return np.array(out)

    xs = [weight("token_embd")[token] for token in row]
    layers = [xs]
    for block in range(SIZES["blocks"]):
        name = f"blk.{block}"
        ys = [norm(x, f"{name}.attn_norm") for x in xs]
        asking, keys, values = (
            [(weight(f"{name}.attn_{part}") @ y).reshape(-1, wide) for y in ys] for part in "qkv"
        )
        after = []
        for place, x in enumerate(xs):
            looked = []
            for head in range(heads):
                own = head // (heads // shared)
                query = turned(asking[place][head], place)
                likes = np.array(
                    [query @ turned(keys[p][own], p) / math.sqrt(wide) for p in range(place + 1)]
                )
                shares = np.exp(likes) / np.exp(likes).sum()
                looked.append(sum(s * values[p][own] for p, s in enumerate(shares)))
            x = x + weight(f"{name}.attn_output") @ np.concatenate(looked)
            y = norm(x, f"{name}.ffn_norm")
            gate = weight(f"{name}.ffn_gate") @ y
            inside = gate / (1 + np.exp(-gate)) * (weight(f"{name}.ffn_up") @ y)
            after.append(x + weight(f"{name}.ffn_down") @ inside)
        xs = after
        layers.append(xs)
    logits = [weight("token_embd") @ norm(x, "output_norm") for x in xs]
    return [np.array(states) for states in layers], np.array(logits)
