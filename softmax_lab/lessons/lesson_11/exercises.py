"""The exercises of lesson 11: the steps from raw data to a decision.

Keras comes when a model is first asked for: nobody else is to wait for it.
"""

import numpy as np

from softmax_lab.lessons.exercise import Exercise, Mistake
from softmax_lab.lessons.lesson_05.exercises import (
    TEN,
    ModelError,
    judged,
    model_and_loss,
)


def start_keras():
    global keras
    import keras


# 1. What costs nothing: the numbers to beat


def baseline(labels, num_classes):
    shares = np.bincount(labels, minlength=num_classes) / len(labels)
    seen = shares[shares > 0]
    return np.array([shares.max(), -(seen * np.log(seen)).sum(), np.log(num_classes)])


def of_shares(first, second, third):
    """What learners write: three numbers, computed from the shares."""

    def wrong(labels, num_classes):
        shares = np.bincount(labels, minlength=num_classes) / len(labels)
        seen = shares[shares > 0]
        numbers = [f(shares, seen, num_classes) for f in (first, second, third)]
        return np.array(numbers, float)

    return wrong


def top(shares, seen, k):
    return shares.max()


def surprise(shares, seen, k):
    return -(seen * np.log(seen)).sum()


def level(shares, seen, k):
    return np.log(k)


def even_guess(shares, seen, k):
    return 1 / k


def commonest(shares, seen, k):
    return shares.argmax()


def surprise_of_all(shares, seen, k):
    return -(shares * np.log(shares)).sum()


def surprise_in_bits(shares, seen, k):
    return -(seen * np.log2(seen)).sum()


def level_in_bits(shares, seen, k):
    return np.log2(k)


def minus_forgotten(shares, seen, k):
    return (seen * np.log(seen)).sum()


def unweighted(shares, seen, k):
    return -np.log(seen).mean()


def surprise_of_the_top(shares, seen, k):
    return -np.log(shares.max())


def level_of_the_seen(shares, seen, k):
    return np.log(len(seen))


def from_counts(labels, num_classes):
    counts = np.bincount(labels, minlength=num_classes)
    seen = counts[counts > 0]
    return np.array([seen.max(), -(seen * np.log(seen)).sum(), np.log(num_classes)])


FOUR = "my_baseline(np.array([0, 0, 0, 1]), 2), which should be [0.75, 0.562, 0.693]"
ONE_OF_THREE = "my_baseline(np.array([2, 2, 2]), 3), which should be [1, 0, 1.099]"

BASELINE = Exercise(
    name="numbers to beat",
    reference=baseline,
    inputs=[
        (np.array([0, 0, 0, 1]), 2),
        (np.array([0, 1, 2, 2]), 3),
        (np.array([3, 3, 0, 0, 0, 3, 3]), 5),  # 1, 2 and 4 never come up
        (np.array([2, 2, 2]), 3),
        (np.arange(10), 10),
        (np.repeat(np.arange(10), np.arange(10, 0, -1)), 10),
        (np.array([1, 1, 1, 0]), 100),
    ],
    properties={
        "the order of the labels does not matter": lambda answer: np.allclose(
            answer(np.array([0, 1, 1, 2, 1]), 4), answer(np.array([1, 1, 2, 1, 0]), 4)
        ),
        "with even shares both losses are the log of the number of classes": (
            lambda answer: all(
                np.allclose(np.asarray(answer(np.arange(k), k))[1:], np.log(k))
                for k in (2, 7, 300)
            )
        ),
        "knowing the shares is never worse than knowing nothing": lambda answer: all(
            answer(np.random.default_rng(k).integers(0, 6, 9), 6)[1] <= np.log(6)
            for k in range(9)
        ),
    },
    mistakes=[
        Mistake(
            "gives the class instead of its share",
            of_shares(commonest, surprise, level),
            "The first number is the class itself. Wanted is the share of the examples "
            "that it has, for that is how often always naming it is right.",
            FOUR,
        ),
        Mistake(
            "guesses evenly",
            of_shares(even_guess, surprise, level),
            "1 / K is what guessing at random gets. Always naming the commonest class "
            "is right as often as that class comes up.",
            FOUR,
        ),
        Mistake(
            "meets 0 times log 0",
            of_shares(top, surprise_of_all, level),
            "A class that never comes up has a share of 0, and 0 times log 0 is nan. It "
            "adds nothing to the loss: leave it out.",
            ONE_OF_THREE,
        ),
        Mistake(
            "measures in bits",
            of_shares(top, surprise_in_bits, level_in_bits),
            "These are bits. The losses of the course, and of Keras, are in nats: the "
            "natural log.",
            FOUR,
        ),
        Mistake(
            "leaves the minus out",
            of_shares(top, minus_forgotten, level),
            "The log of a share is negative, and a surprise is minus that log.",
            FOUR,
        ),
        Mistake(
            "does not weigh the surprises",
            of_shares(top, unweighted, level),
            "The plain mean lets a rare class count as much as a common one. Each "
            "surprise comes up as often as its class: weigh it with the share.",
            FOUR,
        ),
        Mistake(
            "takes the surprise of the commonest class alone",
            of_shares(top, surprise_of_the_top, level),
            "That is the loss of one example of the commonest class. The others come up "
            "as well, with a larger surprise.",
            FOUR,
        ),
        Mistake(
            "counts only the classes that come up",
            of_shares(top, surprise, level_of_the_seen),
            "A model that knows nothing gives every class the same, also one that never "
            "comes up. So K is num_classes.",
            ONE_OF_THREE,
        ),
        Mistake(
            "changes the two losses round",
            of_shares(top, level, surprise),
            "The losses are right but in the wrong places: first of a model that knows "
            "the shares, then of one that knows nothing.",
            FOUR,
        ),
        Mistake(
            "takes counts for shares",
            from_counts,
            "Counts grow with the number of examples. Divide them by it, and they are "
            "shares.",
            FOUR,
        ),
    ],
    hints=[
        "np.bincount(labels, minlength=num_classes) counts how often each class comes "
        "up; divided by the number of labels these are shares.",
        "The first number is the largest share. The second is the entropy of the "
        "shares, lesson 3. The third is the loss of an untrained model.",
        "A share of 0 spoils the sum, for its log is minus infinity. Keep the shares "
        "above 0 before you take logs.",
    ],
    reason="Whoever always names the commonest class is right as often as it comes up. "
    "Whoever knows the shares and nothing else pays their entropy, and whoever knows "
    "nothing pays the log of K. A trained model has to beat all three.",
)


