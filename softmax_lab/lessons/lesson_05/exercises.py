"""The exercises of lesson 5: heads, losses, and a test that finds what is missing.

Keras comes when a model is first asked for: nobody else is to wait for it.
"""

import numpy as np

from softmax_lab.lessons.exercise import Exercise, Mistake


def softmax(logits):
    weights = np.exp(logits - logits.max(axis=-1, keepdims=True))
    return weights / weights.sum(axis=-1, keepdims=True)


# How a model is judged without training it


class ModelError(ValueError):
    """What an answer returns cannot be tested."""


class OneClassError(ModelError):
    """A loss asks for one of several classes, and there is one."""


def start_keras():
    global keras
    import keras


def judged(build, logits, label):
    """What `build()`, a model and its loss, makes of a row of `logits`: the loss of
    a copy of its outputs, the loss of the outputs themselves, and the copy.

    The last Dense layer gets weights 0 and the logits as its bias, so it puts
    out these logits whatever the input is. Behind the outputs themselves Keras
    finds the logits again; a copy is taken at its word.
    """
    start_keras()
    built = build()
    if built is None:
        return None
    model, loss = model_and_loss(built)
    image = np.zeros((1, 64), "float32")
    model(image)  # makes the weights, if no Input did
    put_out(last_dense(model), logits)
    outputs, loss = model(image), keras.losses.get(loss)
    copy = np.array(outputs)
    if copy.shape[1] == 1 and "sparse" in getattr(loss, "name", str(loss)):
        raise OneClassError("one unit is class 0 alone: there is no class 1")
    labels = np.array([label], "float32").reshape(1, *[1] * (copy.shape[1] == 1))
    return np.mean(loss(labels, copy)), np.mean(loss(labels, outputs)), copy[0]


def loss_at(build, logits, label):
    """The loss of a row of logits, from a copy of the outputs."""
    found = judged(build, logits, label)
    return found and found[0]


def both_losses(build, logits, label):
    """The loss of a copy of the outputs, and of the outputs themselves."""
    found = judged(build, logits, label)
    return found and np.array(found[:2])


def loss_and_share(build, logits, label):
    """The loss of a copy of the outputs, and the output for the true class."""
    found = judged(build, logits, label)
    return found and np.array([found[0], found[2][label]])


def model_and_loss(built):
    """Take apart what an answer returns."""
    if not isinstance(built, (tuple, list)) or len(built) != 2:
        raise ModelError(
            "return two things, the model and its loss: return model, loss"
        )
    if not hasattr(built[0], "layers"):
        raise ModelError(f"the first should be a Keras model, not {built[0]!r:.60}")
    return built


def last_dense(model):
    """Return the last layer of a model that has weights; models may be nested."""
    layers = list(model.layers)
    while layers:
        layer = layers.pop()
        layers += getattr(layer, "layers", [])
        if hasattr(layer, "kernel"):
            return layer
    raise ModelError("there is no Dense layer in the model")


def put_out(dense, logits):
    """Make a layer put out these logits; two units stand for one beside a 0."""
    if dense.bias is None:
        raise ModelError("the last Dense layer needs its bias to be tested")
    logits = [0.0, *logits] if len(logits) == 1 and dense.units == 2 else logits
    if len(logits) != dense.units:
        raise ModelError(
            f"the last Dense layer should put out {len(logits)} numbers, not {dense.units}"
        )
    dense.set_weights([np.zeros(dense.kernel.shape), np.array(logits)])


# 1. The test that finds a missing softmax


def are_probabilities(outputs):
    inside = (outputs >= 0).all() and (outputs <= 1).all()
    return bool(inside and np.allclose(outputs.sum(axis=-1), 1, atol=1e-3))


def sums_alone(outputs):
    return bool(np.allclose(outputs.sum(axis=-1), 1, atol=1e-3))


def range_alone(outputs):
    return bool((outputs >= 0).all() and (outputs <= 1).all())


def positive_and_sums(outputs):
    return bool((outputs > 0).all()) and sums_alone(outputs)


def sums_exactly(outputs):
    return bool((outputs >= 0).all() and (outputs.sum(axis=-1) == 1).all())


def sums_of_columns(outputs):
    return bool(range_alone(outputs) and np.allclose(outputs.sum(axis=0), 1, atol=1e-3))


def mean_of_the_sums(outputs):
    return bool(range_alone(outputs) and abs(outputs.sum(axis=-1).mean() - 1) < 1e-3)


