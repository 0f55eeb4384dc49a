"""Domain adaptation: its losses, methods and validators, against hand-made expectations."""

import functools
import inspect

import keras
import numpy as np
import pytest

from tlhelpers.networks import surgery
from tlhelpers.networks.surgery import batchnorm_layers, largest_output
from tlhelpers.teaching.source_code import code_of
from tlhelpers.transfer import adaptation, augmentation, metrics, tasks, validators
from tlhelpers.transfer.adaptation import batchnorm_statistics

QUICK = {"steps": 6, "batch_size": 16}


def network(seed=0, norm=True, head="softmax", dropout=0.0):
    """Four numbers in, three classes out, untrained; two BatchNormalization layers."""
    keras.utils.set_random_seed(seed)
    layers = [keras.Input((4,)), keras.layers.Dense(8)]
    layers += [keras.layers.BatchNormalization()] if norm else []
    layers += [keras.layers.ReLU(), keras.layers.Dense(6)]
    layers += [keras.layers.BatchNormalization()] if norm else []
    layers += [keras.layers.ReLU()]
    layers += [keras.layers.Dropout(dropout)] if dropout else []
    return keras.Sequential([*layers, keras.layers.Dense(3, head, name="head")])


def blobs(n=96, shift=0.0, seed=0):
    """Three clouds of points; ``shift`` moves all of them the same way."""
    rng = np.random.default_rng(seed)
    labels = np.arange(n) % 3
    centres = 4 * np.eye(3, 4)
    return (centres[labels] + rng.normal(size=(n, 4)) + shift).astype("float32"), labels


SOURCE, LABELS = blobs()
TARGET, _ = blobs(shift=3.0, seed=1)

WITH_SOURCE = {
    "deep_coral": adaptation.deep_coral,
    "deep_mmd": adaptation.deep_mmd,
    "dann": adaptation.dann,
    "self_training": adaptation.self_training,
    "consistency": adaptation.consistency,
}


def jitter(points, rng):
    return points + rng.normal(size=points.shape).astype("float32")


def run(name, model, target=TARGET, **settings):
    """Run any method by its name, quickly."""
    if name == "adabn":
        return adaptation.adabn(model, target)
    if name == "tent":
        return adaptation.tent(model, target, batch_size=16)
    settings = QUICK | settings
    if name == "shot":
        return adaptation.shot(model, target, **settings)
    if name == "source_only":
        return adaptation.source_only(model, SOURCE, LABELS, **settings)
    if name == "consistency":
        settings = {"strong": jitter} | settings
    return WITH_SOURCE[name](model, SOURCE, LABELS, target, **settings)


@pytest.fixture
def short_training(uncompiled):
    """Not compiled, which takes longer than six steps; one test says that it does the same."""
    with uncompiled():
        yield


short = pytest.mark.usefixtures("short_training")


@pytest.fixture(scope="module")
def adapted_once(uncompiled):
    """Return what a method makes of the first network; several tests look, and none changes it."""

    @functools.cache
    def adapt(name, norm=True, **settings):
        with uncompiled():
            return run(name, network(norm=norm), **settings)

    return adapt


METHODS = ["adabn", "source_only", *WITH_SOURCE, "shot", "tent"]


def same(a, b):
    return all(np.array_equal(x, y) for x, y in zip(a, b, strict=True))


# Pieces of losses --------------------------------------------------------------------


def test_coral_distance_is_the_textbook_formula():
    rng = np.random.default_rng(0)
    a, b = rng.normal(size=(20, 5)), rng.normal(1, 3, size=(30, 5))
    gap = np.cov(a, rowvar=False) - np.cov(b, rowvar=False)
    assert float(adaptation.coral_distance(a, b)) == pytest.approx(
        (gap**2).sum() / (4 * 25), rel=1e-4
    )
    assert float(adaptation.coral_distance(a, a)) == 0
    assert float(adaptation.coral_distance(a, a + 7)) == pytest.approx(
        0, abs=1e-5
    )  # means do not count


def test_mmd_distance_is_the_textbook_formula():
    rng = np.random.default_rng(0)
    a, b = rng.normal(size=(7, 3)), rng.normal(2, 1, size=(9, 3))
    both = np.concatenate([a, b])
    squares = ((both[:, None] - both[None]) ** 2).sum(axis=-1)
    kernel = np.mean(
        [np.exp(-squares / (w * squares.mean())) for w in (0.25, 0.5, 1, 2, 4)], axis=0
    )
    by_hand = kernel[:7, :7].mean() + kernel[7:, 7:].mean() - 2 * kernel[:7, 7:].mean()
    assert float(adaptation.mmd_distance(a, b)) == pytest.approx(by_hand, rel=1e-4)
    assert float(adaptation.mmd_distance(a, a)) == pytest.approx(0, abs=1e-6)


def test_reversed_gradient_is_identity_forwards_and_minus_lambda_backwards():
    tf = pytest.importorskip("tensorflow")
    x = tf.Variable([1.0, -2.0, 3.0])
    with tf.GradientTape() as tape:
        y = adaptation.reverse_gradient(x, 0.3)
        total = tf.reduce_sum(y * [1.0, 10.0, 100.0])
    assert np.allclose(y, x)
    assert np.allclose(tape.gradient(total, x), [-0.3, -3.0, -30.0])