# 2. The bug: a test that finds it


def loss_of(logits, label):
    return np.logaddexp.reduce(logits) - logits[label]


def as_test_case(row, label):
    """Return ten logits and a label, or say what is wrong with them."""
    row = np.array(row, float)
    if row.shape != (10,) or not np.isfinite(row).all():
        raise ValueError(f"give ten logits, such as {[0.0] * 10}, not {row}")
    if label not in range(10):
        raise ValueError(f"give a label from 0 to 9, not {label}")
    return row, int(label)


def off_by(row, label):
    """How far the loss of the model with the bug is from the true one."""
    row, label = as_test_case(row, label)
    return abs(loss_of(np.maximum(row, 0), label) - loss_of(row, label))


def gives_it_away(row, label):
    return off_by(row, label) > ENOUGH


def is_a_row_of_probabilities(row, label):
    row, _ = as_test_case(row, label)
    return (row >= 0).all() and abs(row.sum() - 1) < 1e-3


def has_no_negative_logit(row, label):
    return as_test_case(row, label)[0].min() >= 0


def is_level(row, label):
    return np.ptp(as_test_case(row, label)[0]) == 0


def is_barely_below(row, label):
    return -0.2 < as_test_case(row, label)[0].min() < 0 and not gives_it_away(
        row, label
    )


def is_drowned(row, label):
    row, label = as_test_case(row, label)
    small = loss_of(row, label) < 0.1 or row.max() - np.sort(row)[-2] > 5
    return small and not gives_it_away(row, label)


def is_too_little(row, label):
    return not gives_it_away(row, label)


ENOUGH = 0.1
SAME = "loss_at(reader, [1.0] * 10, 3), cross_entropy([1.0] * 10, 3)"