def first_row_alone(outputs):
    return are_probabilities(outputs[:1])


def any_row_will_do(outputs):
    right = np.isclose(outputs.sum(axis=-1), 1, atol=1e-3)
    return bool(range_alone(outputs) and right.any())


def one_truth_a_row(outputs):
    return np.isclose(outputs.sum(axis=-1), 1, atol=1e-3)


def sum_of_everything(outputs):
    return bool(range_alone(outputs) and np.isclose(outputs.sum(), 1, atol=1e-3))


def says_when_something_is_wrong(outputs):
    return not are_probabilities(outputs)


SHARES = np.array([[0.659, 0.242, 0.099], [0.1, 0.8, 0.1]])
EXPERIMENT = "my_probability_test(np.array({})), which should be {}"

PROBABILITY_TEST = Exercise(
    name="probability test",
    reference=are_probabilities,
    inputs=[
        (SHARES,),
        (np.array([[2.0, 1.0, 0.1], [0.0, 3.0, 1.0]]),),  # logits
        (np.array([[2.0, 1.0, -2.0], [0.5, 0.5, 0.0]]),),  # logits that sum to 1
        (np.array([[0.5, 0.5, 0.0], [0.0, 0.0, 1.0]]),),  # a 0 is allowed
        (np.array([[0.9, 0.9, 0.1], [0.2, 0.1, 0.9]]),),  # sigmoids
        (np.array([[0.9, 0.1, 0.7], [0.1, 0.9, 0.3]]),),  # columns sum to 1
        (np.array([[0.7, 0.5, 0.2], [0.3, 0.2, 0.1]]),),  # rows do so on average
        (np.array([[0.5, 0.3, 0.2], [0.9, 0.9, 0.9]]),),  # the first row does
        (np.array([[0.1, 0.2, 0.1], [0.2, 0.3, 0.1]]),),  # all of it does
        (np.array([[0.9, 0.9, 0.9], [0.5, 0.3, 0.2]]),),  # the last row does
        (np.array([[0.7, 0.2, 0.1]]),),  # a sum that is rounded
        (np.array([[np.nan, np.nan, np.nan], [0.5, 0.3, 0.2]]),),
    ],
    properties={
        "it stays true for the softmax of any row": lambda test: all(
            test(softmax(np.random.default_rng(k).normal(0, 9, (4, k + 2))))
            for k in range(9)
        ),
        "it finds a single bad row among a hundred": lambda test: (
            not test(np.vstack([np.full((99, 4), 0.25), [[0.3, 0.3, 0.3, 0.3]]]))
        ),
    },
    mistakes=[
        Mistake(
            "looks at the sums alone",
            sums_alone,
            "Logits can sum to 1 by chance, as [2, 1, -2] does. A probability is also "
            "never below 0.",
            EXPERIMENT.format("[[2.0, 1.0, -2.0]]", "False"),
        ),
        Mistake(
            "looks at the range alone",
            range_alone,
            "Sigmoids lie between 0 and 1 as well, each by itself. What softmax shares "
            "out is 1 for each row.",
            EXPERIMENT.format("[[0.9, 0.9, 0.1]]", "False"),
        ),
        Mistake(
            "refuses a probability of 0",
            positive_and_sums,
            "On paper softmax never gives 0, in float32 it does, as soon as a class is "
            "far enough behind. Such a row is no bug.",
            EXPERIMENT.format("[[0.0, 0.0, 1.0]]", "True"),
        ),
        Mistake(
            "expects sums of exactly 1",
            sums_exactly,
            "Sums of floats are rounded: 0.7 + 0.2 + 0.1 misses 1 in the last digit. "
            "Allow for a little, with np.allclose.",
            EXPERIMENT.format("[[0.7, 0.2, 0.1]]", "True"),
        ),
        Mistake(
            "gives a truth for every row",
            one_truth_a_row,
            "np.isclose compares row by row. The test asks for one truth: whether all "
            "rows pass. np.allclose gives it.",
            EXPERIMENT.format("[[0.5, 0.3, 0.2], [0.5, 0.3, 0.2]]", "True"),
        ),
        Mistake(
            "adds up the columns",
            sums_of_columns,
            "Each column is a class, each row an example. A row shares out 1 among the "
            "classes: sum along the last axis.",
            EXPERIMENT.format("[[0.9, 0.1, 0.7], [0.1, 0.9, 0.3]]", "False"),
        ),
        Mistake(
            "averages over the rows",
            mean_of_the_sums,
            "Sums of 1.4 and 0.6 average to 1, and neither row is right. Every single "
            "row has to pass.",
            EXPERIMENT.format("[[0.7, 0.5, 0.2], [0.3, 0.2, 0.1]]", "False"),
        ),
        Mistake(
            "looks at the first row alone",
            first_row_alone,
            "The first row may be fine and the second not. Every row has to pass.",
            EXPERIMENT.format("[[0.5, 0.3, 0.2], [0.9, 0.9, 0.9]]", "False"),
        ),
        Mistake(
            "is content with one good row",
            any_row_will_do,
            "One row that sums to 1 proves nothing about the others: all() instead of "
            "any().",
            EXPERIMENT.format("[[0.5, 0.3, 0.2], [0.9, 0.9, 0.9]]", "False"),
        ),
        Mistake(
            "adds up everything",
            sum_of_everything,
            "Each row has its own 1 to share out, so a batch of N rows sums to N. Sum "
            "along the last axis.",
            EXPERIMENT.format("[[0.5, 0.5, 0.0], [0.0, 0.0, 1.0]]", "True"),
        ),
        Mistake(
            "says True when something is wrong",
            says_when_something_is_wrong,
            "The other way round: True means that the outputs pass.",
            EXPERIMENT.format("[[0.5, 0.3, 0.2]]", "True"),
        ),
    ],
    hints=[
        "What do all rows of probabilities have in common, and no row of logits? There "
        "are two things to look at.",
        "Every number lies between 0 and 1, and every row sums to 1. Both, for all rows.",
        "np.allclose compares with 1 and allows for rounding; .all() says whether "
        "something holds for every entry. Join the two with and.",
    ],
    reason="Probabilities lie between 0 and 1 and sum to 1 in each row, up to rounding. "
    "Logits do so only by chance, and a test on accuracy would never notice.",
)