def test_alignment_ratio_is_one_only_when_the_classes_have_the_same_shares():
    even, skewed = np.full((4, 2), 0.5), np.array([[0.9, 0.1], [0.7, 0.3]])
    assert np.allclose(adaptation.alignment_ratio(even, even), 1)
    assert np.allclose(adaptation.alignment_ratio(even, skewed), [0.5 / 0.8, 0.5 / 0.2])


def test_consistency_aligns_on_skewed_input(uncompiled):
    # Without BatchNormalization, which would hide that all images are of one class.
    model, _ = run("source_only", network(norm=False), steps=60, learning_rate=1e-2)
    one_class = blobs()[0][LABELS == 1]
    with uncompiled():
        # The source has three classes: the ratio of the other two is far above 1.
        _, history = run("consistency", model, one_class)
        assert history["alignment"][0] > 0.5
        _, even = run("consistency", model, SOURCE, batch_size=96)
        assert even["alignment"][0] < 0.2


def test_entropy_and_cross_entropy():
    answers = np.array([[0.25, 0.75], [1.0, 0.0]], "float32")
    by_hand = -(0.25 * np.log(0.25) + 0.75 * np.log(0.75)) / 2
    assert float(adaptation.mean_entropy(answers)) == pytest.approx(by_hand, abs=1e-5)
    loss = float(adaptation.cross_entropy(np.array([1, 0]), answers))
    assert loss == pytest.approx(-np.log(0.75) / 2, abs=1e-5)


# What every method must keep ---------------------------------------------------------


@pytest.mark.parametrize("name", METHODS)
def test_a_method_returns_a_new_network_and_leaves_the_given_one_alone(name, adapted_once):
    model = network()
    before, trainable = model.get_weights(), [layer.trainable for layer in model.layers]
    adapted, history = run(name, model)
    assert adapted is not model
    assert same(before, model.get_weights())
    assert not same(before, adapted.get_weights())
    assert [layer.trainable for layer in adapted.layers] == trainable
    assert [layer.trainable for layer in model.layers] == trainable
    assert adapted.output_shape == (None, 3)
    assert all(np.isfinite(values).all() for values in history.values())
    # And it does the same when TensorFlow compiles nothing, as in most tests below.
    plain, plain_history = adapted_once(name)
    answers = [metrics.probabilities(network, TARGET) for network in (adapted, plain)]
    assert np.allclose(*answers, atol=1e-4)
    for key, values in history.items():
        assert np.allclose(values, plain_history[key], atol=1e-4), key


@short
@pytest.mark.parametrize("name", ["dann", "self_training", "consistency", "shot"])
def test_seeds_reproduce(name, adapted_once):
    model = network()
    first, second = (run(name, model, seed=3)[0].get_weights() for _ in range(2))
    assert same(first, second)
    assert not same(first, adapted_once(name)[0].get_weights())  # with seed 0


def test_seeds_reproduce_dropout_too():
    model = network(dropout=0.5)
    first, second = (run("shot", model, seed=3)[0].get_weights() for _ in range(2))
    assert same(first, second)


@pytest.mark.parametrize("name", WITH_SOURCE)
def test_with_weight_zero_a_method_is_source_only_training(name, adapted_once):
    adapted, history = adapted_once(name, norm=False, weight=0.0)
    plain, plain_history = adapted_once("source_only", norm=False)
    for ours, theirs in zip(adapted.get_weights(), plain.get_weights(), strict=True):
        assert np.allclose(ours, theirs, atol=1e-6)
    assert np.allclose(history["source loss"], plain_history["loss"], atol=1e-5)
    # The encoder, and not only the head, has learned the task.
    assert not np.allclose(adapted.get_weights()[0], network(norm=False).get_weights()[0])


@pytest.mark.parametrize("name", WITH_SOURCE)
def test_with_weight_zero_only_the_statistics_differ(name, adapted_once):
    adapted, _ = adapted_once(name, weight=0.0)
    plain, _ = adapted_once("source_only")
    for ours, theirs in zip(adapted.trainable_weights, plain.trainable_weights, strict=True):
        assert np.allclose(ours, theirs, atol=1e-6)


@short
@pytest.mark.parametrize("name", WITH_SOURCE)
def test_with_a_weight_a_method_differs_from_source_only_training(name, adapted_once):
    model = network(norm=False)
    settings = {"threshold": 0.0} if name == "consistency" else {}
    weights = run(name, model, weight=1.0, **settings)[0].get_weights()
    plain, _ = adapted_once("source_only", norm=False)
    assert not np.allclose(weights[0], plain.get_weights()[0], atol=1e-6)


@pytest.mark.parametrize("name", ["adabn", *WITH_SOURCE, "shot", "tent"])
def test_no_method_has_a_parameter_for_target_labels(name):
    names = set(inspect.signature(getattr(adaptation, name)).parameters)
    assert not names & {"target_labels", "labels", "y", "y_target"}
    assert not set(adaptation.Settings.__annotations__) & {"target_labels", "labels"}