TELLTALE = Exercise(
    name="telltale row",
    reference=([2.0, 1.0, 0.1, -3.0, -3.0, -3.0, -3.0, -3.0, -3.0, -3.0], 0),
    accepts=gives_it_away,
    mistakes=[
        Mistake(
            "hands over probabilities",
            ([0.55] + [0.05] * 9, 0),
            "These are probabilities. What a Dense layer puts out before softmax is "
            "free: any ten real numbers will do, and some of them show more.",
            SAME,
            is_a_row_of_probabilities,
        ),
        Mistake(
            "tries one sign only",
            ([2.0, 1.0, 0.1, 3.0, 0.0, 5.0, 2.0, 2.0, 4.0, 9.0], 3),
            "Here the model is right. A logit may be any real number, lesson 1: try the "
            "half of them that you left out.",
            SAME,
            has_no_negative_logit,
        ),
        Mistake(
            "gives all classes the same",
            ([-4.0] * 10, 7),
            "Ten equal logits say log 10 whatever is done to each of them alone. Let "
            "them differ.",
            "softmax([-4.0] * 10), softmax([0.0] * 10)",
            is_level,
        ),
        Mistake(
            "hardly leaves 0",
            ([0.3, 0.2, 0.1, -0.1, -0.05, 0.0, 0.0, 0.1, 0.2, 0.3], 3),
            "The right idea, but so small a logit makes no difference that you could tell "
            "from rounding. Go further below 0.",
            "loss_at(reader, [-0.1] + [0.0] * 9, 0), loss_at(reader, [-3.0] + [0.0] * 9, 0)",
            is_barely_below,
        ),
        Mistake(
            "lets one class drown the others",
            ([20.0, -3.0, -3.0, 1.0, 1.0, 0.0, 0.0, 0.0, 0.0, 0.0], 0),
            "One class leads so far that the others hardly count, whatever becomes of "
            "them. Bring the winner closer, or let a class that is behind be the true one.",
            "loss_at(reader, [20.0] + [-3.0] * 9, 0)",
            is_drowned,
        ),
        Mistake(
            "is off by too little",
            ([1.0, 2.0, 1.0, -0.5, 2.0, 1.0, 2.0, 3.0, 3.0, 3.0], 9),
            "Close: the two losses differ, but by less than 0.1. Make the telling logits "
            "more extreme, or more of them.",
            "loss_at(reader, my_row, my_label), cross_entropy(my_row, my_label)",
            is_too_little,
        ),
    ],
    hints=[
        "Both rows above have something in common. Which rows have you not tried?",
        "Look at each word of the last layer of the model. What does it do to a number "
        "before softmax sees it?",
        "An activation acts on the ten logits as it acts on hidden numbers. Find ten "
        "logits that it changes by a lot.",
    ],
    reason="A relu on the last layer turns every negative logit into 0. No row without "
    "negative logits can show that, and neither can an untrained loss near log 10.",
)


# 3. The bug: a model without it


def losses_and_logits(build, row, label):
    """The loss of a copy of the outputs, of the outputs themselves, and the copy."""
    start_keras()
    found = judged(build, row, label)
    return found and np.array([*found[:2], *found[2]])


def bends(build):
    """Whether there is more than a weighted sum between the pixels and the logits."""
    start_keras()
    model, _ = model_and_loss(build())
    rng = np.random.default_rng(0)
    images = rng.normal(0, 1, (50, 64)).astype("float32")
    for layer in model.layers:
        layer.set_weights([rng.normal(0, 1, w.shape) for w in layer.get_weights()])
    outputs = np.array(model(images)) + np.array(model(-images))
    return not np.allclose(outputs, 2 * np.array(model(0 * images)), atol=1e-2)


def many_hidden_numbers(build):
    start_keras()
    model, _ = model_and_loss(build())
    kernels = [layer.kernel for layer in model.layers if hasattr(layer, "kernel")]
    if len(kernels) < 2:
        raise ModelError("two Dense layers are needed, a hidden one and the last")
    return kernels[0].shape[0] == 64 and kernels[-1].shape[0] >= 64


def mended():
    hidden = keras.layers.Dense(128, activation="relu")
    model = keras.Sequential([keras.Input((64,)), hidden, keras.layers.Dense(10)])
    return model, keras.losses.SparseCategoricalCrossentropy(from_logits=True)


def with_head(
    activation=None, *after, loss="SparseCategoricalCrossentropy", from_logits=True
):
    """What learners write: another end, and another flag."""

    def build():
        hidden = keras.layers.Dense(128, activation="relu")
        head = keras.layers.Dense(10, activation=activation)
        more = [getattr(keras.layers, name)() for name in after]
        model = keras.Sequential([keras.Input((64,)), hidden, head, *more])
        flag = {} if loss == "MeanSquaredError" else {"from_logits": from_logits}
        return model, getattr(keras.losses, loss)(**flag)

    return build


AT_FOUR = (
    "loss_at(my_reader, [2, 0, 1, 0, -3, 0, 0, 0, 0, 0], 4), which should be 5.842"
)
AT_TWO = "loss_at(my_reader, [2, 0, 1, 0, -3, 0, 0, 0, 0, 0], 2), which should be 1.842"
AT_NOTHING = "my_reader()[0](np.zeros((1, 64))).numpy().sum(), which should be 0"