# 2. to 4. Three broken models


TEN = [3.0, 1.0, 0.2, -1.0, 0.0, -2.5, 2.0, -0.5, 1.5, -3.0]
DIGIT_ROWS = [(TEN, 0), (TEN, 1), (TEN, 9), ([0.0] * 10, 4), (TEN[::-1], 7)]
MAIL_ROWS = [([1.5], 1), ([1.5], 0), ([0.0], 1), ([-4.0], 1), ([-4.0], 0)]


def digit_classifier():
    model = keras.Sequential([keras.Input((64,)), keras.layers.Dense(10)])
    return model, keras.losses.SparseCategoricalCrossentropy(from_logits=True)


def classifier(*after, activation=None, **flag):
    """What learners write: one Dense layer, some layers after it, and a flag."""

    def build():
        dense = keras.layers.Dense(10, activation=activation)
        layers = [getattr(keras.layers, name)() for name in after]
        model = keras.Sequential([keras.Input((64,)), dense, *layers])
        return model, keras.losses.SparseCategoricalCrossentropy(**flag)

    return build


def one_hot_loss():
    model, _ = digit_classifier()
    return model, keras.losses.CategoricalCrossentropy(from_logits=True)


def ten_yes_or_no():
    model, _ = digit_classifier()
    return model, keras.losses.BinaryCrossentropy(from_logits=True)


def squared_error():
    model, _ = digit_classifier()
    return model, keras.losses.MeanSquaredError()


LOSS_AT = "loss_at({}, {}, {}), which should be {}"
AT_TEN = LOSS_AT.format("my_classifier", "range(10)", 9, 0.459)

