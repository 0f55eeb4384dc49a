"""The classification networks of Keras Applications and EfficientNet-Lite, as a table.

The table is made from the installed Keras by ``python -m benchmarks.keras_networks``,
and a test compares the two.  `tlhelpers.networks.build` builds the networks in it.
"""

from __future__ import annotations

import difflib
from typing import NamedTuple


class Architecture(NamedTuple):
    """What one must know about a network to use it and to cut off its head.

    Attributes
    ----------
    name
        The function of ``keras.applications`` that builds it; EfficientNet-Lite is built
        by `tlhelpers.networks.efficientnet_lite`.
    size
        Height and width of its input, in pixels.
    module
        The module of ``keras.applications`` (or of this package) that prepares its images.
    low, high
        What pixels from 0 to 255 become in there: the smallest and the largest value.
        From 0 to 255, the network itself has layers that rescale them.
    features
        How many numbers describe an image once the head is off.
    head
        How many layers at the end are the head.
    parameters
        Number of weights, the head's included.
    """

    name: str
    size: int
    module: str
    low: float
    high: float
    features: int
    head: int
    parameters: int


_TABLE = (
    Architecture("ConvNeXtBase", 224, "convnext", 0.0, 255.0, 1024, 1, 88591464),
    Architecture("ConvNeXtLarge", 224, "convnext", 0.0, 255.0, 1536, 1, 197767336),
    Architecture("ConvNeXtSmall", 224, "convnext", 0.0, 255.0, 768, 1, 50223688),
    Architecture("ConvNeXtTiny", 224, "convnext", 0.0, 255.0, 768, 1, 28589128),
    Architecture("ConvNeXtXLarge", 224, "convnext", 0.0, 255.0, 2048, 1, 350196968),
    Architecture("DenseNet121", 224, "densenet", -2.118, 2.64, 1024, 1, 8062504),
    Architecture("DenseNet169", 224, "densenet", -2.118, 2.64, 1664, 1, 14307880),
    Architecture("DenseNet201", 224, "densenet", -2.118, 2.64, 1920, 1, 20242984),
    Architecture("EfficientNetB0", 224, "efficientnet", 0.0, 255.0, 1280, 2, 5330571),
    Architecture("EfficientNetB1", 240, "efficientnet", 0.0, 255.0, 1280, 2, 7856239),
    Architecture("EfficientNetB2", 260, "efficientnet", 0.0, 255.0, 1408, 2, 9177569),
    Architecture("EfficientNetB3", 300, "efficientnet", 0.0, 255.0, 1536, 2, 12320535),
    Architecture("EfficientNetB4", 380, "efficientnet", 0.0, 255.0, 1792, 2, 19466823),
    Architecture("EfficientNetB5", 456, "efficientnet", 0.0, 255.0, 2048, 2, 30562527),
    Architecture("EfficientNetB6", 528, "efficientnet", 0.0, 255.0, 2304, 2, 43265143),
    Architecture("EfficientNetB7", 600, "efficientnet", 0.0, 255.0, 2560, 2, 66658687),
    Architecture("EfficientNetLite0", 224, "efficientnet_lite", -0.992, 1.0, 1280, 2, 4694024),
    Architecture("EfficientNetLite1", 240, "efficientnet_lite", -0.992, 1.0, 1280, 2, 5470344),
    Architecture("EfficientNetLite2", 260, "efficientnet_lite", -0.992, 1.0, 1280, 2, 6150168),
    Architecture("EfficientNetV2B0", 224, "efficientnet_v2", 0.0, 255.0, 1280, 2, 7200312),
    Architecture("EfficientNetV2B1", 240, "efficientnet_v2", 0.0, 255.0, 1280, 2, 8212124),
    Architecture("EfficientNetV2B2", 260, "efficientnet_v2", 0.0, 255.0, 1408, 2, 10178374),
    Architecture("EfficientNetV2B3", 300, "efficientnet_v2", 0.0, 255.0, 1536, 2, 14467622),
    Architecture("EfficientNetV2L", 480, "efficientnet_v2", 0.0, 255.0, 1280, 2, 119027848),
    Architecture("EfficientNetV2M", 480, "efficientnet_v2", 0.0, 255.0, 1280, 2, 54431388),
    Architecture("EfficientNetV2S", 384, "efficientnet_v2", 0.0, 255.0, 1280, 2, 21612360),
    Architecture("InceptionResNetV2", 299, "inception_resnet_v2", -1.0, 1.0, 1536, 1, 55873736),
    Architecture("InceptionV3", 299, "inception_v3", -1.0, 1.0, 2048, 1, 23851784),
    Architecture("MobileNet", 224, "mobilenet", -1.0, 1.0, 1024, 5, 4253864),
    Architecture("MobileNetV2", 224, "mobilenet_v2", -1.0, 1.0, 1280, 1, 3538984),
    Architecture("MobileNetV3Large", 224, "mobilenet_v3", 0.0, 255.0, 960, 7, 5507432),
    Architecture("MobileNetV3Small", 224, "mobilenet_v3", 0.0, 255.0, 576, 7, 2554968),
    Architecture("NASNetLarge", 331, "nasnet", -1.0, 1.0, 4032, 1, 88949818),
    Architecture("NASNetMobile", 224, "nasnet", -1.0, 1.0, 1056, 1, 5326716),
    Architecture("ResNet101", 224, "resnet", -123.68, 151.061, 2048, 1, 44707176),
    Architecture("ResNet101V2", 224, "resnet_v2", -1.0, 1.0, 2048, 1, 44675560),
    Architecture("ResNet152", 224, "resnet", -123.68, 151.061, 2048, 1, 60419944),
    Architecture("ResNet152V2", 224, "resnet_v2", -1.0, 1.0, 2048, 1, 60380648),
    Architecture("ResNet50", 224, "resnet", -123.68, 151.061, 2048, 1, 25636712),
    Architecture("ResNet50V2", 224, "resnet_v2", -1.0, 1.0, 2048, 1, 25613800),
    Architecture("VGG16", 224, "vgg16", -123.68, 151.061, 512, 4, 138357544),
    Architecture("VGG19", 224, "vgg19", -123.68, 151.061, 512, 4, 143667240),
    Architecture("Xception", 299, "xception", -1.0, 1.0, 2048, 1, 22910480),
)

#: The table, by name.
ARCHITECTURES: dict[str, Architecture] = {row.name: row for row in _TABLE}


def find_architecture(name: str) -> Architecture:
    """Return the row of the table for a network.

    Raises
    ------
    ValueError
        If there is no network of that name; the message lists close ones.

    Examples
    --------
    >>> find_architecture("MobileNetV2").size
    224
    """
    if isinstance(name, str) and name in ARCHITECTURES:
        return ARCHITECTURES[name]
    lower = {known.lower(): known for known in ARCHITECTURES}
    close = difflib.get_close_matches(str(name).lower(), lower, n=3, cutoff=0.6)
    meant = ", ".join(lower[word] for word in close)
    raise ValueError(
        f"There is no network {name!r}. "
        + (f"Did you mean {meant}? " if close else "Try MobileNetV2 or ResNet50. ")
        + "'tlhelpers architectures' lists all of them."
    )