PLANTED = Exercise(
    name="planted bug",
    reference=mended,
    call=losses_and_logits,
    inputs=[(TEN, 0), (TEN, 1), (TEN, 9), ([-2.0] * 9 + [1.0], 4), (TEN[::-1], 7)],
    properties={
        "the hidden layer still has its numbers": many_hidden_numbers,
        "the hidden layer still cuts off what is negative": bends,
    },
    mistakes=[
        *[
            Mistake(
                "still cuts negative logits off",
                wrong,
                "Every negative logit comes out as 0. Nothing may act on the ten numbers of "
                "the last layer: they are the logits.",
                AT_FOUR,
            )
            for wrong in (with_head("relu"), with_head(None, "ReLU"))
        ],
        *[
            Mistake(
                "lets negative logits leak",
                with_head(activation),
                "A softer bend, but still a bend: negative logits come out smaller than "
                "they are. Leave the logits as they are.",
                AT_FOUR,
            )
            for activation in ("leaky_relu", "elu", "gelu")
        ],
        *[
            Mistake(
                "squeezes the logits",
                with_head(activation),
                "Now no logit can be large, so the model can never be sure. The last "
                "layer needs no activation at all.",
                AT_FOUR,
            )
            for activation in ("tanh", "sigmoid")
        ],
        Mistake(
            "puts out probabilities",
            with_head("softmax", from_logits=False),
            "Model and loss agree, but later steps need logits, and this model puts out "
            "probabilities. Leave softmax to the loss.",
            AT_NOTHING,
        ),
        Mistake(
            "needs Keras to find the logits",
            with_head("softmax"),
            "Softmax is in the model, and the loss is told that it is not. Keras repairs "
            "that in training, as in lesson 5; a copy of the outputs is taken at its word.",
            AT_TWO,
        ),
        *[
            Mistake(
                "leaves softmax out",
                with_head(activation, from_logits=False),
                "The model puts out logits, and the loss takes them for probabilities. "
                "Tell it from_logits=True.",
                AT_FOUR,
            )
            for activation in (None, "relu")
        ],
        Mistake(
            "asks for one-hot labels",
            with_head(loss="CategoricalCrossentropy"),
            "Here a label is a class number. CategoricalCrossentropy wants a row with a "
            "single 1; SparseCategoricalCrossentropy takes the number.",
            AT_FOUR,
        ),
        Mistake(
            "takes squared error",
            with_head(loss="MeanSquaredError"),
            "Squared error compares the logits with the class number. The loss was right; "
            "the bug is in the model.",
            AT_FOUR,
        ),
    ],
    hints=[
        "The loss expects logits, and that is right. So look at the layers.",
        "Both layers come from one line, and get the same activation. Which of them "
        "should have it?",
        "Write the two layers one by one. The hidden one keeps its relu, the last one "
        "has no activation.",
    ],
    reason="The hidden layer bends, the last layer must not: its numbers are logits, and "
    "logits may be negative. With a relu there, no class can be put below another one "
    "that is at 0, and a class that is at 0 for every image has no slope and never learns.",
)


# 4. Three measures


def measures(logits, labels):
    shifted = logits - logits.max(axis=1, keepdims=True)
    log_probs = shifted - np.log(np.exp(shifted).sum(axis=1, keepdims=True))
    says = np.exp(log_probs).max(axis=1).mean()
    right = (logits.argmax(axis=1) == labels).mean()
    return np.array([says, right, -log_probs[np.arange(len(labels)), labels].mean()])


def stable(logits, axis=1):
    weights = np.exp(logits - logits.max(axis=axis, keepdims=True))
    return weights / weights.sum(axis=axis, keepdims=True)


def naive(logits):
    weights = np.exp(logits)
    return weights / weights.sum(axis=1, keepdims=True)


def at_labels(rows, labels):
    return rows[np.arange(len(labels)), labels]


def answers(logits, labels):
    return (logits.argmax(axis=1) == labels).mean()


def mean_of_all(logits, labels):
    right = measures(logits, labels)
    return np.array([stable(logits).mean(), *right[1:]])


def of_the_true_class(logits, labels):
    right = measures(logits, labels)
    return np.array([at_labels(stable(logits), labels).mean(), *right[1:]])


def of_each_column(logits, labels):
    right = measures(logits, labels)
    return np.array([stable(logits).max(axis=0).mean(), *right[1:]])


def largest_logit(logits, labels):
    right = measures(logits, labels)
    return np.array([logits.max(axis=1).mean(), *right[1:]])