CLASSIFIER_MISTAKES = [
    Mistake(
        "leaves softmax out",
        classifier(),
        "The model puts out logits, and the loss still takes them for probabilities: "
        "anything above 1 counts as 1, anything below 0 as 0. Let Dense end in softmax, or "
        "tell the loss from_logits=True.",
        AT_TEN,
    ),
    *[
        Mistake(
            "applies softmax twice",
            wrong,
            "One softmax in the model is enough, and none is needed if the loss is "
            "told from_logits=True. As it is, the second takes probabilities for logits.",
            AT_TEN,
        )
        for wrong in (
            classifier("Softmax", activation="softmax"),
            classifier("Softmax", "Softmax"),
        )
    ],
    *[
        Mistake(
            "needs Keras to find the logits",
            wrong,
            "Softmax is in the model, and the loss is told that it is not. While Keras "
            "sees the original output, it goes back to the logits and warns; a copy is "
            "taken at its word. Say one of the two, not both.",
            AT_TEN,
        )
        for wrong in (
            classifier(activation="softmax", from_logits=True),
            classifier("Softmax", from_logits=True),
        )
    ],
    *[
        Mistake(
            "applies softmax three times",
            wrong,
            "Two softmaxes in the model, and a third in the loss. One is enough.",
            AT_TEN,
        )
        for wrong in (
            classifier("Softmax", activation="softmax", from_logits=True),
            classifier("Softmax", "Softmax", from_logits=True),
        )
    ],
    *[
        Mistake(
            "puts sigmoids where one class is right",
            wrong,
            "Ten sigmoids answer ten questions, and they do not share out 1. A digit is "
            "one of ten classes: softmax.",
            AT_TEN,
        )
        for wrong in (
            classifier(activation="sigmoid"),
            classifier(activation="sigmoid", from_logits=True),
        )
    ],
    Mistake(
        "asks for one-hot labels",
        one_hot_loss,
        "Here a label is a class number, such as 7. CategoricalCrossentropy wants a row "
        "with a single 1; SparseCategoricalCrossentropy takes the number.",
        AT_TEN,
    ),
]

HINTS_AFTER_DENSE = [
    "Follow the row from Dense to the loss. How often does softmax act on it, and what "
    "does the loss expect?",
    "Softmax has to act exactly once: in the model, or in the loss. In the loss is more "
    "exact.",
    "Leave the model with bare logits, and tell the loss so with its argument "
    "from_logits.",
]
ONCE = (
    "Softmax acts once, inside the loss, which never forms a probability and so cannot "
    "round one to 0. The model keeps its logits for whoever needs them."
)

MISSING_SOFTMAX = Exercise(
    name="missing softmax",
    reference=digit_classifier,
    call=both_losses,
    inputs=DIGIT_ROWS,
    mistakes=CLASSIFIER_MISTAKES,
    hints=HINTS_AFTER_DENSE,
    reason=ONCE,
)


def probability_model():
    head = keras.layers.Dense(10, activation="softmax")
    model = keras.Sequential([keras.Input((64,)), head])
    return model, keras.losses.SparseCategoricalCrossentropy()


KEEPS_LOGITS = Mistake(
    "puts out logits",
    digit_classifier,
    "The loss is right, but whoever calls the model gets logits. Here one softmax has "
    "to stay in the model, and the loss has to know that it is there.",
    "my_reporter()[0](np.zeros((1, 64))).numpy().sum().round(3), which should be 1",
)

ONE_IN_THE_MODEL = (
    "Here the model itself must end in exactly one softmax, and the loss must not be "
    "told from_logits=True."
)
HERE = {  # what to say of them where the model is to put out probabilities
    "leaves softmax out": "The model puts out logits, and the loss takes them for "
    "probabilities. " + ONE_IN_THE_MODEL,
    "applies softmax twice": "The second softmax takes probabilities for logits. "
    + ONE_IN_THE_MODEL,
    "needs Keras to find the logits": "Softmax is in the model, and the loss is told "
    "that it is not: a copy of the outputs is taken at its word. " + ONE_IN_THE_MODEL,
}

TWO_SOFTMAXES = Exercise(
    name="two softmaxes",
    reference=probability_model,
    call=loss_and_share,
    inputs=DIGIT_ROWS,
    mistakes=[
        KEEPS_LOGITS,
        *[
            m._replace(
                experiment=m.experiment.replace("my_classifier", "my_reporter"),
                message=HERE.get(m.name, m.message),
            )
            for m in CLASSIFIER_MISTAKES
        ],
    ],
    hints=[
        "Count the softmaxes between the logits and the loss.",
        "One of the two is too many. The other has to stay, as the model is to put out "
        "probabilities.",
        "Then the loss gets probabilities, which is what it expects unless it is told "
        "otherwise.",
    ],
    reason="One softmax in the model, and a loss that expects probabilities. In training "
    "Keras finds the logits behind this softmax, so nothing is lost; on a copy it has to "
    "take the probabilities as they are.",
)


def spam_filter():
    model = keras.Sequential([keras.Input((64,)), keras.layers.Dense(1)])
    return model, keras.losses.BinaryCrossentropy(from_logits=True)


