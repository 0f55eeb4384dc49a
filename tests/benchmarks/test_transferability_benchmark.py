"""The benchmark of scores, on made-up networks of which it is known how good they are."""

import numpy as np
import pytest

from benchmarks import transferability as benchmark
from tlhelpers.fetching.fetch import FileNotHere


def rows_of(strength: float, labels: np.ndarray, seed: int, answers: bool = True):
    """Return cuts that tell the classes better from one to the next."""
    rng = np.random.default_rng(seed)
    cuts = [
        rng.normal(size=(len(labels), 6)) + strength * (place + 1) / 7 * (labels[:, None] * 2 - 1)
        for place in range(benchmark.CUTS)
    ]
    return benchmark.Rows(cuts, np.full((len(labels), 4), 0.25) if answers else None)


@pytest.fixture(scope="module")
def measured():
    labels = np.arange(400) % 2
    made = {
        "MobileNet025": rows_of(0.3, labels, 1, answers=False),
        "MobileNetV2": rows_of(0.6, labels, 2),
        "EfficientNetLite0": rows_of(1.0, labels, 3),
    }

    def rows(name):
        if name not in made:
            raise FileNotHere(f"{name} is not here.")
        return made[name]

    def split(seed):
        order = np.random.default_rng(seed).permutation(400)
        return order[:200], order[200:]

    task = benchmark.Task("made up", labels, split, rows, [*made, "EfficientNetLite2"])
    return benchmark.measure_task(task, range(2))


def test_candidates_are_networks_and_cuts(measured):
    assert measured.truth.shape == (21, 2) and measured.whole.sum() == 3
    assert set(measured.networks) == {"MobileNet025", "MobileNetV2", "EfficientNetLite0"}
    assert measured.truth[-1].mean() > measured.truth[0].mean() + 0.2
    assert np.isnan(measured.scores[benchmark.LEEP][[6, 7, 12]]).all()  # no head; no whole network
    assert np.isfinite(measured.scores[benchmark.LEEP][[13, 20]]).all()
    assert all(np.isfinite(measured.scores[name]).all() for name in benchmark.SCORES)
    assert measured.seconds["H-score, shrunk"] > 0


def test_the_table_says_how_well_each_score_orders_them(measured):
    table = dict(benchmark.rows_of("made up", measured))
    assert "(last: " in table["made up, MobileNetV2"]
    assert table["made up, whole networks: ImageNet accuracy"].startswith("τ 1.00")
    for name in benchmark.SCORES:
        figure = table[f"made up, networks and cuts: {name}"]
        assert float(figure.split()[1]) > 0.6 and "interval for 21 candidates" in figure
        assert "interval for 3 networks" in table[f"made up, cuts of each network: {name}"]
    assert not any("LEEP" in what for what in table if "ms of" not in what)  # two have answers


def test_one_network_is_cut_only(measured):
    own = measured.networks == "MobileNetV2"
    scores = {name: values[own] for name, values in measured.scores.items()}
    one = measured._replace(
        networks=measured.networks[own],
        whole=measured.whole[own],
        truth=measured.truth[own],
        scores=scores,
    )
    table = dict(benchmark.rows_of("made up", one))
    assert "interval for 7 candidates" in table["made up, cuts: LogME"]
    assert not any("whole networks" in what for what in table)


@pytest.mark.parametrize("name", ["MobileNetV2", "EfficientNetLite0", "ResNet50"])
def test_seven_cuts_of_a_network_and_its_answers(name):
    from tlhelpers.networks import build

    network = build.build_network(name, size=64)
    joined, widths = benchmark.seven_cuts(network, benchmark.last_map(network))
    assert len(set(benchmark.layers_to_cut(network, benchmark.last_map(network)))) == 7
    features = build.find_architecture(name).features
    assert len(widths) == 8 and widths[-2:] == [features, 1000]
    assert widths[:-2] == sorted(widths[:-2]) and joined.output_shape == (None, sum(widths))


def test_the_networks_come_in_the_order_of_their_accuracy(monkeypatch):
    monkeypatch.setattr(benchmark.fetch, "find_here", lambda file: "resnet50" in file.name)
    monkeypatch.setattr(
        benchmark.imagenet_weights,
        "weights_file",
        lambda name: type("File", (), {"name": name.lower()}),
    )
    assert benchmark.known_networks() == (
        "MobileNet025",
        "MobileNetV2",
        "ResNet50",
        "EfficientNetLite0",
        "EfficientNetLite1",
        "EfficientNetLite2",
    )


def test_the_weights_are_named_as_they_are(monkeypatch):
    def weights(name):
        if name != "MobileNetV2":
            raise FileNotHere(name)
        return None, "MobileNetV2 (8-bit release)"

    monkeypatch.setattr(benchmark.imagenet, "fetch_weights", weights)
    monkeypatch.setattr(benchmark, "known_networks", lambda: tuple(benchmark.TOP_1))
    named = benchmark.labels_of_weights()
    assert named == "MobileNet025 (ImageNet), MobileNetV2 (8-bit release)"