def of_the_right_ones(logits, labels):
    probs, right = stable(logits), logits.argmax(axis=1) == labels
    with np.errstate(all="ignore"):
        says = (probs.max(axis=1) * right).sum() / right.sum()
    return np.array([says, *measures(logits, labels)[1:]])


def number_of_right_ones(logits, labels):
    says, right, loss = measures(logits, labels)
    return np.array([says, right * len(labels), loss])


def sum_of_losses(logits, labels):
    says, right, loss = measures(logits, labels)
    return np.array([says, right, loss * len(labels)])


def log_of_softmax(logits, labels):
    probs = stable(logits)
    with np.errstate(divide="ignore"):
        loss = -np.log(at_labels(probs, labels)).mean()
    return np.array([probs.max(axis=1).mean(), answers(logits, labels), loss])


def log_of_the_mean(logits, labels):
    says, right, _ = measures(logits, labels)
    with np.errstate(divide="ignore"):
        return np.array(
            [says, right, -np.log(at_labels(stable(logits), labels).mean())]
        )


def without_maximum(logits, labels):
    with np.errstate(all="ignore"):
        probs = naive(logits)
        loss = -np.log(at_labels(probs, labels)).mean()
    return np.array([probs.max(axis=1).mean(), answers(probs, labels), loss])


def along_the_batch(logits, labels):
    probs = stable(logits, axis=0)
    with np.errstate(divide="ignore"):
        loss = -np.log(at_labels(probs, labels)).mean()
    return np.array([probs.max(axis=1).mean(), answers(probs, labels), loss])


def softmax_twice(logits, labels):
    return measures(stable(logits), labels)


def loss_of_the_answer(logits, labels):
    says, right, _ = measures(logits, labels)
    return np.array([says, right, -np.log(stable(logits).max(axis=1)).mean()])


def accuracy_first(logits, labels):
    return measures(logits, labels)[[1, 0, 2]]


ROWS = np.array([[2.0, 1.0, 0.1], [0.0, 3.0, 1.0], [1.0, 1.5, 0.0]])
AT_ROWS = (
    "my_measures(np.array([[2.0, 1.0, 0.1], [0.0, 3.0, 1.0], [1.0, 1.5, 0.0]]), "
    "np.array([0, 2, 1])), which should be [0.683, 0.667, 1.064]"
)
AT_GAP = (
    "my_measures(np.array([[0.0, -800.0], [1.0, 0.0]]), np.array([1, 0])), which should "
    "be [0.866, 0.5, 400.157]"
)
AT_THOUSAND = (
    "my_measures(np.array([[1000.0, 1000.0]]), np.array([0])), which should be "
    "[0.5, 1, 0.693]"
)