def filter_of(activation=None, units=1, loss="BinaryCrossentropy", **flag):
    """What learners write for two classes."""

    def build():
        dense = keras.layers.Dense(units, activation=activation)
        model = keras.Sequential([keras.Input((64,)), dense])
        return model, getattr(keras.losses, loss)(**flag)

    return build


AT_ONE = LOSS_AT.format("my_filter", [1.5], 1, 0.201)

ONE_UNIT = Exercise(
    name="one unit",
    reference=spam_filter,
    call=both_losses,
    inputs=MAIL_ROWS,
    mistakes=[
        *[
            Mistake(
                "shares out 1 among one class",
                wrong,
                "Softmax over a single unit is 1, whatever the logit is. One unit calls "
                "for a sigmoid.",
                AT_ONE,
            )
            for wrong in (
                filter_of("softmax"),
                filter_of("softmax", from_logits=True),
                filter_of("softmax", loss="MeanSquaredError"),
            )
        ],
        Mistake(
            "leaves the sigmoid out",
            filter_of(),
            "The model puts out a logit, and the loss takes it for a probability. Say "
            "from_logits=True, or let Dense end in a sigmoid.",
            AT_ONE,
        ),
        Mistake(
            "needs Keras to find the logits",
            filter_of("sigmoid", from_logits=True),
            "The sigmoid is in the model, and the loss is told that it is not. While "
            "Keras sees the original output, it goes back to the logits and warns; a copy "
            "is taken at its word. Say one of the two, not both.",
            AT_ONE,
        ),
        Mistake(
            "asks which of one class it is",
            filter_of(loss="SparseCategoricalCrossentropy", from_logits=True),
            "The sparse loss asks which of several classes it is, and a single unit is "
            "class 0 alone. Take the binary loss, or two units.",
            AT_ONE,
        ),
        *[
            Mistake(
                "takes squared error",
                wrong,
                "Squared error goes flat where a sigmoid is surely wrong, as in lesson 4. "
                "Take the binary cross-entropy.",
                AT_ONE,
            )
            for wrong in (
                filter_of("sigmoid", loss="MeanSquaredError"),
                filter_of(loss="MeanSquaredError"),
            )
        ],
        *[
            Mistake(
                "has two units and another loss",
                wrong,
                "With two units the label is a class number, 0 or 1: take the sparse "
                "loss. The binary loss wants a single unit.",
                AT_ONE,
            )
            for wrong in (
                filter_of("softmax", 2),
                filter_of("softmax", 2, "CategoricalCrossentropy"),
            )
        ],
        Mistake(
            "cuts the logits off",
            filter_of("relu", from_logits=True),
            "A relu lets no negative logit through, so the filter can never say that a "
            "mail is probably no spam. Leave the logits as they are.",
            LOSS_AT.format("my_filter", [-4.0], 0, 0.018),
        ),
    ],
    hints=[
        "Among how many classes does softmax share out 1 here?",
        "For a question of yes or no, take one unit with a sigmoid, or two units with "
        "softmax. The sigmoid may sit in the loss.",
        "Leave Dense with one unit and no activation; the binary loss has an argument "
        "from_logits too.",
    ],
    reason="One logit is enough for yes or no: its sigmoid is the first probability of "
    "softmax over that logit and a 0. The loss applies it, from the logits.",
)


# 5. Which head, which loss?


def heads_are_right(digit, tags, mail, opinion):
    right = [{(10, "sparse")}, {(4, "binary")}]
    right += [{(1, "binary"), (2, "sparse")}, {(3, "categorical")}]
    given = map(head, (digit, tags, mail, opinion))
    return all(g in options for g, options in zip(given, right, strict=True))


def head(answer):
    """Return (units, loss) of an answer such as (10, "sparse")."""
    try:
        units, loss = answer
        units, loss = int(units), str(loss).lower()
    except (TypeError, ValueError):
        units, loss = 0, ""
    if units < 1 or loss not in ("sparse", "categorical", "binary"):
        raise ValueError(
            f"{answer!r}: give units and a loss, such as (10, 'sparse'); the losses are "
            "'sparse', 'categorical' and 'binary'"
        )
    return units, loss


DIGIT, TAGS, MAIL, OPINION = (
    (10, "sparse"),
    (4, "binary"),
    (1, "binary"),
    (3, "categorical"),
)

