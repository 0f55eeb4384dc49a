"""Domain adaptation: its losses, methods and validators, against hand-made expectations."""

import functools
import inspect

import keras
import numpy as np
import pytest

from tlhelpers.networks import surgery
from tlhelpers.teaching.source_code import code_of
from tlhelpers.transfer import adaptation, augmentation, metrics, validators
from tlhelpers.transfer.adaptation.batchnorm_statistics import batchnorm_layers

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


# Single methods ----------------------------------------------------------------------


def test_adabn_takes_the_moments_that_numpy_finds():
    model, rng = network(), np.random.default_rng(0)
    model.set_weights([w + 0.1 * rng.random(w.shape) for w in model.get_weights()])
    adapted, history = adaptation.adabn(model, TARGET, batch_size=7)
    w1, b1, gamma, beta, *_ = model.get_weights()
    arriving = TARGET @ w1 + b1
    first, second = batchnorm_layers(adapted)
    assert np.allclose(first.moving_mean, arriving.mean(axis=0), atol=1e-4)
    assert np.allclose(first.moving_variance, arriving.var(axis=0), rtol=1e-4)
    # The second layer must see what comes out of the first after its change.
    scaled = (arriving - arriving.mean(axis=0)) / np.sqrt(arriving.var(axis=0) + first.epsilon)
    w2, b2 = model.layers[3].get_weights()
    later = np.maximum(scaled * gamma + beta, 0) @ w2 + b2
    assert np.allclose(second.moving_mean, later.mean(axis=0), atol=1e-4)
    assert np.allclose(second.moving_variance, later.var(axis=0), rtol=1e-3)
    assert len(history["shift"]) == 2 and history["shift"][0] > 0


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
    answers = np.array([[1.0, 0.0], [0.6, 0.8], [0.0, 1.0]])  # already of length 1
    similar = np.array([[0.6, 0.0], [0.6, 0.8], [0.0, 0.8]]) / 0.5  # to the two others
    shares = np.exp(similar) / np.exp(similar).sum(axis=1, keepdims=True)
    by_hand = -(shares * np.log(shares)).sum(axis=1).mean()
    assert validators.neighbourhood_density(answers, temperature=0.5) == pytest.approx(by_hand)
    with pytest.raises(ValueError, match="at least two; got 1"):
        validators.neighbourhood_density(answers[:1])


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
    for labels in (LABELS[:5], np.eye(3)[LABELS], LABELS.astype(float)):
        with pytest.raises(ValueError, match="96 whole numbers"):
            adaptation.source_only(network(), SOURCE, labels, **QUICK)


def test_fewer_images_than_a_batch():
    with pytest.raises(ValueError, match="target_images has 5 images.*batch of 16.*batch_size=5"):
        adaptation.deep_mmd(network(), SOURCE, LABELS, TARGET[:5], **QUICK)
    with pytest.raises(ValueError, match="source_images has 9 images"):
        adaptation.source_only(network(), SOURCE[:9], LABELS[:9], **QUICK)
    with pytest.raises(ValueError, match="batch_size must be at least 2.*got 1"):
        adaptation.tent(network(), TARGET, batch_size=1)
    with pytest.raises(ValueError, match="target_images has 1 images"):
        adaptation.adabn(network(), TARGET[:1])


@pytest.mark.parametrize("name", ["adabn", "deep_coral", "shot", "tent"])
def test_source_and_target_of_different_shapes(name):
    with pytest.raises(ValueError, match=r"target_images has images of shape \(3,\).*wants \(4,\)"):
        run(name, network(), TARGET[:, :3])


def test_an_unknown_setting_and_no_steps():
    with pytest.raises(TypeError, match="epochs"):
        adaptation.shot(network(), TARGET, epochs=3)
    with pytest.raises(ValueError, match="steps must be at least 1; got 0"):
        adaptation.shot(network(), TARGET, steps=0)


@short
@pytest.mark.parametrize("name", ["deep_coral", "shot", "tent"])
def test_a_loss_that_is_not_a_number_stops_and_says_where(name):
    broken = TARGET.copy()
    broken[:] = np.nan
    with pytest.raises(FloatingPointError, match="nan at step 1 of .*learning_rate below 0.001"):
        run(name, network(), broken)


def test_a_last_layer_that_is_no_head():
    model = keras.Sequential([keras.Input((4,)), keras.layers.Dense(3), keras.layers.ReLU()])
    with pytest.raises(ValueError, match="last layer.*is ReLU.*Wanted: keras.layers.Dense"):
        adaptation.shot(model, TARGET, **QUICK)