MEASURES = Exercise(
    name="three measures",
    reference=measures,
    inputs=[
        (ROWS, np.array([0, 2, 1])),
        (np.array([[0.0, -800.0], [1.0, 0.0]]), np.array([1, 0])),
        (np.array([[1000.0, 1000.0]]), np.array([0])),
        (np.array([[-1000.0, -1003.0, -1001.0], [5.0, 1.0, 1.0]]), np.array([2, 0])),
        (np.random.default_rng(0).normal(0, 3, (40, 10)), np.arange(40) % 10),
        (np.zeros((3, 4)), np.array([3, 0, 1])),
        (np.random.default_rng(1).normal(0, 1, (5, 5)), np.array([4, 4, 0, 1, 2])),
    ],
    properties={
        "the order of the examples does not matter": lambda answer: np.allclose(
            answer(ROWS, np.array([0, 2, 1])), answer(ROWS[::-1], np.array([1, 2, 0]))
        ),
        "a shift of a row changes nothing": lambda answer: np.allclose(
            answer(ROWS, np.array([0, 2, 1])), answer(ROWS + 500, np.array([0, 2, 1]))
        ),
        "twice the same examples give the same": lambda answer: np.allclose(
            answer(ROWS, np.array([0, 2, 1])),
            answer(np.vstack([ROWS, ROWS]), np.array([0, 2, 1, 0, 2, 1])),
        ),
    },
    mistakes=[
        Mistake(
            "puts accuracy first",
            accuracy_first,
            "The numbers are right, but in another order: what it says, how often it is "
            "right, and the loss.",
            AT_ROWS,
        ),
        Mistake(
            "takes the mean of all probabilities",
            mean_of_all,
            "Each row sums to 1, so the mean of all of them is 1 / K, whatever the model "
            "says. The confidence is the largest one of a row.",
            AT_ROWS,
        ),
        Mistake(
            "takes the probability of the true class",
            of_the_true_class,
            "The confidence is what the model says of its own answer, right or wrong. It "
            "does not know the true class.",
            AT_ROWS,
        ),
        Mistake(
            "takes the largest of each column",
            of_each_column,
            "A column is a class, a row an example. The confidence is the largest of a "
            "row: axis=1.",
            AT_ROWS,
        ),
        Mistake(
            "looks at the right answers alone",
            of_the_right_ones,
            "A mean over the right answers leaves out the bold misses, and those matter "
            "most. Take all of them.",
            AT_ROWS,
        ),
        Mistake(
            "takes logits for probabilities",
            largest_logit,
            "The first number is a mean of logits. Apply softmax before you take the "
            "largest.",
            AT_ROWS,
        ),
        Mistake(
            "counts the right answers",
            number_of_right_ones,
            "Accuracy is a share: divide by the number of examples, or take the mean.",
            AT_ROWS,
        ),
        Mistake(
            "adds up the losses",
            sum_of_losses,
            "A sum grows with the number of examples. The loss is the mean.",
            AT_ROWS,
        ),
        Mistake(
            "charges the answer instead of the truth",
            loss_of_the_answer,
            "That is the surprise if every answer were right. The loss is taken at the "
            "label.",
            AT_ROWS,
        ),
        Mistake(
            "takes the log of a mean",
            log_of_the_mean,
            "First the log of each, then the mean. The other way round a bold miss costs "
            "next to nothing.",
            AT_GAP,
        ),
        Mistake(
            "takes the log of the finished softmax",
            log_of_softmax,
            "For a logit that is 800 behind, softmax is rounded to 0 and its log is "
            "infinite. Use cross_entropy of the course, or log-softmax.",
            AT_GAP,
        ),
        Mistake(
            "does not subtract the maximum",
            without_maximum,
            "Logits of 1000 overflow, and inf / inf is nan. Use softmax and cross_entropy "
            "of the course, or subtract the maximum of each row.",
            AT_THOUSAND,
        ),
        Mistake(
            "lets the examples compete",
            along_the_batch,
            "Softmax runs down each column, so the examples share out 1. It has to run "
            "along each row.",
            AT_ROWS,
        ),
        Mistake(
            "applies softmax twice",
            softmax_twice,
            "What goes into the measures are probabilities already. Give them the logits.",
            AT_ROWS,
        ),
    ],
    hints=[
        "softmax(logits) gives a row of probabilities for each example. Which of them is "
        "the confidence, and which class is the answer?",
        "Largest of each row, then the mean. Place of the largest, compared with the "
        "labels, then the mean.",
        "cross_entropy(logits, labels) gives one loss for each example; it starts from "
        "the logits. Put the three numbers in an array.",
    ],
    reason="What it says, how often it is right, and what its misses cost: a model is "
    "known by all three, and the first two should agree.",
)


# 5. Calibrate


def calibrated(logits, labels, new_logits):
    from softmax_lab import fit_temperature, softmax

    temperature = fit_temperature(logits, labels)
    return softmax(new_logits / temperature)


def fitted(finish):
    """What learners do with the temperature that fits."""

    def wrong(logits, labels, new_logits):
        from softmax_lab import fit_temperature

        return finish(fit_temperature(logits, labels), logits, new_logits)

    return wrong


def divided_alone(temperature, logits, new_logits):
    return stable(new_logits) / temperature


def shared_out_again(temperature, logits, new_logits):
    probs = stable(new_logits) / temperature
    return probs / probs.sum(axis=1, keepdims=True)


def softmax_of_divided(temperature, logits, new_logits):
    return stable(stable(new_logits) / temperature)


def bench(seed, num_new, num_classes, scale):
    """Logits that are too bold by a factor, their labels, and new logits."""
    rng = np.random.default_rng(seed)
    logits = rng.normal(0, 1.5, (60, num_classes))
    noisy = logits + rng.gumbel(size=logits.shape)
    new_logits = rng.normal(0, 1.5, (num_new, num_classes))
    return scale * logits, noisy.argmax(axis=1), scale * new_logits


BENCH = (
    "my_calibrated(np.array([[3.0, 0.0]] * 4), np.array([0, 0, 0, 1]), np.array([[3.0, "
    "0.0], [0.0, 6.0]])), which should be [[0.75, 0.25], [0.1, 0.9]]"
)

