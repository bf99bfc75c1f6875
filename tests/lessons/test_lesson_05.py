"""Lesson 5: what the installed Keras does, and what learners hand in for it."""

import warnings

import nbformat
import numpy as np
import pytest
from places import NOTEBOOKS

from softmax_lab import cross_entropy, starting_tensorflow
from softmax_lab.learn.check import check
from softmax_lab.lessons.lesson_05 import exercises as five

pytestmark = pytest.mark.slow

with starting_tensorflow():
    import tensorflow as tf
    from tensorflow import keras

    tf.zeros(1)

Z0 = [[2.0, 1.0, 0.1]]
LABEL = tf.constant([0])
LESSONS = {
    path.stem[:2]: nbformat.read(path, as_version=4)
    for path in NOTEBOOKS.glob("*.ipynb")
}


# What Keras repairs. When a new Keras changes one of these, the sentence beside it
# is no longer true: change it in the lesson, then here.

softmax = keras.activations.softmax
HEADS = {
    "none": tf.identity,
    "Keras": softmax,
    "tf.nn": tf.nn.softmax,
    "copy": lambda z: tf.identity(softmax(z)),
    "twice": lambda z: softmax(softmax(z)),
}
RESCUED = "0.417, the true loss, with a warning"
BARE = "charges 0.802 without a word"
COMPILED = "Compiled, it also recognises a bare `tf.nn.softmax`"
TWICE = "Two softmaxes cost 0.802 everywhere."
SILENT = "with `from_logits=False` nobody warns"
MISSING = "takes −log(1/2.1) = 0.742"
LOGITS = "*logits out of the model, softmax in the loss.*"
COPY = "A copy has lost them,"
MATRIX = [  # head, from_logits, plain loss, compiled loss, plain and compiled warn
    ("none", False, 0.742, 0.742, False, False, MISSING),
    ("none", True, 0.417, 0.417, False, False, LOGITS),
    ("Keras", False, 0.417, 0.417, False, False, SILENT),
    ("Keras", True, 0.417, 0.417, True, True, RESCUED),
    ("tf.nn", False, 0.417, 0.417, False, False, SILENT),
    ("tf.nn", True, 0.802, 0.417, False, True, BARE),
    ("copy", False, 0.417, 0.417, False, False, COPY),
    ("copy", True, 0.802, 0.802, False, False, COPY),
    ("twice", False, 0.802, 0.802, False, False, TWICE),
    ("twice", True, 0.802, 0.802, True, True, TWICE),
]


def heard(call, *args):
    """What `call` gives, and whether Keras warned."""
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        value = call(*args)
    return value, [str(warning.message) for warning in caught]


def says(lesson, sentence):
    """Whether a lesson has this sentence, wherever its lines break."""
    words = " ".join(sentence.split())
    texts = [" ".join(cell.source.split()) for cell in LESSONS[lesson].cells]
    return any(words in text for text in texts)


@pytest.mark.parametrize("row", MATRIX, ids=lambda row: f"{row[0]}-{row[1]}")
def test_keras_repairs_what_the_lesson_says(row):
    name, flag, *expected, sentence = row
    loss = keras.losses.SparseCategoricalCrossentropy(from_logits=flag)

    def cost(z):
        return loss(LABEL, HEADS[name](z))

    found = [heard(call, tf.constant(Z0)) for call in (cost, tf.function(cost))]
    got = [round(float(value), 3) for value, _ in found]
    got += [bool(said) for _, said in found]
    assert got == expected, (
        f"Keras {keras.__version__}: change “{sentence}” in lesson 05, then this row"
    )
    assert says("05", sentence), f"lesson 05 no longer says “{sentence}”"