HEADS = Exercise(
    name="heads",
    reference=(DIGIT, TAGS, MAIL, OPINION),
    accepts=heads_are_right,
    mistakes=[
        Mistake(
            "shares out 1 among one class",
            (DIGIT, TAGS, (1, "sparse"), OPINION),
            "The mail: softmax over one unit is always 1. One unit calls for the binary "
            "loss, softmax for two units.",
            "keras.activations.softmax(tf.constant([[3.7]]))",
            lambda digit, tags, mail, opinion: (
                head(mail) in {(1, "sparse"), (1, "categorical")}
            ),
        ),
        Mistake(
            "lets the animals compete",
            (DIGIT, (4, "categorical"), MAIL, OPINION),
            "The photo: a cat and a dog can both be there, or nobody. Softmax shares out "
            "1 among the four, so two that are there get a half each. Ask four questions "
            "of yes or no.",
            "softmax([8.0, 8.0, -2.0, -2.0])",
            lambda digit, tags, mail, opinion: head(tags)[1] != "binary",
        ),
        Mistake(
            "asks for one-hot labels",
            ((10, "categorical"), TAGS, MAIL, OPINION),
            "The digit: its label is a class number, such as 7. That is the sparse "
            "spelling; it is the same loss.",
            "np.eye(10)[7]",
            lambda digit, tags, mail, opinion: head(digit)[1] == "categorical",
        ),
        Mistake(
            "asks for class numbers",
            (DIGIT, TAGS, MAIL, (3, "sparse")),
            "The opinions: a label is a row of shares, such as [0.5, 0.4, 0.1]. No class "
            "number can say that; the sparse spelling is for a single true class.",
            "np.argmax([0.5, 0.4, 0.1])",
            lambda digit, tags, mail, opinion: head(opinion)[1] == "sparse",
        ),
        Mistake(
            "puts sigmoids where one class is right",
            ((10, "binary"), TAGS, MAIL, OPINION),
            "The digit and the opinions: what is given to one class is taken from the "
            "others, so they need softmax. Sigmoids do not share anything out.",
            "1 / (1 + np.exp(-np.array([2.0, 1.0, 0.1]))).sum()",
            lambda digit, tags, mail, opinion: (
                "binary" in {head(digit)[1], head(opinion)[1]}
            ),
        ),
        Mistake(
            "has another number of units than of classes",
            ((1, "sparse"), TAGS, MAIL, OPINION),
            "A head has a unit for each class: ten digits, four animals, three "
            "readings. Only yes or no can do with one.",
            "len(['1', '6', 'other'])",
            lambda digit, tags, mail, opinion: (
                [head(digit)[0], head(tags)[0], head(opinion)[0]] != [10, 4, 3]
                or head(mail)[0] > 2
            ),
        ),
        Mistake(
            "has two units for one yes or no",
            (DIGIT, TAGS, (2, "binary"), OPINION),
            "The mail: two units with the binary loss are two questions. For one, take a "
            "single unit, or two units with the sparse loss.",
            "1 / (1 + np.exp(-np.array([3.0, 2.0])))",
            lambda digit, tags, mail, opinion: head(mail) in {(2, "binary")},
        ),
        Mistake(
            "asks for one-hot labels of two classes",
            (DIGIT, TAGS, (2, "categorical"), OPINION),
            "The mail: its label is 0 or 1, a class number. With two units that is the "
            "sparse spelling.",
            "np.eye(2)[1]",
            lambda digit, tags, mail, opinion: head(mail) == (2, "categorical"),
        ),
    ],
    hints=[
        "First ask of each task: is exactly one class true, or may several be? Only in "
        "the first case do they share out 1.",
        "Several at once, and yes or no: binary, one unit for each question. One of "
        "many: softmax, one unit for each class.",
        "Then look at the labels: a class number is sparse, a row that sums to 1 is "
        "categorical.",
    ],
    reason="Who shares out 1 decides the head; how the truth is written decides between "
    "sparse and categorical.",
)


# 6. Serve probabilities


def served(answer, logits):
    """What `answer(model)` puts out, for a model whose logits are its inputs."""
    start_keras()
    server = answer(identity_model(np.shape(logits)[1]))
    if server is None:
        return None
    if not callable(server):
        raise ModelError(f"return a Keras model, not {type(server).__name__}")
    return np.array(server(np.asarray(logits, "float32")))


def identity_model(num_classes):
    dense = keras.layers.Dense(num_classes)
    model = keras.Sequential([keras.Input((num_classes,)), dense])
    dense.set_weights([np.eye(num_classes), np.zeros(num_classes)])
    return model