CALIBRATED = Exercise(
    name="calibrated probabilities",
    reference=calibrated,
    inputs=[
        bench(0, 5, 3, 3.0),
        bench(1, 60, 4, 2.0),
        bench(2, 7, 10, 0.5),  # too modest
        bench(3, 1, 2, 4.0),
        bench(4, 30, 5, 3.0),
    ],
    properties={
        "each row sums to 1": lambda answer: np.allclose(
            np.sum(answer(*bench(5, 9, 6, 3.0)), axis=1), 1
        ),
        "no answer changes": lambda answer: np.array_equal(
            np.argmax(answer(*bench(6, 50, 4, 3.0)), axis=1),
            bench(6, 50, 4, 3.0)[2].argmax(axis=1),
        ),
        "a model that is 9 times as bold gets the same probabilities": lambda answer: (
            np.allclose(
                answer(*bench(7, 9, 4, 1.0)), answer(*bench(7, 9, 4, 9.0)), atol=1e-6
            )
        ),
    },
    mistakes=[
        Mistake(
            "leaves the temperature out",
            fitted(lambda t, old, new: stable(new)),
            "These are the claims as they were. Divide the new logits by the "
            "temperature that fits the old ones.",
            BENCH,
        ),
        Mistake(
            "multiplies by the temperature",
            fitted(lambda t, old, new: stable(new * t)),
            "A temperature divides: above 1 it brings the logits closer together. "
            "Multiplied, bold claims get bolder.",
            BENCH,
        ),
        Mistake(
            "divides the probabilities",
            fitted(divided_alone),
            "The temperature belongs inside, before the exponential: softmax of the "
            "logits divided by it. Now the rows do not sum to 1.",
            BENCH,
        ),
        Mistake(
            "divides the probabilities and softmaxes them",
            fitted(softmax_of_divided),
            "These probabilities went through softmax twice, which flattens every row. "
            "Divide the logits.",
            BENCH,
        ),
        Mistake(
            "calibrates the old logits",
            fitted(lambda t, old, new: stable(old / t)),
            "The temperature is fitted to the old examples and used on the new ones.",
            BENCH,
        ),
        Mistake(
            "stops at the logits",
            fitted(lambda t, old, new: new / t),
            "Divided by the temperature, but these are still logits. Softmax makes "
            "probabilities of them.",
            BENCH,
        ),
        Mistake(
            "lets the examples compete",
            fitted(lambda t, old, new: stable(new / t, axis=0)),
            "Softmax runs down each column, so the examples share out 1. It has to run "
            "along each row.",
            BENCH,
        ),
        Mistake(
            "returns the confidences alone",
            fitted(lambda t, old, new: stable(new / t).max(axis=1)),
            "The next steps need the whole rows: which class it is, and how sure.",
            BENCH,
        ),
    ],
    hints=[
        "Two steps: find one number on the first examples, use it on the new ones.",
        "fit_temperature takes logits and labels and returns that number.",
        "Softmax of the new logits, after each was divided by the temperature.",
    ],
    reason="One number, fitted to examples that the model was not trained on, and used "
    "on others. No answer changes, only what is said about it.",
)


# 6. Decide


def decisions(probs, wrong, hand_over):
    expected = wrong * (1 - probs.max(axis=1))
    return np.where(expected < hand_over, probs.argmax(axis=1), -1)


def deciding(sure):
    """What learners write: answers where `sure(confidence, wrong, hand_over)`."""

    def decide(probs, wrong, hand_over):
        confidence = probs.max(axis=1)
        return np.where(sure(confidence, wrong, hand_over), probs.argmax(axis=1), -1)

    return decide


def tells_whether(probs, wrong, hand_over):
    return wrong * (1 - probs.max(axis=1)) < hand_over


def tells_the_confidence(probs, wrong, hand_over):
    return np.where(tells_whether(probs, wrong, hand_over), probs.max(axis=1), -1)


def hands_over_as_zero(probs, wrong, hand_over):
    return np.where(tells_whether(probs, wrong, hand_over), probs.argmax(axis=1), 0)


def doubts_the_mean(probs, wrong, hand_over):
    sure = wrong * (1 - probs.max(axis=1).mean()) < hand_over
    return np.where(sure, probs.argmax(axis=1), -1)


def two_rows(p):
    """An image of which the model is sure by p, and one that it is not sure of."""
    return np.array([[p, 1 - p - 0.01, 0.01], [0.3, 0.3, 0.4], [0.02, 0.01, 0.97]])