@short
def test_the_batch_that_a_loss_sees_has_no_target_labels():
    seen = []

    def loss(look, batch):
        seen.append(set(batch))
        return adaptation.cross_entropy(batch["labels"], look(batch["source"])[1]), {}

    adaptation.train(network(), loss, SOURCE, LABELS, TARGET, **QUICK)
    assert set.union(*seen) == {"source", "labels", "target"}


@pytest.mark.parametrize("built", [True, False])
def test_the_first_step_is_prepared_once_and_takes_any_helper(built):
    guess = keras.Sequential([keras.Input((6,))] * built + [keras.layers.Dense(3, "softmax")])
    prepared = []

    def loss(look, batch):
        prepared.append(1)
        features, answers = look(batch["source"])
        return adaptation.cross_entropy(batch["labels"], (guess(features) + answers) / 2), {}

    _, history = adaptation.train(
        network(), loss, SOURCE, LABELS, None, helper=guess, learning_rate=0.01, steps=9
    )
    assert history["loss"][-1] < history["loss"][0]
    assert len(prepared) == 1 or not built


def test_methods_are_short_enough_to_show():
    for name in METHODS:
        code = code_of(getattr(adaptation, name))
        assert code.startswith(f"def {name}(") and '"""' not in code
        assert len(code.splitlines()) <= 60, name
        compile(code, name, "exec")


@short
@pytest.mark.parametrize("head", ["softmax", None])
def test_saved_and_loaded_it_gives_the_same_answers(head, tmp_path):
    adapted, _ = run("deep_coral", network(head=head))
    adapted.save(tmp_path / "adapted.keras")
    again = keras.models.load_model(tmp_path / "adapted.keras")
    answers = metrics.probabilities(adapted, TARGET)
    assert np.array_equal(answers, metrics.probabilities(again, TARGET))
    assert np.allclose(answers.sum(axis=1), 1, atol=1e-5)


@short
def test_a_head_of_logits_trains_like_one_of_probabilities():
    soft, plain = network(head="softmax"), network(head=None)
    assert same(soft.get_weights(), plain.get_weights())
    ours, theirs = (run("deep_mmd", model)[1]["source loss"] for model in (soft, plain))
    assert np.allclose(ours, theirs, atol=1e-4)


# Networks inside networks -----------------------------------------------------------------


IMAGES, KINDS = np.random.default_rng(0).random((32, 6, 6, 2), "float32"), np.arange(32) % 3


def parts():
    """A backbone of two BatchNormalization layers, always the same."""
    keras.utils.set_random_seed(0)
    layers = keras.layers
    inner = [layers.Conv2D(4, 3), layers.BatchNormalization(), layers.ReLU()]
    inner += [layers.Conv2D(3, 3), layers.BatchNormalization(), layers.GlobalAveragePooling2D()]
    return keras.Sequential([keras.Input((6, 6, 2)), *inner])


def nested(head=None):
    """The usual form: a backbone under a head."""
    backbone = parts()
    return keras.Sequential([backbone, head or keras.layers.Dense(3, "softmax")])


def flat():
    """The same network without a network in it."""
    backbone = parts()
    answers = keras.layers.Dense(3, "softmax")(backbone.outputs[0])
    return keras.Model(backbone.inputs[0], answers)


INSIDE = {
    "adabn": lambda model: adaptation.adabn(model, IMAGES + 1),
    "tent": lambda model: adaptation.tent(model, IMAGES + 1, batch_size=8),
    "shot": lambda model: adaptation.shot(model, IMAGES + 1, steps=3, batch_size=8),
    "deep_coral": lambda model: adaptation.deep_coral(
        model, IMAGES, KINDS, IMAGES + 1, steps=3, batch_size=8
    ),
}


@short
@pytest.mark.parametrize("name", INSIDE)
def test_a_network_inside_a_network_is_adapted_like_a_flat_one(name):
    inside, plain = nested(), flat()
    assert same(inside.get_weights(), plain.get_weights())
    if name == "tent":  # it trains BatchNormalization in a frozen backbone, too
        inside.layers[0].trainable = False
    adapted, history = INSIDE[name](inside)
    wanted, wanted_history = INSIDE[name](plain)
    assert len(batchnorm_layers(adapted)) == 2
    for ours, theirs in zip(adapted.get_weights(), wanted.get_weights(), strict=True):
        assert np.allclose(ours, theirs, atol=1e-5)
    assert not same(inside.get_weights(), adapted.get_weights())
    for key, values in wanted_history.items():
        assert np.allclose(history[key], values, atol=1e-5)
    assert [x.trainable for x in adapted.layers] == [x.trainable for x in inside.layers]


def test_statistics_of_a_film_count_all_its_pictures():
    layers = keras.layers
    film = [keras.Input((5, 6, 6, 2)), layers.TimeDistributed(parts())]
    model = keras.Sequential([*film, layers.Flatten(), layers.Dense(3, "softmax")])
    films = np.random.default_rng(0).normal(3, 2, (8, 5, 6, 6, 2)).astype("float32")
    adapted, _ = adaptation.adabn(model, films)
    pictures, _ = adaptation.adabn(nested(), films.reshape(-1, 6, 6, 2))
    pairs = zip(batchnorm_layers(adapted), batchnorm_layers(pictures), strict=True)
    for ours, theirs in pairs:
        assert np.allclose(ours.moving_mean, theirs.moving_mean, atol=1e-5)
        assert np.allclose(ours.moving_variance, theirs.moving_variance, rtol=1e-4)


