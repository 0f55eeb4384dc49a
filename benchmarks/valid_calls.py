"""A valid call of every public function, as small as can be; `odd_arguments` spoils them."""

from __future__ import annotations

import functools
import inspect
import tempfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np

import tlhelpers as tl
from tlhelpers.data.folder_report import FolderReport, SplitFiles, UsablePicture

Arguments = dict[str, Any]

_rng = np.random.default_rng(0)
#: In steps of 1/16, so that every kind of float holds them as they are.
IMAGES = (_rng.integers(0, 17, (12, 8, 8, 3)) / 16).astype(np.float32)
TARGET = (_rng.integers(0, 17, (10, 8, 8, 3)) / 16).astype(np.float32)
LABELS = np.arange(12) % 3
ROWS = (_rng.integers(0, 17, (12, 4)) / 16).astype(np.float32)
MORE_ROWS = (_rng.integers(0, 17, (11, 4)) / 16 + 0.5).astype(np.float32)
ANSWERS = np.array([[0.5, 0.25, 0.25], [0.25, 0.75, 0], [0, 0.25, 0.75], [0.5, 0.5, 0]])
PICTURES = IMAGES[:3, :, :, 0]
WORDS = ["he", "she", "king", "queen"]
TEXTS = ["She is the queen.", "He is a king!"]
STROKES = [[(0.5, 0.125), (0.5, 0.875)]]


def network() -> Any:
    """Return a new, compiled network with three classes."""
    import keras

    keras.utils.set_random_seed(0)
    layers = keras.layers
    model = keras.Sequential(
        [
            keras.Input((8, 8, 3)),
            layers.Conv2D(4, 3, name="conv"),
            layers.BatchNormalization(),
            layers.GlobalAveragePooling2D(),
            layers.Dense(3, "softmax", name="head"),
        ],
        name="tiny",
    )
    model.layers[-1].bias.assign([0.25, 0, -0.25])  # as if it were trained
    model.compile("adam", "sparse_categorical_crossentropy")
    return model


@functools.cache
def body() -> Any:
    """Return the network without its head."""
    return tl.surgery.cut_head(network())


@functools.cache
def mobilenet() -> Any:
    """Return a network of Keras Applications, which takes a second to build."""
    return tl.networks.build_network("MobileNet")


GPT_SIZES = {
    "vocabulary": 258,
    "width": 8,
    "blocks": 1,
    "heads": 2,
    "inside": 8,
    "context": 16,
    "dropout": 0.0,
}


@functools.cache
def small_gpt() -> Any:
    """Return a small GPT for 258 tokens, the same each time."""
    import keras

    keras.utils.set_random_seed(0)
    return tl.gpt.build_gpt(**GPT_SIZES)


def pairs() -> Any:
    """Return a tokenizer for it."""
    return tl.byte_pairs.BytePairs([[97, 98], [256, 99]])


TOKENS = ["[PAD]", "[UNK]", "[CLS]", "[SEP]", "good", "day", "##s", "!"]
SAYINGS = ["Good days!", "A day", ""]


@functools.cache
def small_bert() -> Any:
    """Return a small BERT for eight tokens, the same each time."""
    import keras

    keras.utils.set_random_seed(0)
    return tl.bert.build_bert(vocabulary=8, width=8, blocks=2, heads=2, inside=8, longest=16)


def text_classifier() -> Any:
    """Return a new classifier made from such a BERT."""
    import keras

    sizes = {"vocabulary": 8, "width": 8, "blocks": 2, "heads": 2, "inside": 8}
    vectors = tl.sentences.sentence_network(tl.bert.build_bert(**sizes))
    return keras.Model(vectors.input, keras.layers.Dense(2, "softmax")(vectors.output))


def tokenizer() -> Any:
    """Return what cuts text into those eight tokens."""
    return tl.wordpiece.WordPiece(TOKENS, most=16)


@functools.cache
def small_pairs() -> Any:
    """Return what cuts text into bytes, and two pairs of them."""
    letters = tl.smollm_tokens.byte_letters()
    return tl.smollm_tokens.SmolTokenizer([*letters, "th", "the"], ["t h", "th e"])


def new_decoder() -> Any:
    """Return a new decoder for those tokens."""
    import keras

    keras.utils.set_random_seed(0)
    sizes = {"width": 8, "blocks": 2, "heads": 2, "key_heads": 1, "inside": 8}
    return tl.decoder.build_decoder(vocabulary=258, **sizes)


@functools.cache
def small_decoder() -> Any:
    """Return such a decoder, the same each time."""
    return new_decoder()


@functools.cache
def vocabulary_file() -> Path:
    """Return a file of them."""
    path = Path(tempfile.mkdtemp(prefix="odd-")) / "vocab.txt"
    path.write_text("\n".join(TOKENS), encoding="utf-8")
    return path


def network_costs() -> dict[str, tl.cost.Cost]:
    """Return what two networks cost."""
    return {
        "MobileNetV2": tl.cost.Cost("MobileNetV2", 3538984, 14.2, 300774272, 12.0),
        "ResNet50": tl.cost.Cost("ResNet50", 25636712, 102.5, 3857973248, 60.0),
    }


def block() -> Any:
    """Return a block of two layers, to be drawn."""
    from tlhelpers.plots.blocks import Block, Layer

    return Block("residual", ((Layer("3 × 3"), Layer("1 × 1", "1 × 1", 0.5)),), "add")


def head() -> Any:
    """Return a new head for four features and three classes."""
    import keras

    layer = keras.layers.Dense(3)
    layer.build((None, 4))
    return layer


@functools.cache
def digits() -> tl.Lab:
    """Return the lab of digits."""
    return tl.load_lab("digits")


