"""What is published about the networks: complete, plausible, and with a source."""

import re

import keras
import pytest

from tlhelpers.networks import published
from tlhelpers.networks.table import ARCHITECTURES


@pytest.mark.parametrize("name", ARCHITECTURES)
def test_every_network_of_the_table_has_a_paper_and_an_accuracy(name):
    found = published.find_published(name)
    assert 0.68 <= found.top1 < 0.88 and 2014 <= found.year <= 2022 and found.title
    # arXiv numbers begin with the year and the month.
    number = found.address.removeprefix("https://arxiv.org/abs/")
    assert re.fullmatch(r"\d{4}\.\d{4,5}", number)
    assert int(number[:2]) == found.year % 100


def test_nothing_is_published_about_networks_that_are_not_there():
    assert set(published._TOP1) == set(ARCHITECTURES)
    assert set(published._MORE_DATA) <= set(ARCHITECTURES)
    with pytest.raises(ValueError, match="Did you mean ResNet50"):
        published.find_published("ResNet5")


@pytest.mark.parametrize("module", [m for m in published.PAPERS if m != "efficientnet_lite"])
def test_the_papers_are_those_that_keras_names(module):
    from importlib import import_module

    source = import_module(f"keras.src.applications.{module}").__file__
    with open(source, encoding="utf-8") as file:
        assert published.PAPERS[module][2] in file.read()


def test_mobilenet_v3_has_the_accuracy_that_keras_names():
    text = keras.applications.MobileNetV3Large.__doc__
    for name, row in (
        ("MobileNetV3Large", "mobilenet_v3_large_1.0_224"),
        ("MobileNetV3Small", "mobilenet_v3_small_1.0_224"),
    ):
        top1 = re.search(rf"{row} .*?\|.*?\|.*?\|\s*([\d.]+)", text)[1]
        assert published.find_published(name).top1 == pytest.approx(float(top1) / 100)


def test_more_parameters_of_one_kind_are_more_accurate():
    """The larger of a family is the better one, in every paper: a slip in a row would show."""
    families: dict[str, list] = {}
    for name, row in ARCHITECTURES.items():
        family = re.sub(r"^(VGG|MobileNetV3).*", r"\1", row.module)
        found = published.find_published(name)
        families.setdefault(family, []).append((row.parameters, found.top1))
    for family, rows in families.items():
        accuracies = [top1 for _, top1 in sorted(rows)]
        assert accuracies == sorted(accuracies), family