def test_a_layer_that_is_used_twice_has_the_moments_of_both():
    layers, norm = keras.layers, keras.layers.BatchNormalization()
    start = keras.Input((4,))
    joined = layers.Add()([norm(start), norm(3 * start + 1)])
    model = keras.Model(start, layers.Dense(2, "softmax")(joined))
    adapted, _ = adaptation.adabn(model, TARGET)
    both = np.concatenate([TARGET, 3 * TARGET + 1])
    assert np.allclose(batchnorm_layers(adapted)[0].moving_mean, both.mean(axis=0), atol=1e-4)
    assert np.allclose(batchnorm_layers(adapted)[0].moving_variance, both.var(axis=0), rtol=1e-4)


@pytest.mark.parametrize(
    "options", [{"axis": 1}, {"synchronized": True}, {"scale": False, "center": False}]
)
def test_any_batchnorm_and_no_other_layer_is_in_training_mode(options):
    layers = keras.layers
    middle = [layers.RandomFlip(), layers.Dropout(0.5), layers.BatchNormalization(**options)]
    end = [layers.Dropout(0.5), layers.Flatten(), layers.Dense(3, "softmax")]
    model = keras.Sequential([keras.Input((6, 6, 2)), *middle, *end])
    images = IMAGES * [[[[1, 5]]]] if "axis" not in options else IMAGES
    adapted, _ = adaptation.adabn(model, images)
    axis = options.get("axis", 3)
    others = tuple(a for a in range(4) if a != axis)
    norm = batchnorm_layers(adapted)[0]
    assert np.allclose(norm.moving_mean, images.mean(axis=others), atol=1e-5)
    assert np.allclose(norm.moving_variance, images.var(axis=others), rtol=1e-4)
    # Afterwards it is as before: nothing of the pass is left behind.
    assert "call" not in vars(norm) and norm.momentum == 0.99
    before = norm.moving_mean.numpy()
    adapted(images[:4], training=False)
    assert np.array_equal(before, norm.moving_mean)


@pytest.mark.parametrize("policy", ["mixed_float16", "mixed_bfloat16"])
def test_half_precision_is_adapted_too(policy):
    before = keras.config.dtype_policy()
    keras.config.set_dtype_policy(policy)
    try:
        model = nested()
        for name in INSIDE:
            adapted, history = INSIDE[name](model)
            assert all(np.isfinite(values).all() for values in history.values()), name
            assert all(np.isfinite(w).all() for w in adapted.get_weights()), name
    finally:
        keras.config.set_dtype_policy(before)


# Single methods ----------------------------------------------------------------------


def by_numpy(weights, batches, epsilon):
    """The moments that arrive at both BatchNormalization layers of `network`."""
    w1, b1, gamma, beta, _, _, w2, b2, *_ = (w.astype(np.float64) for w in weights)
    arriving = [[], []]
    for batch in batches:
        first = batch.astype(np.float64) @ w1 + b1
        scaled = (first - first.mean(axis=0)) / np.sqrt(first.var(axis=0) + epsilon)
        arriving[0].append(first)
        arriving[1].append(np.maximum(scaled * gamma + beta, 0) @ w2 + b2)
    both = [np.concatenate(rows) for rows in arriving]
    return [(rows.mean(axis=0), rows.var(axis=0)) for rows in both]


@pytest.mark.parametrize("batch_size, sizes", [(None, [96]), (32, [32] * 3), (40, [32] * 3)])
def test_adabn_takes_the_moments_that_numpy_finds(batch_size, sizes):
    model, rng = network(), np.random.default_rng(0)
    model.set_weights([w + 0.1 * rng.random(w.shape) for w in model.get_weights()])
    adapted, history = adaptation.adabn(model, TARGET, batch_size=batch_size)
    # The second layer sees what comes out of the first after its change; what it sees in
    # each batch is joined, not averaged: the batches of a target differ.
    batches = np.split(TARGET, np.cumsum(sizes)[:-1])
    wanted = by_numpy(model.get_weights(), batches, model.layers[1].epsilon)
    for layer, (mean, variance) in zip(batchnorm_layers(adapted), wanted, strict=True):
        assert np.allclose(layer.moving_mean, mean, atol=1e-5)
        assert np.allclose(layer.moving_variance, variance, rtol=1e-4)
    assert len(history["shift"]) == 2 and history["shift"][0] > 0


def test_batches_of_two_sizes_count_by_their_images():
    model = network()
    adapted, _ = adaptation.adabn(model, TARGET[:5], batch_size=2)  # three and two
    wanted = by_numpy(model.get_weights(), [TARGET[:3], TARGET[3:5]], model.layers[1].epsilon)
    for layer, (mean, variance) in zip(batchnorm_layers(adapted), wanted, strict=True):
        assert np.allclose(layer.moving_mean, mean, atol=1e-5)
        assert np.allclose(layer.moving_variance, variance, rtol=1e-4, atol=1e-5)