FACTS = {  # a sentence of a lesson: whether the installed Keras makes it true
    ("05", "the loss sticks at **16.118**, and from a gap of 17 the slope is 0"): (
        lambda: all(clipped(gap) == (16.118, 0.0) for gap in (17.0, 50.0, 104.0))
    ),
    ("05", "TensorFlow says nothing: no error, no warning."): (
        lambda: np.isnan(naive_in_tensorflow()) and heard(naive_in_tensorflow)[1] == []
    ),
    ("05", "Behind a Keras softmax, and in `fit`, it would not have been."): (
        lambda: rescued_at(104.0) == [(104.0, 1.0), (104.0, 1.0)]
    ),
    ("05", "From a Keras sigmoid, too, the logits would have been recovered."): (
        lambda: binary_at(-120.0) == 120.0
    ),
    ("05", "at a gap of 90 already, where NumPy's `float32` still holds e⁻⁹⁰"): (
        lambda: tf.nn.softmax([0.0, 90.0])[0] == 0 and np.exp(np.float32(-90)) > 0
    ),
    ("05", "the probabilities carry the logits that they were made from"): (
        lambda: np.allclose(softmax(tf.constant(Z0))._keras_logits, Z0)
    ),
    ("05", "Keras does warn here, about an axis of size 1."): (
        lambda: "axis has size 1" in heard(softmax, tf.ones((1, 1)))[1][0]
    ),
    ("05", "a bad miss is reported as 0.000. Never a warning."): (
        lambda: categorical([-2.0, 1.0, 0.1]) == (0.0, [])
    ),
    ("05", "0.438 instead of 0.417, close enough to pass"): (
        lambda: categorical([2.0, 1.0, 0.1]) == (0.438, [])
    ),
    ("05", "Whatever is above 1 counts as 1, whatever is below 0 as nearly 0"): (
        lambda: sparse([9.0, 1.0, -5.0]) == sparse([1.0, 1.0, 0.0])
    ),
}


def clipped(gap):
    loss = keras.losses.SparseCategoricalCrossentropy()
    return cost_and_slope(lambda z: loss(LABEL, tf.nn.softmax(z)), gap)


def rescued_at(gap):
    """With Keras's softmax, and with TensorFlow's in a compiled function."""
    loss = keras.losses.SparseCategoricalCrossentropy()
    return [
        cost_and_slope(lambda z: loss(LABEL, softmax(z)), gap),
        cost_and_slope(tf.function(lambda z: loss(LABEL, tf.nn.softmax(z))), gap),
    ]


def cost_and_slope(formula, gap):
    z = tf.constant([[0.0, gap]])
    with tf.GradientTape() as tape:
        tape.watch(z)
        cost = formula(z)
    return round(float(cost), 3), float(abs(tape.gradient(cost, z)).numpy().max())


def binary_at(logit):
    probs = keras.activations.sigmoid(tf.constant([[logit]]))
    return float(keras.losses.BinaryCrossentropy()(tf.constant([[1.0]]), probs))


def naive_in_tensorflow():
    weights = tf.exp([1000.0, 1.0])
    return (weights / tf.reduce_sum(weights)).numpy()[0]


def categorical(row):
    loss = keras.losses.CategoricalCrossentropy()
    cost, said = heard(loss, tf.constant([[1.0, 0.0, 0.0]]), tf.constant([row]))
    return round(float(cost), 3), said


def sparse(row):
    return float(
        keras.losses.SparseCategoricalCrossentropy()(LABEL, tf.constant([row]))
    )


@pytest.mark.parametrize("key", FACTS, ids=lambda key: key[1][:40])
def test_keras_does_what_this_sentence_says(key):
    lesson, sentence = key
    assert FACTS[key](), f"change “{sentence}” in lesson {lesson}, then this test"
    assert says(lesson, sentence), f"lesson {lesson} no longer says “{sentence}”"


