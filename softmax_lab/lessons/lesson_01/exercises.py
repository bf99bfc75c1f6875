"""The exercises of lesson 1: from logits to probabilities."""

import numpy as np

from softmax_lab.lessons.exercise import Exercise, Mistake

RNG = np.random.default_rng(1)
BATCH = np.array([[2.0, 1.0, 0.1], [0.0, 3.0, 1.0]])
BATCHES = [
    BATCH,
    np.array([[2.0, 1.0, -1.0]]),
    np.array([[1.0, 1.0, 1.0], [-2.0, -1.0, 0.0], [0.0, 0.0, 5.0]]),
    np.array([[0.5, -0.5], [3.0, 1.0]]),
    RNG.normal(0, 2, (6, 4)),
    RNG.normal(0, 2, (5, 5)),  # as many rows as classes: hides a missing keepdims
]


def softmax(batch):
    weights = np.exp(batch)
    return weights / weights.sum(axis=1, keepdims=True)


def plain(batch):
    return batch / batch.sum(axis=1, keepdims=True)


def over_everything(batch):
    weights = np.exp(batch)
    return weights / weights.sum()


def over_columns(batch):
    weights = np.exp(batch)
    return weights / weights.sum(axis=0)


def without_keepdims(batch):
    weights = np.exp(batch)
    return weights / weights.sum(axis=1)


def only_weights(batch):
    return np.exp(batch)


def base_two(batch):
    weights = 2.0**batch
    return weights / weights.sum(axis=1, keepdims=True)


def rows_sum_to_1(function):
    return np.allclose(np.sum(function(BATCH.copy()), axis=1), 1)


def a_shift_changes_nothing(function):
    return np.allclose(function(BATCH + 7), function(BATCH.copy()))


def rows_do_not_disturb_each_other(function):
    together = np.asarray(function(BATCH.copy()))
    return np.allclose(together[:1], function(BATCH[:1].copy()))


SOFTMAX = Exercise(
    name="softmax",
    reference=softmax,
    inputs=[(batch,) for batch in BATCHES],
    properties={
        "each row sums to 1": rows_sum_to_1,
        "a shift of all logits changes nothing": a_shift_changes_nothing,
        "a row does not depend on the other rows": rows_do_not_disturb_each_other,
    },
    mistakes=[
        Mistake(
            "divides by the sum of all rows",
            over_everything,
            "weights.sum() adds up the whole batch, so all rows share one cake. Each "
            "row needs a sum of its own: say which axis to add along.",
            "my_softmax(batch).sum(axis=1), which should be [1, 1]",
        ),
        Mistake(
            "divides along the wrong axis",
            over_columns,
            "axis=0 adds down the columns, so that the examples compete and not the "
            "classes. Along axis=1 the classes of one example are added.",
            "my_softmax(batch).sum(axis=0): here the columns sum to 1",
        ),
        Mistake(
            "forgets keepdims",
            without_keepdims,
            "The sums have shape (rows,), and NumPy sets them beside the columns. With "
            "keepdims=True they keep shape (rows, 1), one beside each row.",
            "np.exp(batch).sum(axis=1, keepdims=True).shape",
        ),
        Mistake(
            "divides the logits themselves",
            plain,
            "That is plain division: it sees ratios and fails on negative logits. "
            "Exponentiate first, then divide.",
            "my_softmax(np.array([[2.0, 1.0, -1.0]])), which has a negative entry",
        ),
        Mistake(
            "does not divide at all",
            only_weights,
            "These are the weights e^z. They are positive, but do not sum to 1 yet: "
            "divide each row by its sum.",
            "np.exp(batch).sum(axis=1)",
        ),
        Mistake(
            "takes 2 and not e to the power of the logits",
            base_two,
            "Any base gives probabilities. With 2, a difference of 1 doubles the odds; "
            "softmax multiplies them by e = 2.718.",
            "np.log(my_softmax(batch)[0, 0] / my_softmax(batch)[0, 1]), which should "
            "be 1",
        ),
    ],
    hints=[
        "Divide the weights by a sum that each row has for itself.",
        "weights.sum(axis=1) gives one sum for each row. What is its shape, and what "
        "shape do you need to divide a (rows, classes) array by it?",
        "Look at the cell with 100,000 rows: keepdims=True keeps one sum beside each "
        "row.",
    ],
    reason="Each row is divided by its own sum; keepdims keeps the sums in a column, so "
    "that row i of the batch meets sum i.",
)


LOGITS = np.array([2.0, 1.0, 0.1])


def unmoved(recipe, new):
    return np.allclose(recipe(new[None]), recipe(LOGITS[None]))


def blind_spots_accepts(shift, scale):
    return (
        shift != 0
        and abs(shift) <= 100
        and unmoved(softmax, LOGITS + shift)
        and scale not in (0, 1)
        and unmoved(plain, LOGITS * scale)
    )