def test_adabn_counts_each_place_of_an_image():
    model = keras.Sequential(
        [
            keras.Input((3, 3, 2)),
            keras.layers.BatchNormalization(),
            keras.layers.GlobalAveragePooling2D(),
            keras.layers.Dense(2, "softmax"),
        ]
    )
    images = np.random.default_rng(0).normal([1, 5], [2, 3], size=(10, 3, 3, 2)).astype("float32")
    adapted, _ = adaptation.adabn(model, images)
    assert np.allclose(
        batchnorm_layers(adapted)[0].moving_mean, images.mean(axis=(0, 1, 2)), atol=1e-4
    )
    assert np.allclose(
        batchnorm_layers(adapted)[0].moving_variance, images.var(axis=(0, 1, 2)), 1e-4
    )


def test_adabn_undoes_a_shift_of_all_images():
    model, _ = run("source_only", network(), steps=150, learning_rate=1e-2)
    model, _ = adaptation.adabn(model, SOURCE)
    moved = SOURCE + 20 * np.eye(4, dtype="float32")[0]
    wrong = validators.source_accuracy(metrics.probabilities(model, moved), LABELS)
    adapted, _ = adaptation.adabn(model, moved)
    assert wrong < 0.8
    # A shift of the input shifts the first statistics and nothing else.
    assert np.allclose(
        metrics.probabilities(adapted, moved), metrics.probabilities(model, SOURCE), atol=1e-3
    )


def test_dann_reports_how_well_the_domains_are_told_apart():
    _, history = run(
        "dann", network(norm=False), TARGET + 50, weight=0.0, steps=60, learning_rate=0.01
    )
    assert history["domain accuracy"][-1] > 0.9
    assert set(history) == {"loss", "source loss", "domain accuracy"}


@pytest.mark.parametrize("name, key", [("deep_coral", "distance"), ("deep_mmd", "distance")])
def test_alignment_brings_the_domains_together(name, key):
    model = network(norm=False)
    settings = {"steps": 80, "learning_rate": 1e-2, "batch_size": 64}
    _, free = run(name, model, 3 * TARGET, weight=0.0, **settings)
    _, pulled = run(name, model, 3 * TARGET, weight=1.0, **settings)
    assert np.mean(pulled[key][-10:]) < 0.5 * np.mean(free[key][-10:])


def test_surest_rows_keeps_the_same_share_of_each_predicted_class():
    rng = np.random.default_rng(0)
    answers = rng.dirichlet([3, 1, 1], size=200)
    rows, labels = adaptation.surest_rows(answers, 0.25)
    classes = answers.argmax(axis=1)
    for label in range(3):
        mine = rows[labels == label]
        assert len(mine) == round(0.25 * (classes == label).sum())
        left = np.setdiff1d(np.flatnonzero(classes == label), mine)
        assert answers[mine].max(axis=1).min() >= answers[left].max(axis=1).max()


@short
def test_shot_moves_everything_but_the_head():
    model = network()
    adapted, history = run("shot", model)
    assert same(model.get_layer("head").get_weights(), adapted.get_layer("head").get_weights())
    assert not np.array_equal(model.get_weights()[0], adapted.get_weights()[0])
    assert np.allclose(
        history["loss"], np.subtract(history["unsure"], history["variety"]), atol=1e-5
    )


@short
def test_tent_changes_batchnorm_only_and_answers_on_the_way():
    model = network()
    adapted, history = adaptation.tent(model, TARGET, batch_size=40)
    for new, old in zip(adapted.layers, model.layers, strict=True):
        is_norm = isinstance(new, keras.layers.BatchNormalization)
        unchanged = same(new.get_weights(), old.get_weights())
        assert unchanged != is_norm or not new.weights
    assert len(history["answers"]) == len(TARGET) and len(history["loss"]) == 3
    # The first batch is answered before any step, with the statistics of that batch.
    first, _ = adaptation.adabn(model, TARGET[:40])
    assert history["answers"][:40] == metrics.probabilities(first, TARGET[:40]).argmax(1).tolist()


def test_feature_coral_gives_mean_and_covariance_of_the_target():
    rng = np.random.default_rng(0)
    source = rng.normal(size=(200, 4)) @ rng.normal(size=(4, 4))
    target = rng.normal(5, 2, size=(150, 4)) @ rng.normal(size=(4, 4))
    moved = adaptation.feature_coral(source, target, ridge=0.0)
    assert np.allclose(moved.mean(axis=0), target.mean(axis=0))
    assert np.allclose(np.cov(moved, rowvar=False), np.cov(target, rowvar=False))
    with pytest.raises(ValueError, match=r"\(200, 4\) and \(150, 3\)"):
        adaptation.feature_coral(source, target[:, :3])