DECIDE = (
    "my_decisions(np.array([[0.85, 0.15], [0.05, 0.95], [0.4, 0.6]]), 10, 1), which should "
    "be [-1, 1, -1]"
)
DECIDE_CHEAP = (
    "my_decisions(np.array([[0.85, 0.15], [0.05, 0.95], [0.4, 0.6]]), 2, 1), which should "
    "be [0, 1, 1]"
)
DECIDE_CLOSE = "my_decisions(np.array([[0.905, 0.095], [0.05, 0.95]]), 10, 1), which should be [0, 1]"

DECISIONS = Exercise(
    name="answer or hand over",
    reference=decisions,
    inputs=[
        (two_rows(0.905), 10, 1),
        (two_rows(0.85), 10, 1),
        (two_rows(0.85), 5, 1),
        (two_rows(0.6), 2, 1),
        (two_rows(0.95), 100, 1),
        (two_rows(0.75), 10, 3),
        (stable(np.random.default_rng(0).normal(0, 4, (30, 10))), 10, 1),
        (two_rows(0.55), 20.0, 0.5),
    ],
    properties={
        "it is costs that compare, not their size": lambda answer: np.array_equal(
            answer(two_rows(0.85), 10, 1), answer(two_rows(0.85), 70, 7)
        ),
        "where a mistake is dearer it never answers more": lambda answer: (
            np.sum(np.asarray(answer(two_rows(0.85), 30, 1)) >= 0)
            <= np.sum(np.asarray(answer(two_rows(0.85), 3, 1)) >= 0)
        ),
        "where handing over is dearer than a mistake it always answers": lambda answer: (
            np.all(np.asarray(answer(two_rows(0.5), 1, 2)) >= 0)
        ),
    },
    mistakes=[
        Mistake(
            "turns the threshold round",
            deciding(lambda c, wrong, over: c > over / wrong),
            "That is how unsure it may be, not how sure it has to be. Answering costs "
            "wrong times 1 − confidence, on average.",
            DECIDE,
        ),
        Mistake(
            "answers above one half",
            deciding(lambda c, wrong, over: c > 0.5),
            "One half would do if a mistake cost twice as much as handing over. Here the "
            "two costs decide.",
            DECIDE,
        ),
        Mistake(
            "always answers",
            deciding(lambda c, wrong, over: c > 0),
            "Some answers are so unsure that handing them over is cheaper. Compare the "
            "two costs for each row.",
            DECIDE,
        ),
        Mistake(
            "takes odds for a probability",
            deciding(lambda c, wrong, over: c > wrong / (wrong + over)),
            "That was the threshold of lesson 1, where both actions can go wrong. Handing "
            "over has the same cost whatever is true, so only 1 − confidence counts.",
            DECIDE_CLOSE,
        ),
        Mistake(
            "hands over the sure ones",
            deciding(lambda c, wrong, over: wrong * (1 - c) >= over),
            "The other way round: where it is sure, it answers.",
            DECIDE,
        ),
        Mistake(
            "weighs the confidence instead of the doubt",
            deciding(lambda c, wrong, over: wrong * c < over),
            "A mistake happens with probability 1 − confidence. Weigh its cost with that.",
            DECIDE,
        ),
        Mistake(
            "keeps a threshold of 0.9 for all costs",
            deciding(lambda c, wrong, over: c > 0.9),
            "Right for costs of 10 and 1. With other costs the threshold moves: it "
            "follows from the two.",
            DECIDE_CHEAP,
        ),
        Mistake(
            "decides once for all",
            doubts_the_mean,
            "The mean confidence decides for everybody here. Each row has its own.",
            DECIDE,
        ),
        Mistake(
            "tells whether, and not what",
            tells_whether,
            "True and False say whether it answers. The class is wanted too: its number, "
            "or -1.",
            DECIDE,
        ),
        Mistake(
            "gives the confidence instead of the class",
            tells_the_confidence,
            "Where it answers, the answer is a class: the place of the largest "
            "probability.",
            DECIDE,
        ),
        Mistake(
            "hands over as class 0",
            hands_over_as_zero,
            "0 is a class like any other. Handing over is -1.",
            DECIDE,
        ),
    ],
    hints=[
        "What does answering cost, on average, if the model is right with probability p?",
        "A mistake happens with probability 1 − p, and costs wrong then. Compare that "
        "with the price of handing over, row by row.",
        "np.where(condition, classes, -1) takes the class where the condition holds, and "
        "-1 elsewhere.",
    ],
    reason="Answering costs wrong times the doubt, handing over always the same. So the "
    "threshold follows from the costs, and it is worth what the probabilities are worth.",
)

EXERCISES = [BASELINE, TELLTALE, PLANTED, MEASURES, CALIBRATED, DECISIONS]
