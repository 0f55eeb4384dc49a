"""What is published about the networks: accuracy on ImageNet, paper and year.

Nothing here was measured by this course.  Where the figures come from:

- most: the table at https://keras.io/api/applications/ (June 2023),
- MobileNetV3: the docstring of ``keras.applications.MobileNetV3Large``,
- ConvNeXt: measured with the weights of Keras when they were added to it,
  https://github.com/keras-team/keras/pull/16421,
- EfficientNet-Lite: https://github.com/tensorflow/tpu/tree/master/models/official/efficientnet/lite.

They were not all measured in the same way (crop, rounding), so a few tenths of a
point between two rows mean nothing.
"""

from __future__ import annotations

from typing import NamedTuple

from tlhelpers.networks.table import find_architecture


class Published(NamedTuple):
    """What is published about a network.

    Attributes
    ----------
    top1
        Share of the 50,000 ImageNet validation pictures whose first answer is right.
    year
        When its paper first appeared.
    title, address
        Of the paper.
    more_data
        True if it had also learned from ImageNet-21k, 14 million pictures, before.
    """

    top1: float
    year: int
    title: str
    address: str
    more_data: bool = False


#: Module of a network in the table → year, title and address of its paper.
PAPERS: dict[str, tuple[int, str, str]] = {
    "convnext": (2022, "A ConvNet for the 2020s", "2201.03545"),
    "densenet": (2016, "Densely connected convolutional networks", "1608.06993"),
    "efficientnet": (2019, "EfficientNet: rethinking model scaling", "1905.11946"),
    "efficientnet_lite": (2019, "EfficientNet: rethinking model scaling", "1905.11946"),
    "efficientnet_v2": (2021, "EfficientNetV2: smaller models and faster training", "2104.00298"),
    "inception_resnet_v2": (2016, "Inception-v4, Inception-ResNet", "1602.07261"),
    "inception_v3": (2015, "Rethinking the Inception architecture", "1512.00567"),
    "mobilenet": (2017, "MobileNets", "1704.04861"),
    "mobilenet_v2": (2018, "MobileNetV2: inverted residuals and linear bottlenecks", "1801.04381"),
    "mobilenet_v3": (2019, "Searching for MobileNetV3", "1905.02244"),
    "nasnet": (2017, "Learning transferable architectures", "1707.07012"),
    "resnet": (2015, "Deep residual learning for image recognition", "1512.03385"),
    "resnet_v2": (2016, "Identity mappings in deep residual networks", "1603.05027"),
    "vgg16": (2014, "Very deep convolutional networks", "1409.1556"),
    "vgg19": (2014, "Very deep convolutional networks", "1409.1556"),
    "xception": (2016, "Xception: depthwise separable convolutions", "1610.02357"),
}

#: Per cent of first answers that are right.
_TOP1: dict[str, float] = {
    "ConvNeXtBase": 85.4,
    "ConvNeXtLarge": 86.4,
    "ConvNeXtSmall": 82.4,
    "ConvNeXtTiny": 81.3,
    "ConvNeXtXLarge": 86.7,
    "DenseNet121": 75.0,
    "DenseNet169": 76.2,
    "DenseNet201": 77.3,
    "EfficientNetB0": 77.1,
    "EfficientNetB1": 79.1,
    "EfficientNetB2": 80.1,
    "EfficientNetB3": 81.6,
    "EfficientNetB4": 82.9,
    "EfficientNetB5": 83.6,
    "EfficientNetB6": 84.0,
    "EfficientNetB7": 84.3,
    "EfficientNetLite0": 75.1,
    "EfficientNetLite1": 76.7,
    "EfficientNetLite2": 77.6,
    "EfficientNetV2B0": 78.7,
    "EfficientNetV2B1": 79.8,
    "EfficientNetV2B2": 80.5,
    "EfficientNetV2B3": 82.0,
    "EfficientNetV2L": 85.7,
    "EfficientNetV2M": 85.3,
    "EfficientNetV2S": 83.9,
    "InceptionResNetV2": 80.3,
    "InceptionV3": 77.9,
    "MobileNet": 70.4,
    "MobileNetV2": 71.3,
    "MobileNetV3Large": 75.6,
    "MobileNetV3Small": 68.1,
    "NASNetLarge": 82.5,
    "NASNetMobile": 74.4,
    "ResNet101": 76.4,
    "ResNet101V2": 77.2,
    "ResNet152": 76.6,
    "ResNet152V2": 78.0,
    "ResNet50": 74.9,
    "ResNet50V2": 76.0,
    "VGG16": 71.3,
    "VGG19": 71.3,
    "Xception": 79.0,
}
#: The weights of Keras that had seen ImageNet-21k first.
_MORE_DATA = ("ConvNeXtBase", "ConvNeXtLarge", "ConvNeXtXLarge")


def find_published(name: str) -> Published:
    """Return what is published about a network of the table.

    Parameters
    ----------
    name
        A name in `ARCHITECTURES`.

    Raises
    ------
    ValueError
        If there is no network of that name; the message lists close ones.

    Examples
    --------
    >>> found = find_published("ResNet50")
    >>> found.top1, found.year, found.address
    (0.749, 2015, 'https://arxiv.org/abs/1512.03385')
    """
    module = find_architecture(name).module
    year, title, number = PAPERS[module]
    address = f"https://arxiv.org/abs/{number}"
    return Published(round(_TOP1[name] / 100, 3), year, title, address, name in _MORE_DATA)