def test_importance_weights_are_the_ratio_of_the_densities():
    rng = np.random.default_rng(0)
    source, target = rng.normal(0, 1, (4000, 1)), rng.normal(1, 1, (2000, 1))
    weights = adaptation.importance_weights(source, target, largest=1e9)
    by_hand = np.exp(source[:, 0] - 0.5)  # of two normal distributions one apart
    assert np.corrcoef(np.log(weights), np.log(by_hand))[0, 1] > 0.999
    assert np.polyfit(np.log(by_hand), np.log(weights), 1)[0] == pytest.approx(1, abs=0.15)
    capped = adaptation.importance_weights(source, target, largest=2.0)
    assert (
        capped.mean() == pytest.approx(1)
        and capped.max() / capped.min() < weights.max() / weights.min()
    )


def test_proxy_distance_is_near_zero_without_a_gap_and_two_with_a_wide_one():
    rng = np.random.default_rng(0)
    a, b = rng.normal(size=(300, 3)), rng.normal(size=(200, 3))
    accuracy, distance = validators.proxy_distance(a, b)
    assert abs(accuracy - 0.5) < 0.1 and abs(distance) < 0.4
    assert validators.proxy_distance(a, b + 20) == (1.0, 2.0)


def test_keep_classes_restricts_the_answer():
    model = network()
    fewer = surgery.keep_classes(model, np.array([2, 0]))
    full = metrics.probabilities(model, TARGET)[:, [2, 0]]
    by_hand = full / full.sum(axis=1, keepdims=True)
    assert np.allclose(metrics.probabilities(fewer, TARGET), by_hand, atol=1e-5)


def test_random_warp_moves_an_image_as_told_and_nothing_at_strength_zero():
    images = np.zeros((1, 5, 5, 1), "float32")
    images[0, 2, 3] = 1
    assert np.allclose(
        augmentation.random_warp(images, np.random.default_rng(0), strength=0.0), images
    )
    x, y = np.meshgrid(np.arange(5.0), np.arange(5.0))
    moved = augmentation._sample(
        images, x[None] + 1, y[None] + 0.5
    )  # read right of and below each pixel
    expected = np.zeros((5, 5))
    expected[1, 2] = expected[2, 2] = 0.5
    assert np.allclose(moved[0, ..., 0], expected)
    many = np.repeat(images, 50, axis=0)
    one, two = (augmentation.random_warp(many, np.random.default_rng(7)) for _ in range(2))
    assert np.array_equal(one, two) and one.std(axis=0).max() > 0.1


# Validators --------------------------------------------------------------------------


def test_validators_on_hand_made_answers():
    sure_of_all = np.eye(4)
    sure_of_one = np.eye(4)[[0, 0, 0, 0]]
    unsure = np.full((4, 4), 0.25)
    log4 = np.log(4)
    assert validators.certainty(sure_of_all) == pytest.approx(0)
    assert validators.certainty(unsure) == pytest.approx(-log4)
    assert validators.information(sure_of_all) == pytest.approx(log4)
    assert validators.information(sure_of_one) == pytest.approx(0)
    assert validators.information(unsure) == pytest.approx(0)
    assert validators.source_accuracy(sure_of_all, np.array([0, 1, 2, 0])) == 0.75


def test_neighbourhood_density_by_hand():
    answers = np.array([[1.0, 0.0], [3 / 7, 4 / 7], [0.0, 1.0]])  # of length 1: (0.6, 0.8)
    similar = np.array([[0.6, 0.0], [0.6, 0.8], [0.0, 0.8]]) / 0.5  # to the two others
    shares = np.exp(similar) / np.exp(similar).sum(axis=1, keepdims=True)
    by_hand = -(shares * np.log(shares)).sum(axis=1).mean()
    assert validators.neighbourhood_density(answers, temperature=0.5) == pytest.approx(by_hand)
    with pytest.raises(ValueError, match="at least two; got 1"):
        validators.neighbourhood_density(answers[:1])


@pytest.mark.parametrize(
    ("labels", "words"),
    [
        (np.array([[0], [1]]), "ravel"),
        (np.array([0]), "must have 2 numbers"),
        (np.array(["0", "1"]), "np.unique"),
        (np.array([0, 2]), "between 0 and 1"),
    ],
)
def test_labels_in_another_form_are_no_accuracy_of_zero(labels, words):
    with pytest.raises((TypeError, ValueError), match=words):
        validators.source_accuracy(np.eye(2), labels)
    model = keras.Sequential([keras.Input((2,)), keras.layers.Dense(2, "softmax")])
    with pytest.raises((TypeError, ValueError), match=words):
        validators.validate(model, np.eye(2), np.eye(2), labels)


@pytest.mark.parametrize("copies", [0, -1, 1.5, 10**30])
def test_copies_are_counted(copies):
    model = keras.Sequential([keras.Input((2,)), keras.layers.Dense(2, "softmax")])
    with pytest.raises(ValueError, match="copies must be a whole number from 1"):
        validators.steady_information(model, np.eye(2), copies=copies)


def test_the_gap_is_measured_on_lists_and_wants_ten_rows():
    a, b = np.arange(10.0)[:, None], np.arange(10.0)[:, None] + 1000
    assert validators.proxy_distance(a.tolist(), b.tolist()) == (1.0, 2.0)
    with pytest.raises(ValueError, match="target_features must have at least 10 rows; got 4"):
        validators.proxy_distance(a, b[:4])
    with pytest.raises(ValueError, match=r"\(n, 1\); got \(10, 2\)"):
        validators.proxy_distance(a, np.hstack([b, b]))