def test_one_unit_with_softmax_trains_a_sigmoid_that_the_model_has_not():
    rng = np.random.default_rng(0)
    inputs = rng.normal(size=(200, 3)).astype("float32")
    labels = (inputs[:, 0] > 0).astype("float32")
    losses, outputs = {}, {}
    for activation in ("softmax", "sigmoid"):
        keras.utils.set_random_seed(0)
        head = keras.layers.Dense(1, activation=activation)
        model = keras.Sequential([keras.Input((3,)), head])
        model.compile(keras.optimizers.SGD(0.5), keras.losses.BinaryCrossentropy())
        done, _ = heard(lambda m=model: m.fit(inputs, labels, epochs=5, verbose=0))
        losses[activation] = done.history["loss"]
        outputs[activation], _ = heard(lambda m=model: m.predict(inputs, verbose=0))
    assert np.allclose(losses["softmax"], losses["sigmoid"])
    assert losses["softmax"][-1] < 0.6 * losses["softmax"][0]
    assert (outputs["softmax"] == 1).all()


# The exercises that build models


@pytest.fixture(autouse=True)
def a_learner_of_its_own(learner):
    """Answers go to a folder of this test."""


def in_two_steps():
    inputs = keras.Input((64,))
    hidden = keras.layers.Dense(16, activation="relu")(inputs)
    outputs = keras.layers.Dense(10, name="digits")(hidden)
    loss = keras.losses.SparseCategoricalCrossentropy(from_logits=True)
    return keras.Model(inputs, outputs), loss


def without_an_input():
    model = keras.Sequential([keras.layers.Dense(10, activation="softmax")])
    return model, "sparse_categorical_crossentropy"


def compiled_and_nested():
    body = keras.Sequential([keras.Input((64,)), keras.layers.Dense(10)])
    model = keras.Sequential([body, keras.layers.Activation("softmax")])
    loss = keras.losses.SparseCategoricalCrossentropy()
    model.compile("adam", loss)
    return [model, loss]


def of_tensorflow_itself():
    def loss(labels, logits):
        labels = tf.cast(tf.reshape(labels, [-1]), tf.int32)
        return tf.nn.sparse_softmax_cross_entropy_with_logits(labels, logits)

    return five.digit_classifier()[0], loss


def with_dropout():
    layers = [keras.Input((64,)), keras.layers.Dropout(0.5), keras.layers.Dense(10)]
    loss = keras.losses.SparseCategoricalCrossentropy(from_logits=True)
    return keras.Sequential(layers), loss


def two_units():
    model = keras.Sequential([keras.Input((64,)), keras.layers.Dense(2)])
    return model, keras.losses.SparseCategoricalCrossentropy(from_logits=True)


def ending_in_a_sigmoid():
    head = keras.layers.Dense(1, activation="sigmoid")
    return keras.Sequential([keras.Input((64,)), head]), "binary_crossentropy"


def hidden_layers():
    layers = [keras.Input((64,)), keras.layers.Dense(8, activation="relu")]
    model = keras.Sequential([*layers, keras.layers.Dense(1)])
    return model, keras.losses.BinaryCrossentropy(from_logits=True)


def functional_server(model):
    inputs = keras.Input(model.input_shape[1:])
    return keras.Model(inputs, keras.activations.softmax(model(inputs)))


def server_in_place_of_a_layer(model):
    return keras.Sequential([*model.layers, keras.layers.Activation("softmax")])


def plain_function(model):
    return lambda inputs: tf.nn.softmax(model(inputs), axis=-1)


RIGHT = {
    "missing softmax": [
        in_two_steps,
        without_an_input,
        compiled_and_nested,
        of_tensorflow_itself,
        with_dropout,
    ],
    "two softmaxes": [without_an_input, compiled_and_nested, five.probability_model],
    "one unit": [two_units, ending_in_a_sigmoid, hidden_layers],
    "server": [functional_server, server_in_place_of_a_layer, plain_function],
}
RIGHT_ANSWERS = [(name, answer) for name, some in RIGHT.items() for answer in some]


@pytest.mark.parametrize(("name", "answer"), RIGHT_ANSWERS)
def test_a_right_model_in_another_style_is_accepted(name, answer):
    result = check(name, answer)
    assert result.state == "right", repr(result)


def adds_to_the_given_model(model):
    model.add(keras.layers.Softmax())
    return model