BLIND_SPOTS = Exercise(
    name="blind spots",
    reference=(5.0, 3.0),
    accepts=blind_spots_accepts,
    mistakes=[
        Mistake(
            "these are not single numbers",
            ([1, 2, 3], 2),
            "A shift adds the same number to all logits, a scale multiplies all by the "
            "same number.",
            "softmax(logits + np.array([1, 2, 3]))",
            lambda shift, scale: np.ndim(shift) > 0 or np.ndim(scale) > 0,
        ),
        Mistake(
            "a shift of 0 or a scale of 1 changes nothing at all",
            (0, 1),
            "True, but nothing has moved: choose values that do something.",
            "softmax(logits + 5)",
            lambda shift, scale: shift == 0 or scale == 1,
        ),
        Mistake(
            "a scale of 0 makes all logits equal",
            (5, 0),
            "Then plain division divides 0 by 0. Any other scale leaves the ratios as "
            "they are.",
            "plain(logits * 0)",
            lambda shift, scale: scale == 0,
        ),
        Mistake(
            "the shift is out of range",
            (1000, 2),
            "In exact arithmetic it would do. In a computer e^1000 is inf, and inf / inf "
            "is nan: the subject of lesson 2.",
            "softmax(logits + 1000)",
            lambda shift, scale: abs(shift) > 100,
        ),
    ],
    hints=[
        "Softmax sees differences only. What can you add to every logit?",
        "Plain division sees ratios only. By what can you multiply every logit?",
        "Almost any number will do for each.",
    ],
    reason="Any shift leaves every difference as it is, and any scale other than 0 "
    "every ratio.",
)


def threshold(miss, alarm):
    return alarm / miss


SEVEN_HINT = "softmax(np.array([my_8, my_9, 0.1]))"


def share_of_7(logit_of_8, logit_of_9):
    return softmax(np.array([[logit_of_8, logit_of_9, 0.1]]))[0, 2]


THRESHOLD = Exercise(
    name="threshold",
    reference=threshold,
    inputs=[(10, 1), (2, 1), (4, 3), (100, 1), (5, 4)],
    properties={
        "a dearer miss lowers the threshold": lambda f: f(20, 1) < f(10, 1),
        "only the ratio of the costs counts": lambda f: np.isclose(f(20, 2), f(10, 1)),
    },
    mistakes=[
        Mistake(
            "the threshold of the example above",
            lambda miss, alarm: alarm / (alarm + miss),
            "There a true alarm cost nothing. Now every alarm costs the same, so its "
            "cost is not weighed with 1 - p.",
            "write down both costs at p = 1: silence costs miss, an alarm costs alarm",
        ),
        Mistake(
            "the ratio upside down",
            lambda miss, alarm: miss / alarm,
            "A probability cannot be above 1: at the threshold p times miss equals "
            "alarm.",
            "my_threshold(10, 1)",
        ),
        Mistake(
            "always one half",
            lambda miss, alarm: 0.5,
            "One half is right where both mistakes cost the same. Here the costs "
            "decide.",
            "at p = 0.2 and a miss of 10 silence costs 2.00, an alarm 1",
        ),
        Mistake(
            "the threshold for silence",
            lambda miss, alarm: 1 - alarm / miss,
            "This is the probability of no case from which on silence pays. The "
            "question is about the case.",
            "my_threshold(100, 1): would you wait until you are 99 % sure?",
        ),
        Mistake(
            "the difference of the costs",
            lambda miss, alarm: miss - alarm,
            "A difference of costs is a cost. Set the two expected costs equal and "
            "solve for p.",
            "10 * p == 1",
        ),
    ],
    hints=[
        "What does silence cost on average, if the case has probability p?",
        "Silence costs miss times p. What does an alarm cost?",
        "An alarm costs alarm, whatever p is. Where are the two equal?",
    ],
    reason="Silence costs p times miss on average, an alarm always costs alarm: both "
    "are equal at p = alarm / miss.",
)

LET_SEVEN_WIN = Exercise(
    name="let 7 win",
    reference=(-3.0, -3.0),
    accepts=lambda a, b: np.isfinite([a, b]).all() and share_of_7(a, b) > 0.9,
    mistakes=[
        Mistake(
            "minus infinity is no logit to reach",
            (-np.inf, -np.inf),
            "It works as a mask, and you will meet it in lesson 2. Here choose finite "
            "logits.",
            SEVEN_HINT,
            lambda a, b: bool(np.isinf([a, b]).any()),
        ),
        Mistake(
            "only one rival is lowered",
            (-5.0, 1.0),
            "The other rival still takes its share of the cake. Lower both.",
            SEVEN_HINT,
            lambda a, b: (a < 2) != (b < 1),
        ),
        Mistake(
            "the rivals are raised",
            (5.0, 6.0),
            "Higher logits for 8 and 9 leave less for 7. Go the other way.",
            SEVEN_HINT,
            lambda a, b: min(a, b) > 1,
        ),
        Mistake(
            "7 leads, but not clearly",
            (-1.0, -1.0),
            "Each of two equal rivals must be less than an eighteenth as likely as 7. "
            "How far behind is that?",
            "np.log(1 / 18) + 0.1",
            lambda a, b: 0.5 < share_of_7(a, b) <= 0.9,
        ),
        Mistake(
            "level with 7",
            (0.1, 0.1),
            "Three equal logits share the cake evenly, a third each.",
            SEVEN_HINT,
            lambda a, b: np.allclose([a, b], 0.1, atol=0.05),
        ),
    ],
    hints=[
        "Only differences count: if 7 cannot rise, what can the others do?",
        "The odds of 7 against 8 are e to the power of the difference.",
        "A difference of 3 already means odds of 20 to 1 against each rival.",
    ],
    reason="Odds of 20 to 1 and more against each of two rivals leave them less than a "
    "tenth together.",
)

EXERCISES = [SOFTMAX, BLIND_SPOTS, THRESHOLD, LET_SEVEN_WIN]