def test_validate_gives_all_of_them():
    model = network()
    found = validators.validate(model, TARGET, SOURCE, LABELS)
    assert list(found) == ["source accuracy", "certainty", "information", "density"]
    answers = metrics.probabilities(model, TARGET)
    assert found["information"] == pytest.approx(validators.information(answers))
    right = metrics.probabilities(model, SOURCE).argmax(axis=1) == LABELS
    assert found["source accuracy"] == pytest.approx(right.mean())


def test_steady_information_falls_when_answers_change_with_the_copy():
    model = keras.Sequential([keras.Input((2,)), keras.layers.Dense(2, "softmax")])
    model.set_weights([50 * np.eye(2), np.zeros(2)])
    points = np.eye(2, dtype="float32")
    kept = validators.steady_information(model, points, augment=lambda x, rng: x)
    assert kept == pytest.approx(np.log(2))
    swaps = iter([points, points[::-1], points, points])
    # One answer in four is the other class: log 2 minus the entropy of (3/4, 1/4).
    some = validators.steady_information(
        model, points, augment=lambda x, rng: next(swaps), copies=4
    )
    unsure = -(0.75 * np.log(0.75) + 0.25 * np.log(0.25))
    assert some == pytest.approx(np.log(2) - unsure, abs=1e-5)
    found = validators.validate(model, points, points, np.array([0, 1]), augment=lambda x, rng: x)
    assert found["steady information"] == pytest.approx(np.log(2))


def test_the_judge_changes_images_as_no_method_does():
    asked = inspect.signature(validators.steady_information).parameters["augment"].default
    for name, (function, settings) in tasks.METHODS.items():
        trained = inspect.signature(getattr(adaptation, function)).parameters.get("augment")
        given = settings.get("augment", trained.default if trained else None)
        assert asked is not given, name


def test_a_patch_is_hidden_and_nothing_else_changes():
    images = np.random.default_rng(0).uniform(0.5, 1, (40, 8, 12, 2))
    kept = images.copy()
    found = augmentation.random_erase(images, np.random.default_rng(1), side=0.5, paper=-1)
    assert found.shape == images.shape and found.dtype == np.float32
    assert np.array_equal(images, kept)
    hidden = (found == -1).all(axis=-1)
    assert np.array_equal(found[~hidden], images.astype(np.float32)[~hidden])
    corners = set()
    for patch in hidden:
        rows, columns = np.flatnonzero(patch.any(axis=1)), np.flatnonzero(patch.any(axis=0))
        assert (np.ptp(rows), np.ptp(columns)) == (3, 5) and patch.sum() == 4 * 6
        corners.add((rows[0], columns[0]))
    assert {top for top, _ in corners} == set(range(5))  # at the borders, too
    assert {left for _, left in corners} == set(range(7))
    with pytest.raises(ValueError, match="side must be a number from 0 to 1"):
        augmentation.random_erase(images, np.random.default_rng(1), side=4)
    with pytest.raises(TypeError, match="rng must be a generator"):
        augmentation.random_erase(images, 1)


# Bad input ---------------------------------------------------------------------------


def test_a_network_without_batchnorm():
    model = network(norm=False)
    with pytest.raises(ValueError, match="no BatchNormalization.*AdaBN"):
        adaptation.adabn(model, TARGET)
    with pytest.raises(ValueError, match="no BatchNormalization.*TENT"):
        adaptation.tent(model, TARGET)


@short
@pytest.mark.parametrize("name", [*WITH_SOURCE, "shot", "tent", "adabn"])
def test_a_target_of_one_class_only_is_no_error(name):
    one_class = blobs(60)[0][np.arange(60) % 3 == 0]
    adapted, _ = run(name, network(), one_class)
    assert np.isfinite(metrics.probabilities(adapted, one_class)).all()


def test_a_class_that_is_missing_from_the_source():
    some = LABELS != 2
    with pytest.raises(ValueError, match="no image of class 2.*keep_classes"):
        adaptation.deep_coral(network(), SOURCE[some], LABELS[some], TARGET, **QUICK)


def test_wrong_labels():
    with pytest.raises(ValueError, match="between 0 and 2; got 1 to 3"):
        adaptation.dann(network(), SOURCE, LABELS + 1, TARGET, **QUICK)
    wrong = {"96 numbers": LABELS[:5], "argmax": np.eye(3)[LABELS], "astype": LABELS + 0.0}
    for words, labels in wrong.items():
        with pytest.raises(ValueError, match=words):
            adaptation.source_only(network(), SOURCE, labels, **QUICK)


def test_fewer_images_than_a_batch():
    with pytest.raises(ValueError, match="target_images has 5 images.*batch of 16.*batch_size=5"):
        adaptation.deep_mmd(network(), SOURCE, LABELS, TARGET[:5], **QUICK)
    with pytest.raises(ValueError, match="source_images has 9 images"):
        adaptation.source_only(network(), SOURCE[:9], LABELS[:9], **QUICK)
    with pytest.raises(ValueError, match="batch_size must be a whole number.*2.*got 1"):
        adaptation.tent(network(), TARGET, batch_size=1)
    with pytest.raises(ValueError, match="target_images has 1 images"):
        adaptation.adabn(network(), TARGET[:1])