def server(model):
    return keras.Sequential([model, keras.layers.Softmax()])


def model_itself(model):
    return model


def softmax_twice(model):
    return keras.Sequential([model, keras.layers.Softmax(), keras.layers.Softmax()])


def softmax_over_the_batch(model):
    return keras.Sequential([model, keras.layers.Softmax(axis=0)])


def sigmoids(model):
    return keras.Sequential([model, keras.layers.Activation("sigmoid")])


def log_probabilities(model):
    return keras.Sequential([model, keras.layers.Activation("log_softmax")])


def softmax_alone(model):
    return keras.Sequential([keras.layers.Softmax()])


def cut_off(model):
    return keras.Sequential([model, keras.layers.ReLU(), keras.layers.Softmax()])


def it_leaves_the_model_alone(answer):
    start_keras()
    rows = np.array([[2.0, 1.0, 0.1], [0.0, -3.0, 1.0]], "float32")
    model = identity_model(3)
    answer(model)
    return np.allclose(np.array(model(rows)), rows)


def it_uses_the_weights_of_the_model(answer):
    start_keras()
    model = identity_model(2)
    kernel, bias = np.array([[0.0, 2.0], [0.0, 0.0]]), np.array([1.0, 0.0])
    model.layers[-1].set_weights([kernel, bias])
    given = np.array([[1.0, 5.0], [-1.0, 5.0]], "float32")
    wanted = softmax(np.array([[1.0, 2.0], [1.0, -2.0]]))
    return np.allclose(np.array(answer(model)(given)), wanted, atol=1e-5)


SERVED = "my_server(identity_model(3))(np.array([[2.0, 1.0, 0.1]])), which should be "
ROW = SERVED + "[[0.659, 0.242, 0.099]]"

SERVER = Exercise(
    name="server",
    reference=server,
    call=served,
    inputs=[
        (np.array([[2.0, 1.0, 0.1]]),),
        (np.array([[2.0, 1.0, 0.1], [0.0, 3.0, 1.0]]),),
        (np.zeros((3, 4)),),
        (np.array([[1000.0, 999.0, 998.0]]),),
        (np.array([[-3.0, -1.0, 0.0], [5.0, -5.0, 0.5]]),),
        (np.array([[50.0, 0.0]]),),
    ],
    properties={
        "the model that you were given still puts out logits": (
            it_leaves_the_model_alone
        ),
        "the server uses the weights of the model": it_uses_the_weights_of_the_model,
    },
    mistakes=[
        Mistake(
            "serves the logits",
            model_itself,
            "These are the model's logits as they were. A server is a new model: the "
            "old one, and a Softmax layer behind it.",
            ROW,
        ),
        Mistake(
            "applies softmax twice",
            softmax_twice,
            "One Softmax layer is enough. The second takes probabilities for logits and "
            "flattens the row.",
            ROW,
        ),
        Mistake(
            "shares out 1 among the examples",
            softmax_over_the_batch,
            "Along axis 0 the examples of a batch compete, so an answer depends on who "
            "asks at the same time. Leave the axis at -1, the classes.",
            ROW,
        ),
        Mistake(
            "serves sigmoids",
            sigmoids,
            "Sigmoids do not sum to 1. The model was trained with softmax in its loss, "
            "so serve softmax.",
            ROW,
        ),
        Mistake(
            "serves log-probabilities",
            log_probabilities,
            "These are the logs of the probabilities, all at most 0. Softmax without the "
            "log is wanted.",
            ROW,
        ),
        Mistake(
            "cuts the logits off",
            cut_off,
            "A ReLU turns negative logits into 0, and the gaps between them are gone. "
            "Softmax copes with negative logits.",
            "my_server(identity_model(3))(np.array([[-3.0, -1.0, 0.0]])), which should "
            "be [[0.035, 0.259, 0.705]]",
        ),
    ],
    hints=[
        "A model can be a layer of another model.",
        "Sequential takes a list of layers: the given model first, then one more.",
        "The layer for it is in keras.layers and is called Softmax; it needs no "
        "arguments.",
    ],
    reason="A Softmax layer behind the trained model, and the model itself keeps its "
    "logits: for a loss, for another temperature, for an average of several models.",
)

EXERCISES = [
    PROBABILITY_TEST,
    MISSING_SOFTMAX,
    TWO_SOFTMAXES,
    ONE_UNIT,
    HEADS,
    SERVER,
]