def another_model(model):
    dense = keras.layers.Dense(model.output_shape[1], kernel_initializer="identity")
    return keras.Sequential([dense, keras.layers.Softmax()])


def no_bias():
    dense = keras.layers.Dense(10, use_bias=False)
    model = keras.Sequential([keras.Input((64,)), dense])
    return model, keras.losses.SparseCategoricalCrossentropy(from_logits=True)


def no_dense():
    return keras.Sequential([keras.Input((64,)), keras.layers.Softmax()]), "mse"


WRONG = [  # exercise, answer, what the learner reads
    ("missing softmax", lambda: five.digit_classifier()[0], "return two things"),
    ("missing softmax", lambda: ("model", "loss"), "should be a Keras model"),
    ("missing softmax", lambda: five.spam_filter(), "should put out 10 numbers, not 1"),
    ("missing softmax", no_bias, "needs its bias"),
    ("missing softmax", no_dense, "no Dense layer"),
    ("missing softmax", five.classifier(from_logit=True), "from_logit"),
    ("one unit", five.filter_of("softmax", 2), "two units and another loss"),
    ("one unit", lambda: (five.spam_filter()[0], "mse"), "takes squared error"),
    (
        "one unit",
        lambda: (five.spam_filter()[0], "sparse_categorical_crossentropy"),
        "class 0 alone",
    ),
    ("two softmaxes", in_two_steps, "puts out logits"),
    ("one unit", five.digit_classifier, "should put out 1 numbers, not 10"),
    ("server", adds_to_the_given_model, "still puts out logits"),
    ("server", another_model, "uses the weights of the model"),
    ("server", lambda model: 7, "return a Keras model, not int"),
]


@pytest.mark.parametrize(("name", "answer", "told"), WRONG)
def test_a_wrong_model_is_refused_in_a_sentence(name, answer, told):
    result = check(name, answer)
    assert result.state in ("wrong", "raised")
    assert told in repr(result)


@pytest.mark.parametrize(
    "name", ["leaves softmax out", "needs Keras to find the logits"]
)
def test_a_hidden_layer_does_not_hide_the_mistake(name):
    activation = {"leaves softmax out": None}.get(name, "softmax")

    def build():
        hidden = keras.layers.Dense(12, activation="relu")
        head = keras.layers.Dense(10, activation=activation)
        model = keras.Sequential([keras.Input((64,)), hidden, head])
        flag = activation == "softmax"
        return model, keras.losses.SparseCategoricalCrossentropy(from_logits=flag)

    assert check("missing softmax", build).mistake == name


@pytest.mark.parametrize("row", five.DIGIT_ROWS)
def test_the_loss_that_is_checked_is_the_cross_entropy_of_the_logits(row):
    logits, label = row
    wanted = cross_entropy(np.array(logits), label)
    assert five.loss_at(five.digit_classifier, logits, label) == pytest.approx(wanted)
    loss, share = five.loss_and_share(five.probability_model, logits, label)
    assert loss == pytest.approx(wanted, abs=1e-5)
    assert -np.log(share) == pytest.approx(wanted, abs=1e-5)


@pytest.mark.filterwarnings("ignore:.*from_logits=True")
def test_the_lesson_shows_the_test_that_the_checks_use():
    (cell,) = [c for c in LESSONS["05"].cells if c.id == "before-numbers"]
    names = {"np": np, "keras": keras}
    exec(cell.source[: cell.source.index("def variant")], names)
    builders = [five.digit_classifier, five.classifier(), five.classifier("Softmax")]
    builders += [five.classifier(activation="softmax", from_logits=True)]
    for build in builders:
        for logits, label in five.DIGIT_ROWS:
            theirs = names["loss_at"](build, logits, label)
            assert theirs == pytest.approx(five.loss_at(build, logits, label), abs=1e-3)
    one = names["loss_at"](five.spam_filter, [1.5], 1)
    assert one == pytest.approx(np.log1p(np.exp(-1.5)), abs=1e-3)