@pytest.mark.parametrize("name", ["adabn", "deep_coral", "shot", "tent"])
def test_source_and_target_of_different_shapes(name):
    with pytest.raises(ValueError, match=r"target_images must have the shape \(n, 4\).*\(96, 3\)"):
        run(name, network(), TARGET[:, :3])


def test_an_unknown_setting_and_no_steps():
    with pytest.raises(TypeError, match="epochs"):
        adaptation.shot(network(), TARGET, epochs=3)
    with pytest.raises(ValueError, match="steps must be a whole number.*got 0"):
        adaptation.shot(network(), TARGET, steps=0)


@short
@pytest.mark.parametrize("name", ["deep_coral", "shot", "tent"])
def test_a_loss_that_is_not_a_number_stops_and_says_where(name):
    model = network()
    model.set_weights([w * np.nan for w in model.get_weights()])
    with pytest.raises(FloatingPointError, match="nan at step 1 of .*learning_rate below 0.001"):
        run(name, model)


@pytest.mark.parametrize("name", ["adabn", "deep_coral", "shot", "tent"])
def test_one_broken_pixel_is_named_before_anything_is_done(name):
    broken = TARGET.copy()
    broken[3, 1] = np.nan
    with pytest.raises(ValueError, match="target_images has values that are not finite.* 1 of 96"):
        run(name, network(), broken)


def test_a_number_that_makes_no_sense():
    for settings in ({"learning_rate": np.nan}, {"steps": 10**30}, {"seed": -1}, {"weight": -1}):
        with pytest.raises(ValueError, match=f"{[*settings][0]} must be a"):
            run("deep_coral", network(), **settings)
    for name, settings in {
        "dann": {"hidden": 0},
        "self_training": {"rounds": 0},
        "consistency": {"threshold": 2},
    }.items():
        with pytest.raises(ValueError, match=f"{[*settings][0]} must be a"):
            run(name, network(), **settings)
    with pytest.raises(ValueError, match="share"):
        run("self_training", network(), shares=(0.5, 2))
    with pytest.raises(TypeError, match="augment must be a function; got 3"):
        run("shot", network(), augment=3)


def test_a_last_layer_that_is_no_head():
    model = keras.Sequential([keras.Input((4,)), keras.layers.Dense(3), keras.layers.ReLU()])
    with pytest.raises(ValueError, match="last layer.*is ReLU; wanted is keras.layers.Dense"):
        adaptation.shot(model, TARGET, **QUICK)
    with pytest.raises(ValueError, match=r"one output.*Dense\(2, \"softmax\"\)"):
        adaptation.adabn(nested(head=keras.layers.Dense(1, "sigmoid")), IMAGES)
    with pytest.raises(ValueError, match="activation relu. Wanted: softmax or none"):
        adaptation.deep_coral(network(head="relu"), SOURCE, LABELS, TARGET, **QUICK)


def test_code_is_shown_of_functions_only_with_or_without_a_docstring():
    assert "def network(" in code_of(network)
    with pytest.raises(TypeError, match="no code in Python to show"):
        code_of(len)
    with pytest.raises(TypeError, match="function must be a function; got 3"):
        code_of(3)


def test_how_many_pictures_go_at_once_is_bounded_by_the_largest_layer(monkeypatch):
    wide = keras.Sequential([keras.Input((8, 8, 3)), keras.layers.Conv2D(50, 1)])
    assert largest_output(wide) == 8 * 8 * 50
    network = keras.Sequential([wide, keras.layers.BatchNormalization()])
    batches = []
    monkeypatch.setattr(
        batchnorm_statistics, "run_network", lambda model, batch: batches.append(len(batch))
    )
    monkeypatch.setattr(batchnorm_statistics, "AT_ONCE", 300 * 8 * 8 * 50)
    batchnorm_statistics.take_target_statistics(network, np.zeros((600, 8, 8, 3), "float32"))
    assert batches == [300, 300]


def test_large_batches_give_the_same_statistics_step_by_step_as_traced(monkeypatch):
    """What is traced by TensorFlow holds less memory, and no other numbers."""
    images = np.random.default_rng(0).normal(size=(37, 4)).astype("float32")  # 19 and 18

    def statistics(at_once):
        monkeypatch.setattr(batchnorm_statistics, "AT_ONCE", at_once)
        model = network()
        batchnorm_statistics.take_target_statistics(model, images, 20)
        return model.get_weights()

    ran = []
    run = batchnorm_statistics.run_network
    monkeypatch.setattr(
        batchnorm_statistics, "run_network", lambda *both: (ran.append(len(both[1])), run(*both))
    )
    by_steps = statistics(20 * 8)
    assert ran == [19, 18]
    traced = statistics(20 * 8 - 1)
    assert ran == [19, 18]  # not once more: it was traced
    for one, other in zip(by_steps, traced, strict=True):
        np.testing.assert_allclose(one, other, rtol=1e-5, atol=1e-6)
    assert not np.allclose(by_steps[4], network().get_weights()[4])