@functools.cache
def folder() -> Path:
    """Return a folder of pictures, three of each of two classes."""
    from PIL import Image

    root = Path(tempfile.mkdtemp(prefix="odd-")) / "pictures"
    for name in ("a", "b"):
        (root / name).mkdir(parents=True)
        for number in range(3):
            pixels = _rng.integers(0, 256, (12, 12, 3)).astype(np.uint8)
            Image.fromarray(pixels).save(root / name / f"{number}.png")
    return root


def files() -> list[Path]:
    """Return the files in that folder."""
    return sorted(folder().glob("*/*.png"))


def on_disk() -> tl.picture_datasets.FileSplit:
    """Return those pictures as one side of a split, not loaded."""
    return tl.picture_datasets.FileSplit(files(), LABELS[:6], 8)


def report() -> FolderReport:
    """Return a report on eight pictures that are nowhere."""
    rows = [UsablePicture(Path(f"{i}.png"), i // 4, 60, 40, i, ()) for i in range(8)]
    return FolderReport(Path("fruit"), ("kiwi", "lemon"), tuple(rows), (), 0)


@functools.cache
def words() -> tl.word_vectors.WordVectors:
    """Return four words as vectors of four numbers."""
    return tl.word_vectors.make_word_vectors(WORDS, ROWS[:4])


def sentences() -> tl.rated_sentences.RatedSentences:
    """Return twelve sentences with ratings."""
    texts = np.array([f"Opinion {i}." for i in range(12)], object)
    labels = np.arange(12) // 6
    return tl.rated_sentences.RatedSentences(texts, labels - 0.5, labels, np.arange(12) // 2)


def sentiment_words() -> tl.sentiment_words.SentimentWords:
    """Return twelve words with sentiment."""
    labels = np.arange(12) // 6
    texts = tl.texts.text_array(list("abcdefghijkl"))
    return tl.sentiment_words.SentimentWords(texts, labels - 0.5, labels, np.arange(12) // 2)


def docstrings() -> tl.docstrings.Docstrings:
    """Return twelve docstrings out of six files."""
    texts = tl.texts.text_array([f"This does the thing number {i}." for i in range(12)])
    rows = np.arange(12)
    return tl.docstrings.Docstrings(texts, texts, rows // 6, rows // 2, ("one", "two"))


@functools.cache
def text_file() -> Path:
    """Return a file of text."""
    path = Path(tempfile.mkdtemp(prefix="odd-")) / "a.txt"
    path.write_text("A fine film.", encoding="utf-8")
    return path


@functools.cache
def task() -> tl.tasks.Task:
    """Return a task of a few pictures for the small network."""
    draw = tl.recipes.draw_printed_digits
    source, kept = draw(70, "plain", 0), draw(20, "plain", 1)
    return tl.tasks.Task(source, kept, kept.images, kept.images[:10], kept)


@functools.cache
def small_network() -> Any:
    """Return the small network of digits, untrained."""
    return tl.recipes.small_network()


def same(images: np.ndarray, _: object = None) -> np.ndarray:
    """Augment nothing."""
    return images


def entropy(look: Callable, batch: dict) -> tuple[Any, dict]:
    """Be the loss of a training on the target."""
    return tl.adaptation.mean_entropy(look(batch["target"])[1]), {}


def _adapts(**more: Any) -> Arguments:
    return {
        "model": network(),
        "source_images": IMAGES,
        "source_labels": LABELS,
        "target_images": TARGET,
        "steps": 1,
        "batch_size": 4,
    } | more


_SETTINGS: Arguments = {
    "learning_rate": 0.001,
    "augment": same,
    "seed": 1,
    "progress": False,
    "watch": lambda step, network: None,
}

#: Name → a function that returns valid arguments.  Those under "*" have no name.
CALLS: dict[str, Callable[[], Arguments]] = {
    "tl.check": lambda: {"exercise_id": "0.3", "answer": 1.0},
    "tl.checkup": lambda: {
        "model": network(),
        "train": (IMAGES, LABELS),
        "test": (TARGET, LABELS[:10]),
        "preprocess": np.asarray,
        "validation": (TARGET[:6], LABELS[:6]),
        "groups": (LABELS, LABELS[:10] + 3),
        "class_names": ["kiwi", "lemon", "plum"],
        "source_classes": ["pear", "plum"],
        "files": files() * 2,
        "answers": LABELS[:10],
    },
    "tl.claim": lambda: {"condition": True, "sentence": "Two is more than one."},
    "tl.code_of": lambda: {"function": tl.metrics.accuracy},
    "tl.hint": lambda: {"exercise_id": "0.3"},
    "tl.load_imagenet": lambda: {"*": "MobileNetV2"},
    "tl.load_lab": lambda: {
        "name": "digits",
        "architecture": "MobileNetV2",
        "download": False,
        "seed": 0,
    },
    "tl.load_photos": lambda: {
        "architecture": "MobileNetV2",
        "lab": "flowers",
        "download": False,
        "announce": True,
    },
    "tl.load_tensorflow": dict,
    "tl.progress": lambda: {"notebook": "00"},
    "tl.quiz": lambda: {"quiz_id": "0.a", "choice": "B"},
    "tl.show_code": lambda: {"*": tl.metrics.accuracy},
    "tl.solution": lambda: {"exercise_id": "0.3"},
    "tl.explore_adaptation": dict,
    "tl.explore_attention": lambda: {
        "network": small_bert(),
        "tokenizer": tokenizer(),
        "text": "Good day",
    },
    "tl.Lab.from_folder": lambda: {
        "path": folder(),
        "architecture": "digits",
        "fractions": (0.5, 0.5),
        "seed": 0,
        "alike": 0.98,
        "most_per_class": 3,
        "in_memory": True,
        "progress": False,
    },
    "tl.Lab.backbone": lambda: {"self": digits(), "pretrained": True},
    "tl.Lab.columns": lambda: {"self": digits()},
    "tl.Lab.class_numbers": lambda: {"self": digits(), "names": ["3", "A"]},
    "tl.cost.count_multiply_adds": lambda: {"model": network()},
    "tl.cost.time_network": lambda: {"model": network(), "pictures": 2, "seconds": 0.5},
    "tl.cost_table.pareto_front": lambda: {"costs": network_costs()},
    "tl.cost_table.table_of": lambda: {"costs": network_costs()},
    "tl.cost_table.within_budget": lambda: {
        "costs": network_costs(),
        "milliseconds": 100.0,
        "megabytes": 100.0,
    },
    "tl.explore_budget": lambda: {"costs": network_costs()},
    "tl.plots.block_diagrams": lambda: {"blocks": [block()], "columns": 2},
    "tl.plots.trade_off": lambda: {
        "points": {"small": (10.0, 0.75, 20.0), "large": (90.0, 0.8, 100.0)},
        "front": ["small", "large"],
        "grey": ["large"],
        "names": ["small"],
        "limit": 50.0,
        "xlabel": "milliseconds a picture",
        "ylabel": "accuracy",
    },
    "tl.adaptation.adabn": lambda: {"model": network(), "target_images": TARGET, "batch_size": 4},
    "tl.adaptation.alignment_ratio": lambda: {
        "source_answers": ANSWERS,
        "target_answers": ANSWERS[:3],
    },
    "tl.adaptation.consistency": lambda: _adapts(strong=same),
    "tl.adaptation.coral_distance": lambda: {"a": ROWS, "b": MORE_ROWS},
    "tl.adaptation.cross_entropy": lambda: {"labels": LABELS[:4], "answers": ANSWERS},
    "tl.adaptation.dann": lambda: _adapts(weight=0.5, hidden=4),
    "tl.adaptation.deep_coral": lambda: _adapts(weight=0.5),
    "tl.adaptation.deep_mmd": lambda: _adapts(weight=0.5),
    "tl.adaptation.feature_coral": lambda: {
        "source_features": ROWS,
        "target_features": MORE_ROWS,
        "ridge": 0.001,
    },
    "tl.adaptation.importance_weights": lambda: {
        "source_features": ROWS,
        "target_features": MORE_ROWS,
        "largest": 20.0,
    },
    "tl.adaptation.mean_entropy": lambda: {"answers": ANSWERS},
    "tl.adaptation.mmd_distance": lambda: {"a": ROWS, "b": MORE_ROWS, "widths": (0.5, 1.0)},
    "tl.adaptation.reverse_gradient": lambda: {"x": ROWS, "amount": 0.5},
    "tl.adaptation.self_training": lambda: _adapts(weight=0.5, rounds=1, shares=(0.5, 0.75)),
    "tl.adaptation.shot": lambda: {
        "model": network(),
        "target_images": TARGET,
        "weight": 0.5,
        "steps": 1,
        "batch_size": 4,
    },
    "tl.adaptation.source_only": lambda: {
        "model": network(),
        "source_images": IMAGES,
        "source_labels": LABELS,
        "steps": 1,
        "batch_size": 4,
        **_SETTINGS,
    },
    "tl.adaptation.surest_rows": lambda: {"answers": ANSWERS, "share": 0.5},
    "tl.adaptation.tent": lambda: {
        "model": network(),
        "target_images": TARGET,
        "batch_size": 4,
        "learning_rate": 0.001,
        "progress": False,
    },
    "tl.adaptation.train": lambda: _adapts(
        loss=entropy,
        more=lambda step, network, batch: {},
        helper=body(),
        trains=lambda layer: True,
        **_SETTINGS,
    ),
    "tl.augmentation.random_affine": lambda: {
        "images": IMAGES,
        "seed": 0,
        "shift": 0.06,
        "turn": 5.0,
        "stretch": 0.06,
        "slant": 0.08,
        "paper": -1.0,
    },
    "tl.augmentation.random_erase": lambda: {
        "images": IMAGES,
        "rng": np.random.default_rng(0),
        "side": 0.25,
        "paper": 0.5,
    },
    "tl.augmentation.random_warp": lambda: {
        "images": IMAGES,
        "rng": np.random.default_rng(0),
        "strength": 0.5,
    },
    "tl.bert.add_lora": lambda: {"model": text_classifier(), "rank": 2},
    "tl.bert.build_bert": lambda: {
        "vocabulary": 8,
        "width": 8,
        "blocks": 1,
        "heads": 2,
        "inside": 8,
        "longest": 16,
        "dropout": 0.5,
    },
    "tl.bert.check_vocabulary": lambda: {"network": small_bert(), "tokenizer": tokenizer()},
    "tl.bert.read_bert": lambda: {"network": small_bert()},
    "tl.byte_pairs.BytePairs": lambda: {"pairs": [[97, 98], [256, 99]]},
    "tl.byte_pairs.BytePairs.decode": lambda: {"self": pairs(), "numbers": [97, 256]},
    "tl.byte_pairs.BytePairs.encode": lambda: {"self": pairs(), "text": "abc ab"},
    "tl.byte_pairs.BytePairs.encode_all": lambda: {"self": pairs(), "texts": ["abc", "ab"]},
    "tl.byte_pairs.BytePairs.show": lambda: {"self": pairs(), "numbers": [97, 256]},
    "tl.byte_pairs.learn_pairs": lambda: {"texts": ["abab", "abc"], "size": 258},
    "tl.gpt.bits_of_tokens": lambda: {"model": small_gpt(), "tokens": [97, 98, 99]},
    "tl.gpt.bits_per_byte": lambda: {"model": small_gpt(), "tokens": [97, 98, 99], "size": 3},
    "tl.gpt.build_gpt": lambda: GPT_SIZES,
    "tl.gpt.check_tokenizer": lambda: {"model": small_gpt(), "tokenizer": pairs()},
    "tl.gpt.generate": lambda: {
        "model": small_gpt(),
        "tokenizer": pairs(),
        "text": "ab",
        "length": 2,
        "temperature": 1.0,
        "seed": 0,
    },
    "tl.gpt.next_token": lambda: {
        "model": small_gpt(),
        "tokens": [97, 98, 99],
        "temperature": 1.0,
    },
    "tl.gpt.read_gpt_model": lambda: {"model": small_gpt()},
    "tl.gpt.read_temperature": lambda: {"temperature": 0.5},
    "tl.gpt.soften": lambda: {"logits": [0.5, 1.0], "temperature": 0.5},
    "tl.bert.train_blocks": lambda: {"model": text_classifier(), "last": 1},
    "tl.smollm_tokens.SmolTokenizer": lambda: {
        "vocabulary": ["a", "b", "ab", "<s>"],
        "merges": ["a b"],
        "special": ["<s>"],
    },
    "tl.smollm_tokens.SmolTokenizer.cut": lambda: {"self": small_pairs(), "text": "the day"},
    "tl.smollm_tokens.SmolTokenizer.decode": lambda: {
        "self": small_pairs(),
        "numbers": [257, 65],
    },
    "tl.smollm_tokens.SmolTokenizer.encode": lambda: {"self": small_pairs(), "text": "the day"},
    "tl.smollm_tokens.SmolTokenizer.number_rows": lambda: {
        "self": small_pairs(),
        "texts": SAYINGS,
    },
    "tl.smollm_tokens.byte_letters": dict,
    "tl.decoder.add_lora": lambda: {"model": new_decoder(), "rank": 2},
    "tl.decoder.build_decoder": lambda: {
        "vocabulary": 8,
        "width": 8,
        "blocks": 1,
        "heads": 2,
        "key_heads": 1,
        "inside": 8,
        "base": 1000.0,
        "epsilon": 0.001,
    },
    "tl.decoder.count_blocks": lambda: {"network": small_decoder()},
    "tl.decoder.read_decoder": lambda: {"network": small_decoder()},
    "tl.decoder.state_network": lambda: {"network": small_decoder(), "layer": 1},
    "tl.smollm.bits_per_byte": lambda: {
        "network": small_decoder(),
        "tokenizer": small_pairs(),
        "text": "the day",
    },
    "tl.smollm.chat_prompt": lambda: {"question": "Why?", "system": "Be brief."},
    "tl.smollm.check_tokenizer": lambda: {
        "network": small_decoder(),
        "tokenizer": small_pairs(),
    },
    "tl.smollm.generate": lambda: {
        "network": small_decoder(),
        "tokenizer": small_pairs(),
        "prompt": "the",
        "tokens": 3,
        "temperature": 0.5,
        "seed": 0,
    },
    "tl.smollm.next_tokens": lambda: {
        "network": small_decoder(),
        "tokenizer": small_pairs(),
        "prompt": "the",
        "count": 3,
        "temperature": 0.5,
    },
    "tl.smollm.text_vectors": lambda: {
        "network": small_decoder(),
        "tokenizer": small_pairs(),
        "texts": TEXTS,
        "layer": 1,
        "pool": "mean",
    },
    "tl.sentences.attention_of": lambda: {
        "network": small_bert(),
        "tokenizer": tokenizer(),
        "text": "Good day",
    },
    "tl.sentences.dataset_of_texts": lambda: {
        "tokenizer": tokenizer(),
        "texts": SAYINGS,
        "labels": np.array([0, 1, 1]),
        "batch_size": 2,
        "shuffle": False,
        "seed": 0,
    },
    "tl.sentences.sentence_network": lambda: {"network": small_bert(), "layer": 1},
    "tl.sentences.sentence_vectors": lambda: {
        "network": small_bert(),
        "tokenizer": tokenizer(),
        "texts": SAYINGS,
        "layer": 1,
        "fast": False,
        "threads": 1,
    },
    "tl.wordpiece.WordPiece": lambda: {"vocabulary": TOKENS, "most": 16},
    "tl.wordpiece.WordPiece.cut": lambda: {"self": tokenizer(), "text": "Good days!"},
    "tl.wordpiece.WordPiece.number_rows": lambda: {"self": tokenizer(), "texts": SAYINGS},
    "tl.wordpiece.read_vocabulary": lambda: {"path": vocabulary_file()},
    "tl.features.compute": lambda: {
        "backbone": body(),
        "images": IMAGES,
        "preprocess": same,
        "batch_size": 5,
        "cache": True,
        "cache_key": "same",
        "fast": False,
        "threads": 1,
    },
    "tl.analogies.analogy_questions": lambda: {"kind": "opposite"},
    "tl.analogies.word_pairs": lambda: {"kind": "opposite"},
    "tl.explore_analogies": lambda: {"vectors": words()},
    "tl.fine_tuning.check_training": lambda: {
        "model": network(),
        "images": IMAGES,
        "labels": LABELS,
    },
    "tl.fine_tuning.check_head": lambda: {"model": network()},
    "tl.fine_tuning.changed_layers": lambda: (
        lambda model: {"model": model, "before": model.get_weights()}
    )(network()),
    "tl.fine_tuning.train_head": lambda: {"head": head(), "features": ROWS, "labels": LABELS},
    "tl.fine_tuning.fine_tune": lambda: {
        "model": network(),
        "images": IMAGES,
        "labels": LABELS,
        "learning_rate": 0.001,
        "epochs": 1,
        "batch_size": 4,
        "augment": same,
        "mix": (IMAGES[:6], LABELS[:6]),
        "seed": 0,
        "after_epoch": lambda epoch: None,
    },
    "tl.fine_tuning.blend_weights": lambda: {
        "before": [ROWS, LABELS / 2],
        "after": [ROWS + 1, LABELS / 4],
        "share": 0.5,
    },
    "tl.folders.scan_folder": lambda: {
        "path": folder(),
        "alike": 0.98,
        "first": 2,
        "progress": False,
    },
    "tl.folders.scan_files": lambda: {
        "root": folder(),
        "listing": tl.folders.list_class_folders(folder()),
        "alike": 0.98,
        "progress": False,
    },
    "tl.folders.open_folder": lambda: {"path": folder()},
    "tl.folders.list_class_folders": lambda: {"root": folder()},
    "tl.glyphs.font_path": lambda: {"font": "DejaVuSans"},
    "tl.glyphs.draw_character": lambda: {"font": "DejaVuSans", "char": "A"},
    "tl.glyphs.draw_characters": lambda: {
        "labels": LABELS,
        "style": "plain",
        "fonts": ("DejaVuSans",),
        "habits": False,
        "seed": 0,
    },
    "tl.docstring_sentences.mask_names": lambda: {"text": TEXTS[0], "names": ["she"]},
    "tl.docstring_sentences.prose": lambda: {"text": TEXTS[0]},
    "tl.docstring_sentences.take_sentences": lambda: {
        "found": docstrings(),
        "least_words": 2,
        "most_each": 1,
    },
    "tl.docstring_sentences.telling_names": lambda: {"sources": ["numpy", "scipy.stats"]},
    "tl.docstrings.find_source": lambda: {"name": "json.decoder"},
    "tl.docstrings.load_docstrings": lambda: {"sources": ["json"], "shortest": 40},
    "tl.docstrings.split_files": lambda: {
        "found": docstrings(),
        "labels": np.arange(12) // 6,
        "share": 0.25,
        "seed": 0,
    },
    "tl.group_splits.split_groups": lambda: {
        "groups": np.arange(12) // 2,
        "labels": np.arange(12) // 6,
        "share": 0.25,
        "seed": 0,
    },
    "tl.image_files.load_images": lambda: {
        "files": files(),
        "size": 8,
        "whole": False,
        "progress": False,
    },
    "tl.image_files.load_square": lambda: {"path": files()[0], "size": 8, "whole": False},
    "tl.image_files.check_memory": lambda: {"count": 3, "size": 8, "advice": "Take fewer."},
    "tl.image_files.decode_image": lambda: {"path": files()[0], "side": 8},
    "tl.picture_datasets.FileSplit": lambda: {
        "files": files(),
        "labels": LABELS[:6],
        "size": 8,
        "whole": False,
        "convert": same,
    },
    "tl.picture_datasets.FileSplit.dataset": lambda: {
        "self": on_disk(),
        "batch_size": 4,
        "shuffle": False,
        "seed": 0,
        "preprocess": same,
    },
    "tl.picture_datasets.FileSplit.fingerprint": lambda: {"self": on_disk()},
    "tl.picture_datasets.FileSplit.load": lambda: {"self": on_disk(), "rows": LABELS[:4]},
    "tl.picture_datasets.dataset_of_arrays": lambda: {
        "images": IMAGES,
        "labels": LABELS,
        "batch_size": 4,
        "shuffle": False,
        "seed": 0,
        "preprocess": same,
    },
    "tl.picture_datasets.origin": lambda: {"dataset": on_disk().dataset()},
    "tl.splits.Split.dataset": lambda: {
        "self": tl.splits.Split(IMAGES, LABELS),
        "batch_size": 4,
        "shuffle": False,
        "seed": 0,
        "preprocess": same,
    },
    "tl.label_shift.estimate_shares_em": lambda: {
        "probabilities": ANSWERS,
        "source_shares": np.array([0.5, 0.25, 0.25]),
        "steps": 20,
        "tolerance": 0.001,
    },
    "tl.label_shift.estimate_shares_bbse": lambda: {
        "source_answers": ANSWERS,
        "source_labels": np.array([0, 1, 2, 0]),
        "target_answers": ANSWERS[:3],
    },
    "tl.label_shift.reweight": lambda: {
        "probabilities": ANSWERS,
        "source_shares": np.array([0.5, 0.25, 0.25]),
        "target_shares": np.array([0.25, 0.5, 0.25]),
    },
    "tl.metrics.confidence_bins": lambda: {
        "confidence": np.array([0.25, 0.75, 0.5]),
        "correct": np.array([True, False, True]),
        "bins": 5,
    },
    "tl.metrics.expected_calibration_error": lambda: {
        "confidence": np.array([0.25, 0.75, 0.5]),
        "correct": np.array([True, False, True]),
        "bins": 5,
    },
    "tl.metrics.accuracy_interval": lambda: {"right": 9, "total": 10, "confidence": 0.95},
    "tl.metrics.group_interval": lambda: {
        "right": np.array([True, False, True, True]),
        "groups": np.array([0, 0, 1, 1]),
        "confidence": 0.5,
    },
    "tl.metrics.probabilities": lambda: {"model": network(), "images": IMAGES, "batch_size": 5},
    "tl.metrics.probabilities_and_labels": lambda: {
        "model": network(),
        "dataset": tl.splits.Split(IMAGES, LABELS).dataset(),
        "name": "images",
    },
    "tl.metrics.read_for": lambda: {"model": network(), "images": IMAGES, "name": "images"},
    "tl.metrics.accuracy": lambda: {"model": network(), "part": tl.splits.Split(IMAGES, LABELS)},
    "tl.networks.build_network": lambda: {"name": "MobileNet", "weights": None},
    "tl.networks.pooled_backbone": lambda: {"name": "MobileNet", "model": mobilenet()},
    "tl.networks.preprocess_for": lambda: {"name": "MobileNet"},
    "tl.own.scan_and_split": lambda: {
        "path": folder(),
        "size": 8,
        "fractions": (0.5, 0.5),
        "seed": 0,
        "alike": 0.98,
        "most_per_class": 3,
        "in_memory": True,
        "progress": False,
    },
    "tl.own.load_part": lambda: {
        "part": SplitFiles(tuple(files()), LABELS[:6]),
        "size": 8,
        "drawn": False,
        "in_memory": True,
        "progress": False,
    },
    "tl.own.plan_network": lambda: {"architecture": "digits", "download": False},
    "tl.own.prepare_files": lambda: {"paths": files(), "architecture": "digits", "progress": False},
    "tl.own.to_ink": lambda: {"images": np.round(IMAGES * 255).astype(np.uint8)},
    "tl.plots.bars": lambda: {"shares": {"right": 0.75, "wrong": 0.25}, "xlabel": "share"},
    "tl.plots.confusion": lambda: {
        "labels": LABELS,
        "answers": LABELS[::-1].copy(),
        "names": ["a", "b", "c"],
    },
    "tl.plots.heat_maps": lambda: {
        "images": list(PICTURES),
        "maps": list(PICTURES[:, :6, :6]),
        "titles": ["a", "b"],
        "size": 1.0,
    },
    "tl.plots.image_grid": lambda: {
        "rows": {"a": PICTURES, "b": PICTURES[:2]},
        "titles": ["x", "y"],
        "size": 0.75,
    },
    "tl.plots.intervals": lambda: {
        "bars": {"10": (0.75, 0.5, 1.0), "20": (0.5, 0.25, 0.75)},
        "truth": 0.5,
        "xlabel": "pictures",
        "every": 1,
    },
    "tl.plots.label_curves": lambda: {
        "curves": {"raw pixels": {1: [0.5, 0.75], 5: [0.75, 0.75]}},
        "no_labels": 0.5,
        "levels": {"DANN": 0.75},
        "title": "Labels",
        "ticks": {5: "all"},
        "ylabel": "accuracy",
    },
    "tl.plots.reliability": lambda: {"curves": {"print": [(2, 0.75, 0.5), (1, 0.875, 1.0)]}},
    "tl.plots.scatter": lambda: {
        "panels": {"two": (ROWS[:3, :2], LABELS[:3])},
        "names": ["a", "b", "c"],
        "columns": 1,
        "size": 2.0,
    },
    "tl.plots.show": lambda: {"figure": tl.plots.bars({"a": 0.5}), "alt": "A bar."},
    "tl.plots.style": dict,
    "tl.plots.top_answers": lambda: {
        "images": list(IMAGES[:2]),
        "answers": [[("cat", 0.75), ("dog", 0.25)], [("dog", 0.5)]],
    },
    "tl.plots.training_curves": lambda: {
        "panels": {"a": {"loss": [3.0, 2.0, 1.0]}},
        "smooth": 2,
        "ylabel": "loss",
        "level": 0.5,
    },
    "tl.rated_sentences.split_reviews": lambda: {
        "sentences": sentences(),
        "share": 0.25,
        "seed": 0,
    },
    "tl.recipes.enlarge_digits": lambda: {"pictures": PICTURES},
    "tl.recipes.small_network": lambda: {"seed": 1},
    "tl.recipes.draw_printed_digits": lambda: {
        "n": 10,
        "style": "plain",
        "seed": 0,
        "habits": False,
    },
    "tl.recipes.train_small_network": lambda: {
        "source": task().source,
        "seed": 0,
        "progress": False,
    },
    "tl.recipes.usual_recipe": lambda: {"backbone": tl.surgery.cut_head(network()), "classes": 3},
    "tl.sentiment_words.split_families": lambda: {
        "words": sentiment_words(),
        "share": 0.25,
        "seed": 0,
    },
    "tl.solar.split_modules": lambda: {
        "modules": np.arange(12),
        "kinds": np.arange(12) % 2,
        "share": 0.25,
        "seed": 0,
    },
    "tl.splits.contiguous_split": lambda: {"n": 10, "parts": 2},
    "tl.splits.label_budget": lambda: {"labels": LABELS, "per_class": 2, "seed": 0},
    "tl.splits.stratified_split": lambda: {
        "report": report(),
        "fractions": (0.75, 0.25),
        "seed": 0,
    },
    "tl.surgery.batchnorm_layers": lambda: {"model": network()},
    "tl.surgery.no_gradients": dict,
    "tl.surgery.read_one_input": lambda: {"model": network(), "head": True},
    "tl.surgery.train_only": lambda: {"model": network(), "chosen": lambda layer: True},
    "tl.surgery.walk": lambda: {"model": network()},
    "tl.surgery.all_layers": lambda: {"model": network()},
    "tl.surgery.largest_output": lambda: {"model": network()},
    "tl.surgery.images_at_once": lambda: {"model": network()},
    "tl.surgery.quicken_batchnorm": lambda: {"model": network(), "momentum": 0.5},
    "tl.surgery.cut_head": lambda: {"model": network(), "layer": "conv"},
    "tl.surgery.freeze": lambda: {"model": network()},
    "tl.surgery.unfreeze": lambda: {"model": network(), "last": 2},
    "tl.surgery.gives_logits": lambda: {"model": network()},
    "tl.surgery.last_activation": lambda: {"model": network()},
    "tl.surgery.copy_network": lambda: {"model": network()},
    "tl.surgery.restore_trainable": lambda: {"network": network(), "model": network()},
    "tl.surgery.keep_classes": lambda: {"model": network(), "columns": np.array([0, 2])},
    "tl.tasks.run_method": lambda: {
        "name": "AdaBN",
        "model": small_network(),
        "task": task(),
        "seed": 0,
        "progress": False,
    },
    "tl.tasks.feature_baselines": lambda: {"model": small_network(), "task": task()},
    "tl.texts.leave_out_copies": lambda: {
        "texts": TEXTS,
        "train": np.array([0]),
        "test": np.array([1]),
    },
    "tl.texts.read_texts": lambda: {"texts": TEXTS},
    "tl.texts.read_text_file": lambda: {"path": text_file(), "most": 100},
    "tl.texts.text_array": lambda: {"texts": TEXTS},
    "tl.texts.split_words": lambda: {"text": "A fine film."},
    "tl.textures.load_textures": lambda: {
        "per_class": 1,
        "size": 32,
        "learn_from": "left",
        "patch": 16,
        "seed": 0,
    },
    "tl.transferability.h_score": lambda: {
        "features": np.eye(12) + 0.1,
        "labels": LABELS,
        "shrinkage": 0.5,
    },
    "tl.transferability.log_me": lambda: {"features": np.eye(12) + 0.1, "labels": LABELS},
    "tl.transferability.leep": lambda: {
        "probabilities": np.full((12, 4), 0.25),
        "labels": LABELS,
    },
    "tl.transferability.nearest_mean": lambda: {
        "features": np.eye(12) + 0.1,
        "labels": LABELS,
        "groups": np.arange(12),
    },
    "tl.transferability.rank_correlation": lambda: {
        "scores": [1.0, 2.0, 3.0],
        "accuracies": [0.5, 0.7, 0.6],
        "groups": None,
        "kind": "kendall",
        "confidence": 0.9,
        "draws": 100,
        "seed": 0,
    },
    "tl.validators.source_accuracy": lambda: {"answers": ANSWERS, "labels": LABELS[:4]},
    "tl.validators.certainty": lambda: {"answers": ANSWERS},
    "tl.validators.information": lambda: {"answers": ANSWERS},
    "tl.validators.neighbourhood_density": lambda: {"answers": ANSWERS, "temperature": 0.5},
    "tl.validators.steady_information": lambda: {
        "model": network(),
        "images": IMAGES,
        "augment": same,
        "copies": 2,
        "seed": 0,
    },
    "tl.validators.validate": lambda: {
        "model": network(),
        "target_images": TARGET,
        "source_images": IMAGES,
        "source_labels": LABELS,
        "augment": same,
    },
    "tl.validators.proxy_distance": lambda: {
        "source_features": ROWS,
        "target_features": MORE_ROWS,
        "seed": 0,
    },
    "tl.widgets.draw_pictures": lambda: {"folder": folder()},
    "tl.widgets.drawings_folder": dict,
    "tl.widgets.recorded_drawings": dict,
    "tl.widgets.to_picture": lambda: {"strokes": STROKES},
    "tl.widgets.to_sheet": lambda: {"strokes": STROKES, "side": 24},
    "tl.widgets.upload": lambda: {"folder": folder()},
    "tl.widgets.uploads_folder": dict,
    "tl.word_families.find_families": lambda: {"words": WORDS},
    "tl.word_families.stem": lambda: {"word": "goodness"},
    "tl.word_neighbours.analogy": lambda: {
        "vectors": words(),
        "a": "he",
        "b": "king",
        "c": "she",
        "count": 2,
        "among": 4,
    },
    "tl.word_neighbours.answer_analogies": lambda: {
        "vectors": words(),
        "questions": [["he", "king", "she"]],
        "among": 4,
    },
    "tl.word_neighbours.cosine": lambda: {"vectors": words(), "one": "he", "other": "she"},
    "tl.word_neighbours.nearest": lambda: {
        "vectors": words(),
        "what": ROWS[0],
        "count": 2,
        "leave_out": ["he"],
        "among": 4,
    },
    "tl.word_vectors.check_vectors": lambda: {"vectors": words()},
    "tl.word_vectors.look_up": lambda: {"vectors": words(), "words": ["he", "she"]},
    "tl.word_vectors.make_word_vectors": lambda: {"words": WORDS, "vectors": ROWS[:4]},
    "tl.word_vectors.read_words": lambda: {"vectors": words(), "words": ["he", "she"]},
    "tl.word_vectors.text_vectors": lambda: {"vectors": words(), "texts": TEXTS},
}

#: Public functions without a valid call here, and why.
LEFT_OUT = {
    "tl.Lab": "a record: it holds what `load_lab` and `from_folder` put in",
    "tl.adaptation.Settings": "a kind of dictionary",
    "tl.docstrings.Docstrings": "a record",
    "tl.folders.Listing": "a record",
    "tl.own.NetworkPlan": "a record",
    "tl.rated_sentences.RatedSentences": "a record",
    "tl.rated_sentences.load_sentences": "needs an archive that may not be here",
    "tl.sentiment_words.SentimentWords": "a record",
    "tl.sentiment_words.load_sentiment_words": "needs a package that may not be here",
    "tl.bert.load_minilm": "needs a package that may not be here; its numbers are read",
    "tl.bert.load_tokenizer": "needs a package that may not be here; its number is read",
    "tl.bert.load_weights": "needs a file of weights; its tests damage one in every way",
    "tl.sentences.Attention": "a record",
    "tl.decoder.load_weights": "needs a file of weights; its tests damage one in every way",
    "tl.smollm.NextToken": "a record",
    "tl.smollm.load_smollm": "needs a package that may not be here; takes no values",
    "tl.solar.SolarCells": "a record",
    "tl.textures.Textures": "a record",
    "tl.transferability.RankCorrelation": "a record",
    "tl.cost.Cost": "a record",
    "tl.cost.measure_network": "builds a network, for seconds; reads what `time_network` reads",
    "tl.cost_table.measure_networks": "names=None measures all networks, for minutes",
    "tl.solar.load_solar_cells": "needs a package that may not be here; its numbers are read",
    "tl.splits.Split": "a record",
    "tl.tasks.Task": "a record",
    "tl.image_files.map_in_threads": "runs what the caller gives on what the caller gives",
    "tl.augmentation.augmented": "a step inside of functions that have read what it gets",
    "tl.surgery.run_network": "a step inside of functions that have read what it gets",
    "tl.surgery.input_of": "a step inside of the check-up, which has read the network",
    "tl.wordpiece.fill_up": "a step inside of functions that have read what it gets",
    "tl.draw": "trains a reader for seconds; its argument is for tests only",
    "tl.explore_freezing": "its only argument is for tests",
    "tl.explore_next_token": "its arguments are checked as those of tl.gpt.generate",
    "tl.load_gpt": "has no arguments",
    "tl.explore_labels": "its only argument is for tests",
    "tl.look_inside": "its only argument is for tests",
    "tl.word_vectors.UnknownWord": "an error",
    "tl.word_vectors.WordVectors": "a record: it holds what `make_word_vectors` puts in",
    "tl.word_vectors.load_glove": "needs a package that may not be here; takes no values",
    "tl.tasks.load_task": "draws 12,000 digits; its two arguments go on to `draw_printed_digits`",
}

#: Function → arguments that it changes on purpose.
CHANGES = {
    "tl.bert.add_lora": {"model"},
    "tl.decoder.add_lora": {"model"},
    "tl.fine_tuning.train_head": {"head"},
    "tl.fine_tuning.fine_tune": {"model"},
    "tl.augmentation.random_erase": {"rng"},
    "tl.augmentation.random_warp": {"rng"},
}

#: Arguments whose rows are drawn at random from an array; a dataset gives them in its own order.
IN_ITS_ORDER = {"source_images", "target_images"}

#: Arguments for which a large array is right, and only much work.
MUCH_WORK = {
    ("tl.augmentation.random_affine", "images"),
    ("tl.augmentation.random_erase", "images"),
    ("tl.augmentation.random_warp", "images"),
}

#: Where every value is right: they answer in words, or do not look at it.
TAKES_ANYTHING = {
    ("*", "advice"): "only words in a message",
    ("tl.metrics.read_for", "name"): "only words in a message",
    ("*", "sentence"): "only words in a message",
    ("*", "xlabel"): "only words in a figure",
    ("*", "ylabel"): "only words in a figure",
    ("*", "title"): "only words in a figure",
    ("tl.check", "exercise_id"): "says that there is none",
    ("tl.check", "answer"): "judges whatever it is",
    ("tl.checkup", "groups"): "writers may be called anything",
    ("tl.claim", "condition"): "true or false, as Python sees it",
    ("tl.hint", "exercise_id"): "says that there is none",
    ("tl.load_lab", "architecture"): "not used for digits",
    ("tl.progress", "notebook"): "says that there is none",
    ("tl.quiz", "quiz_id"): "says that there is none",
    ("tl.quiz", "choice"): "says what it wants",
    ("tl.sentences.sentence_vectors", "layer"): "a list of layers is right, too",
    ("tl.smollm.text_vectors", "layer"): "a list of layers is right, too",
    ("tl.solution", "exercise_id"): "says that there is none",
}


@functools.cache
def public_functions() -> dict[str, Callable]:
    """Return every function, class and method that is ``tl.X`` or ``tl.module.X``."""
    found: dict[str, Callable] = {}
    for name in sorted(tl._NAMES):
        found[f"tl.{name}"] = getattr(tl, name)
    for place in sorted(tl._MODULES):
        module = getattr(tl, place)
        listed = getattr(module, "__all__", None)
        for name in listed or sorted(vars(module)):
            item = getattr(module, name)
            home = getattr(item, "__module__", "") + "."
            own = home.startswith("tlhelpers." if listed else f"{module.__name__}.")
            if name[0] != "_" and inspect.isroutine(item) | inspect.isclass(item) and own:
                if item not in found.values():  # tl.draw is tl.widgets.draw
                    found[f"tl.{place}.{name}"] = item
    owners = {
        "tl.byte_pairs.BytePairs": tl.byte_pairs.BytePairs,
        "tl.Lab": tl.Lab,
        "tl.picture_datasets.FileSplit": tl.picture_datasets.FileSplit,
        "tl.splits.Split": tl.splits.Split,
        "tl.smollm_tokens.SmolTokenizer": tl.smollm_tokens.SmolTokenizer,
        "tl.wordpiece.WordPiece": tl.wordpiece.WordPiece,
    }
    for place, owner in owners.items():
        for name, method in vars(owner).items():
            if name[0] != "_" and (inspect.isfunction(method) or isinstance(method, classmethod)):
                found[f"{place}.{name}"] = getattr(owner, name)
    del found["tl.Lab.cut"]  # the default of a field
    return found
