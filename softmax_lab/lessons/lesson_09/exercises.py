"""The exercises of lesson 9: two ways to average, exact zeros, and rankings."""

import numpy as np

from softmax_lab.lessons.exercise import Exercise, Mistake

RNG = np.random.default_rng(9)
EPSILONS = [1e-6, 1e-7, 1e-8, 1e-9, 1e-10, 1e-12, 1e-15]


def softmax(logits):
    weights = np.exp(logits - logits.max(axis=-1, keepdims=True))
    return weights / weights.sum(axis=-1, keepdims=True)


# 1. What averaging the logits would give


def logit_average(probs):
    weights = np.prod(probs ** (1 / len(probs)), axis=0)
    return weights / weights.sum()


def mean_of_probabilities(probs):
    return probs.mean(axis=0)


def root_not_normalised(probs):
    return np.exp(np.log(probs).mean(axis=0))


def over_the_classes(probs):
    return softmax(np.log(probs).mean(axis=1))


def plain_mean_over_the_classes(probs):
    return probs.mean(axis=1)


def taken_for_logits(probs):
    return softmax(probs.mean(axis=0))


def softmax_of_each(probs):
    return softmax(softmax(probs).mean(axis=0))


def sum_of_the_logs(probs):
    return softmax(np.log(probs).sum(axis=0))


def plain_product(probs):
    product = probs.prod(axis=0)
    return product / product.sum()


def root_of_the_product(probs):
    weights = probs.prod(axis=0) ** (1 / len(probs))
    return weights / weights.sum()


def log_of_the_mean(probs):
    log_probs = np.log(probs.mean(axis=0))
    return log_probs / log_probs.sum()


def mean_logs(probs):
    return np.log(probs).mean(axis=0)


def logs_over_their_sum(probs):
    mean_log = np.log(probs).mean(axis=0)
    return mean_log / mean_log.sum()


def square_root(probs):
    weights = np.sqrt(probs.prod(axis=0))
    return weights / weights.sum()


def root_of_the_classes(probs):
    weights = probs.prod(axis=0) ** (1 / probs.shape[1])
    return weights / weights.sum()


def root_of_the_mean(probs):
    weights = probs.mean(axis=0) ** (1 / len(probs))
    return weights / weights.sum()


def with_epsilon(epsilon):
    return lambda probs: softmax(np.log(probs + epsilon).mean(axis=0))


TEAM = np.array([[0.9, 0.1], [0.3, 0.7]])
TEAM_LOGITS = np.array([[2.0, 1.0, 0.1], [0.0, 3.0, -1.0], [-4.0, 0.5, 0.2]])


def it_is_the_average_of_any_logits(function):
    shifts = np.array([[0.0], [5.0], [-3.0]])
    wanted = softmax((TEAM_LOGITS + shifts).mean(axis=0))
    return np.allclose(function(softmax(TEAM_LOGITS + shifts)), wanted, atol=1e-5)


def it_does_not_matter_who_comes_first(function):
    probs = softmax(TEAM_LOGITS)
    return np.allclose(function(probs), function(probs[::-1].copy()), atol=1e-6)


def models_that_agree_are_one_model(function):
    probs = softmax(TEAM_LOGITS[:1])
    return np.allclose(function(np.repeat(probs, 4, axis=0)), probs[0], atol=1e-5)


TWO_MODELS = (
    "my_logit_average(np.array([[0.9, 0.1], [0.3, 0.7]])), which should be "
    "[0.663, 0.337]"
)
WITH_VETO = (
    "my_logit_average(np.array([[1.0, 1e-12], [0.0, 1.0]])), which should be [0, 1]"
)
MANY_MODELS = (
    "my_logit_average(np.tile([0.4, 0.35, 0.25], (1000, 1))), which should be "
    "[0.4, 0.35, 0.25]"
)

LOGIT_AVERAGE = Exercise(
    name="logit average",
    reference=logit_average,
    inputs=[
        (TEAM,),
        (np.array([[0.99, 0.01], [0.3, 0.7], [0.3, 0.7]]),),
        (softmax(TEAM_LOGITS),),
        (np.array([[0.6, 0.2, 0.2], [0.0, 0.5, 0.5]]),),
        (np.array([[0.5, 0.25, 0.25]]),),  # one model
        (np.array([[1.0], [1.0]]),),  # one class
        (RNG.dirichlet(np.ones(4), size=5),),
        (RNG.dirichlet(np.ones(3), size=900),),
        (np.array([[0.5, 0.5], [0.75, 0.25]], np.float32),),
    ],
    properties={
        "it is what a mean of the logits gives, shifted or not": (
            it_is_the_average_of_any_logits
        ),
        "the order of the models does not matter": it_does_not_matter_who_comes_first,
        "models that agree give what each of them gives": (
            models_that_agree_are_one_model
        ),
    },
    mistakes=[
        Mistake(
            "averages the probabilities",
            mean_of_probabilities,
            "That is the other way to average, in which every model has the same weight. "
            "Here the logs of the probabilities are to be averaged.",
            TWO_MODELS,
        ),
        Mistake(
            "does not divide by the sum",
            root_not_normalised,
            "A geometric mean of probabilities sums to less than 1, unless the models "
            "agree. Divide it by its sum.",
            TWO_MODELS,
        ),
        *[
            Mistake(
                "averages over the classes",
                wrong,
                "Each row is a model, and the mean runs down the rows: axis 0. One number "
                "for each class is wanted.",
                "my_logit_average(np.array([[0.6, 0.3, 0.1], [0.2, 0.6, 0.2]])), which "
                "should be [0.38, 0.465, 0.155]",
            )
            for wrong in (over_the_classes, plain_mean_over_the_classes)
        ],
        Mistake(
            "takes probabilities for logits",
            taken_for_logits,
            "Softmax of averaged probabilities is a second softmax, and flat. The logs "
            "of probabilities are logits.",
            TWO_MODELS,
        ),
        Mistake(
            "takes probabilities for logits",
            softmax_of_each,
            "Softmax of averaged probabilities is a second softmax, and flat. The logs "
            "of probabilities are logits.",
            TWO_MODELS,
        ),
        *[
            Mistake(
                "adds up instead of averaging",
                wrong,
                "The sum of the logs, which is the log of the product, makes the team "
                "surer with every model that joins, even if all say the same. Divide by "
                "the number of models.",
                "my_logit_average(np.array([[0.6, 0.4], [0.6, 0.4]])), which should be "
                "[0.6, 0.4]",
            )
            for wrong in (sum_of_the_logs, plain_product)
        ],
        Mistake(
            "multiplies until nothing is left",
            root_of_the_product,
            "The root of the product is right on paper. But the product of hundreds of "
            "probabilities is rounded to 0, and 0 / 0 is nan. Average the logs.",
            MANY_MODELS,
        ),
        Mistake(
            "takes the log of the mean",
            log_of_the_mean,
            "First the log, then the mean: the log of an average is another number.",
            TWO_MODELS,
        ),
        Mistake(
            "stops at the logs",
            mean_logs,
            "These are averaged logits. Softmax makes probabilities of them.",
            TWO_MODELS,
        ),
        Mistake(
            "divides the logs by their sum",
            logs_over_their_sum,
            "Logs are logits, and those become probabilities by softmax. Divided by "
            "their sum the least likely class comes out on top.",
            TWO_MODELS,
        ),
        Mistake(
            "always takes the square root",
            square_root,
            "The square root belongs to two models. With M models it is the M-th root.",
            "my_logit_average(np.array([[0.8, 0.2], [0.8, 0.2], [0.8, 0.2]])), which "
            "should be [0.8, 0.2]",
        ),
        Mistake(
            "counts the classes instead of the models",
            root_of_the_classes,
            "The root goes with the number of models, which is the number of rows.",
            "my_logit_average(np.array([[0.6, 0.3, 0.1], [0.6, 0.3, 0.1]])), which "
            "should be [0.6, 0.3, 0.1]",
        ),
        Mistake(
            "takes the root of the mean",
            root_of_the_mean,
            "The root belongs to the product of the probabilities, not to their mean.",
            TWO_MODELS,
        ),
        *[
            Mistake(
                "adds an epsilon inside the log",
                with_epsilon(epsilon),
                f"A model that gives a class 0 vetoes it: its log is -inf, and so is the "
                f"mean. With {epsilon:g} added the class comes back.",
                WITH_VETO,
            )
            for epsilon in EPSILONS
        ],
    ],
    hints=[
        "You have probabilities and no logits. What did lesson 7 take in their place?",
        "The log of a probability is its logit, up to a constant that each model has "
        "for itself. Averaged, these constants are one constant.",
        "In logs: their mean over the models, and softmax of that. Without logs: each "
        "probability to the power of 1 over M, the product down each column, and that "
        "over its sum.",
    ],
    reason="log p is the row of logits less one constant, so their mean is the mean of "
    "the logits less one constant, and softmax does not see a constant.",
)


# 2. Sparsemax of a batch


def sparsemax(logits):
    falling = np.sort(logits, axis=1)[:, ::-1]
    sizes = np.arange(1, logits.shape[1] + 1)
    limits = (falling.cumsum(axis=1) - 1) / sizes
    return np.maximum(logits - limits.max(axis=1, keepdims=True), 0)


def limits_of(logits):
    falling = np.sort(logits, axis=1)[:, ::-1]
    return (falling.cumsum(axis=1) - 1) / np.arange(1, logits.shape[1] + 1)


def keras_sparsemax(logits):
    falling = np.sort(logits, axis=1)[:, ::-1]
    sums = falling.cumsum(axis=1)
    stays = falling > limits_of(logits)
    total = (sums * stays).sum(axis=1, keepdims=True)
    tau = (total - 1) / stays.sum(axis=1, keepdims=True)
    return np.maximum(logits - tau, 0)


def sorted_upwards(logits):
    rising = np.sort(logits, axis=1)
    limits = (rising.cumsum(axis=1) - 1) / np.arange(1, logits.shape[1] + 1)
    return np.maximum(logits - limits.max(axis=1, keepdims=True), 0)


def not_sorted(logits):
    limits = (logits.cumsum(axis=1) - 1) / np.arange(1, logits.shape[1] + 1)
    return np.maximum(logits - limits.max(axis=1, keepdims=True), 0)


def down_the_columns(logits):
    return sparsemax(logits.T).T


def rows_turned_round(logits):
    rising = np.sort(logits, axis=1)[::-1]
    limits = (rising.cumsum(axis=1) - 1) / np.arange(1, logits.shape[1] + 1)
    return np.maximum(logits - limits.max(axis=1, keepdims=True), 0)


def sums_down_the_columns(logits):
    falling = np.sort(logits, axis=1)[:, ::-1]
    limits = (falling.cumsum(axis=0) - 1) / np.arange(1, logits.shape[1] + 1)
    return np.maximum(logits - limits.max(axis=1, keepdims=True), 0)


def rows_counted(logits):
    falling = np.sort(logits, axis=1)[:, ::-1]
    limits = (falling.cumsum(axis=1) - 1) / np.arange(1, len(logits) + 1)
    return np.maximum(logits - limits.max(axis=1, keepdims=True), 0)


def copied_from_one_row(logits):
    falling = np.sort(logits)[::-1]
    limits = (falling.cumsum() - 1) / np.arange(1, len(logits) + 1)
    return np.maximum(logits - limits.max(), 0)


def one_running_sum(logits):
    falling = np.sort(logits, axis=1)[:, ::-1]
    limits = (falling.cumsum() - 1) / np.arange(1, logits.shape[1] + 1)
    return np.maximum(logits - limits.max(), 0)


def one_limit_for_all(logits):
    return np.maximum(logits - limits_of(logits).max(), 0)


def keepdims_forgotten(logits):
    return np.maximum(logits - limits_of(logits).max(axis=1), 0)


def everybody_stays(logits):
    return np.maximum(logits - limits_of(logits)[:, -1:], 0)


def nothing_cut(logits):
    return logits - limits_of(logits).max(axis=1, keepdims=True)


def without_the_1(logits):
    falling = np.sort(logits, axis=1)[:, ::-1]
    limits = falling.cumsum(axis=1) / np.arange(1, logits.shape[1] + 1)
    return np.maximum(logits - limits.max(axis=1, keepdims=True), 0)


def shared_by_all_classes(logits):
    falling = np.sort(logits, axis=1)[:, ::-1]
    limits = (falling.cumsum(axis=1) - 1) / logits.shape[1]
    return np.maximum(logits - limits.max(axis=1, keepdims=True), 0)


def counted_from_0(logits):
    falling = np.sort(logits, axis=1)[:, ::-1]
    limits = (falling.cumsum(axis=1) - 1) / np.arange(logits.shape[1])
    return np.maximum(logits - limits.max(axis=1, keepdims=True), 0)


def smallest_limit(logits):
    limits = limits_of(logits).min(axis=1, keepdims=True)
    return np.maximum(logits - limits, 0)


def in_falling_order(logits):
    return np.sort(sparsemax(logits), axis=1)[:, ::-1]


def kept_logits(logits):
    limits = limits_of(logits).max(axis=1, keepdims=True)
    return np.where(logits > limits, logits, 0)


def softmax_of_the_kept(logits):
    limits = limits_of(logits).max(axis=1, keepdims=True)
    return softmax(np.where(logits > limits, logits, -np.inf))


def softmax_itself(logits):
    return softmax(logits)


def positive_part(logits):
    positive = np.maximum(logits, 0)
    return positive / positive.sum(axis=1, keepdims=True)


TABLE = np.array([[1.0, 0.8, 0.1], [0.2, 0.4, 0.3], [-1.0, 2.0, 1.5]])


def every_row_sums_to_1(function):
    rows = np.random.default_rng(0).normal(0, 2, (200, 6))
    return np.allclose(np.sum(function(rows), axis=1), 1, atol=1e-6)


def a_shift_of_a_row_changes_nothing(function):
    shifts = np.array([[5.0], [-20.0], [0.5]])
    return np.allclose(function(TABLE + shifts), function(TABLE.copy()), atol=1e-6)


def no_point_of_the_simplex_is_nearer(function):
    others = np.random.default_rng(0).dirichlet(np.ones(3), size=5000)
    for row, probs in zip(TABLE, np.asarray(function(TABLE.copy())), strict=True):
        nearest = ((others - row) ** 2).sum(axis=1).min()
        if ((probs - row) ** 2).sum() > nearest + 1e-6:
            return False
    return True


def a_row_does_not_depend_on_the_others(function):
    together = np.asarray(function(TABLE.copy()))
    alone = [np.asarray(function(TABLE[i : i + 1].copy()))[0] for i in range(3)]
    return np.allclose(together, alone, atol=1e-6)


ONE_ROW = "my_sparsemax(np.array([[1.0, 0.8, 0.1]])), which should be [[0.6, 0.4, 0]]"
MIXED = "my_sparsemax(np.array([[0.1, 0.8, 1.0]])), which should be [[0, 0.4, 0.6]]"
TWO_ROWS = (
    "my_sparsemax(np.array([[1.0, 0.8, 0.1], [9.0, 9.0, 0.0]])), which should be "
    "[[0.6, 0.4, 0], [0.5, 0.5, 0]]"
)
SQUARE = (
    "my_sparsemax(np.array([[1.0, 0.8], [9.0, 9.0]])), which should be "
    "[[0.6, 0.4], [0.5, 0.5]]"
)

SPARSEMAX = Exercise(
    name="sparsemax",
    reference=sparsemax,
    inputs=[
        (np.array([[1.0, 0.8, 0.1]]),),
        (TABLE,),
        (np.array([[0.3, 0.1, 0.2], [0.5, 9.0, 0.0]]),),
        (np.array([[0.0, 0.0, 0.0, 0.0], [-7.0, -7.0, -7.5, -9.0]]),),
        (np.array([[1000.0, 999.5], [-1000.0, -1000.25]]),),
        (np.array([[3.0], [-2.0]]),),  # one class
        (RNG.normal(0, 0.5, (5, 5)),),
        (RNG.normal(0, 1.5, (4, 7)),),
        (RNG.normal(0, 0.4, (6, 3)).astype(np.float32),),
    ],
    properties={
        "every row sums to 1": every_row_sums_to_1,
        "a shift of a whole row changes nothing": a_shift_of_a_row_changes_nothing,
        "no other point of the simplex is nearer": no_point_of_the_simplex_is_nearer,
        "a row does not depend on the others": a_row_does_not_depend_on_the_others,
    },
    mistakes=[
        Mistake(
            "adds up the running sums",
            keras_sparsemax,
            "Of the running sums only the last one that counts is wanted, for it is a "
            "sum already. Their sum is right only if a single class stays.",
            ONE_ROW,
        ),
        Mistake(
            "does not sort",
            not_sorted,
            "The running sums have to begin with the largest logit, wherever it stands.",
            MIXED,
        ),
        Mistake(
            "runs down the columns",
            down_the_columns,
            "Each row is one example, and its classes lie along axis 1.",
            TWO_ROWS,
        ),
        Mistake(
            "turns the table upside down",
            rows_turned_round,
            "With [::-1] the rows change places, and each still rises. Turn each row "
            "round, with a colon for the rows: [:, ::-1].",
            TWO_ROWS,
        ),
        Mistake(
            "adds up down the columns",
            sums_down_the_columns,
            "The running sums go along a row, over its classes: axis 1.",
            TWO_ROWS,
        ),
        Mistake(
            "counts the rows instead of the classes",
            rows_counted,
            "len of a table is the number of its rows. The classes are counted by "
            "logits.shape[1].",
            TWO_ROWS,
        ),
        Mistake(
            "treats the table as one row",
            copied_from_one_row,
            "These lines are for one row. In a table nearly every step needs an axis; or "
            "go through the rows in a loop.",
            TWO_ROWS,
        ),
        Mistake(
            "makes one running sum of all rows",
            one_running_sum,
            "Without an axis, cumsum walks through the whole table. Give it axis=1.",
            TWO_ROWS,
        ),
        Mistake(
            "takes one limit for all rows",
            one_limit_for_all,
            "Every row has a limit of its own: the maximum needs axis=1.",
            TWO_ROWS,
        ),
        Mistake(
            "forgets keepdims",
            keepdims_forgotten,
            "The N limits have to stand in a column, one beside each row. Without "
            "keepdims=True they lie in a row, and row and column are mixed up.",
            SQUARE,
        ),
        *[
            Mistake(
                "lets every class stay",
                wrong,
                "The limit for all K classes is right only if none is cut; take the "
                "largest of the limits. And np.sort rises: unless you turn the rows "
                "round, the running sums begin with the smallest logit.",
                ONE_ROW,
            )
            for wrong in (everybody_stays, sorted_upwards)
        ],
        Mistake(
            "takes the smallest limit",
            smallest_limit,
            "With a limit below the largest, too much is left over, and the row sums to "
            "more than 1.",
            ONE_ROW,
        ),
        Mistake(
            "does not cut",
            nothing_cut,
            "Classes below the limit have come out negative. They get 0.",
            ONE_ROW,
        ),
        Mistake(
            "forgets the 1",
            without_the_1,
            "Then the limit is the mean of the largest logits, and nothing is left above "
            "it. What stays is to sum to 1: that much less is taken away.",
            ONE_ROW,
        ),
        Mistake(
            "divides by the number of all classes",
            shared_by_all_classes,
            "Only those that stay give something up. The first sum is divided by 1, the "
            "second by 2, and so on.",
            ONE_ROW,
        ),
        Mistake(
            "counts from 0",
            counted_from_0,
            "np.arange(K) begins with 0, and the first sum is divided by it. Begin "
            "with 1.",
            ONE_ROW,
        ),
        Mistake(
            "returns the rows sorted",
            in_falling_order,
            "Sorting finds the limit. The answer keeps the classes in their places.",
            MIXED,
        ),
        Mistake(
            "keeps the logits as they were",
            kept_logits,
            "The right classes stay, but each has to give up the limit as well.",
            ONE_ROW,
        ),
        Mistake(
            "applies softmax to those that stay",
            softmax_of_the_kept,
            "The zeros are in the right places. But those that stay keep their "
            "differences, not the ratios of softmax.",
            ONE_ROW,
        ),
        Mistake(
            "returns softmax",
            softmax_itself,
            "Softmax leaves every class something. Here the hopeless ones get exactly 0.",
            ONE_ROW,
        ),
        Mistake(
            "cuts at 0 and divides by the sum",
            positive_part,
            "That cuts at 0, whatever the logits are, so a shift of the row changes the "
            "answer. The limit has to come from the row itself.",
            ONE_ROW,
        ),
    ],
    hints=[
        "For one row you have seen it: sort, running sums, limits, the largest limit. "
        "Which steps need an axis?",
        "Sort along axis 1 and turn each row round with [:, ::-1]. The running sums go "
        "along axis 1 as well.",
        "The largest limit of each row, as a column: max with axis=1 and keepdims=True. "
        "Take it from the logits and cut at 0.",
    ],
    reason="Every class that stays gives up the same amount, the largest of the limits, "
    "and what would fall below 0 is cut. What is left of each row sums to 1.",
)


# 3. A test that finds a broken library


def is_sound(function):
    logits = np.random.default_rng(0).normal(0, 2, size=(1000, 5))
    probs = function(logits)
    sums = probs.sum(axis=1)
    return bool((probs >= 0).all() and np.allclose(sums, 1))


def tried(logits, test):
    """A property test that hands over `logits`."""
    return lambda function: bool(test(np.asarray(function(logits.copy()))))


def both(probs):
    return (probs >= 0).all() and np.allclose(probs.sum(axis=1), 1)


MANY = np.random.default_rng(1).normal(0, 2, (1000, 5))
documented = tried(np.array([[-1.0, 0.0, 1.0]]), both)
running_example = tried(np.array([[2.0, 1.0, 0.1]]), both)
one_random_row = tried(np.array([[1.0, 0.8, 0.1]]), both)
sums_alone = tried(MANY, lambda p: np.allclose(p.sum(axis=1), 1))
signs_alone = tried(MANY, lambda p: ((p >= 0) & (p <= 1)).all())
sums_exactly = tried(MANY, lambda p: (p >= 0).all() and (p.sum(axis=1) == 1).all())
zeros_refused = tried(
    MANY, lambda p: (p > 0).all() and np.allclose(p.sum(axis=1), 1, atol=1e-6)
)
columns = tried(MANY, lambda p: (p >= 0).all() and np.allclose(p.sum(axis=0), 1))
mean_sum = tried(MANY, lambda p: (p >= 0).all() and np.isclose(p.sum(axis=1).mean(), 1))
first_row = tried(MANY, lambda p: both(p[:1]))
any_row = tried(MANY, lambda p: (p >= 0).all() and np.isclose(p.sum(axis=1), 1).any())
whole_sum = tried(MANY, lambda p: (p >= 0).all() and np.isclose(p.sum(), 1))
as_softmax = tried(MANY, lambda p: np.allclose(p, softmax(MANY)))
upside_down = tried(MANY, lambda p: not both(p))


# What it is tried on


def winner_takes_all(logits):
    return np.eye(logits.shape[1])[logits.argmax(axis=1)]


def softmax_of_the_halves(logits):
    return softmax(logits / 2)


def sparsemax_in_float32(logits):
    return sparsemax(logits).astype(np.float32)


def plain_division(logits):
    return logits / logits.sum(axis=1, keepdims=True)


def sigmoid(logits):
    return 1 / (1 + np.exp(-logits))


def softmax_of_the_columns(logits):
    weights = np.exp(logits)
    return weights / weights.sum(axis=0)


def softmax_of_the_table(logits):
    weights = np.exp(logits - logits.max())
    return weights / weights.mean() / logits.shape[1]


def first_row_for_all(logits):
    weights = np.exp(logits - logits.max())
    return weights / weights[0].sum()


def softmax_of_the_whole(logits):
    weights = np.exp(logits - logits.max())
    return weights / weights.sum()


def one_row_at_a_time(function):
    return all(both(np.asarray(function(MANY[i : i + 1]))) for i in range(100))


def it_tries_many_rows(function):
    seen = []

    def counted(logits):
        seen.append(len(logits))
        return softmax(np.asarray(logits, float))

    function(counted)
    return sum(seen) >= 10


def asked_again_it_says_the_same(function):
    tried_on = (softmax, sparsemax, keras_sparsemax, sigmoid)
    return all(
        bool(function(one)) == bool(function(one)) for one in tried_on for _ in range(5)
    )


def half_the_sum_is_found(function):
    return not function(lambda logits: softmax(logits) / 2)


FIRST_ROW = (
    "my_property_test(lambda z: np.exp(z) / np.exp(z[0]).sum()), which should be False"
)
NEGATIVE = "my_property_test(lambda z: z / z.sum(axis=1, keepdims=True)), which should be False"
WINNER = "my_property_test(lambda z: np.eye(z.shape[1])[z.argmax(axis=1)]), which should be True"
IN_FLOAT32 = (
    "my_property_test(lambda z: (np.exp(z) / np.exp(z).sum(axis=1, keepdims=True))"
    ".astype(np.float32)), which should be True"
)
SIGMOIDS = "my_property_test(lambda z: 1 / (1 + np.exp(-z))), which should be False"

PROPERTY_TEST = Exercise(
    name="property test",
    reference=is_sound,
    inputs=[
        (softmax,),
        (keras_sparsemax,),
        (sparsemax,),
        (plain_division,),
        (sigmoid,),
        (softmax_of_the_columns,),
        (softmax_of_the_table,),
        (softmax_of_the_whole,),
        (first_row_for_all,),
        (sparsemax_in_float32,),
        (winner_takes_all,),
        (softmax_of_the_halves,),
    ],
    properties={
        "it tries ten rows or more": it_tries_many_rows,
        "asked again, it gives the same verdict": asked_again_it_says_the_same,
        "it finds rows that sum to one half": half_the_sum_is_found,
    },
    mistakes=[
        *[
            Mistake(
                "tries one example",
                wrong,
                "One row can come out right by luck. Draw many rows at random, and look "
                "at what comes out for every one of them.",
                FIRST_ROW,
            )
            for wrong in (documented, running_example, one_random_row)
        ],
        Mistake(
            "looks at the sums alone",
            sums_alone,
            "Negative shares can sum to 1 as well: plain division of negative logits "
            "gives them. No share may be below 0.",
            NEGATIVE,
        ),
        Mistake(
            "looks at the range alone",
            signs_alone,
            "Sigmoids lie between 0 and 1 too. Each row has to sum to 1.",
            SIGMOIDS,
        ),
        Mistake(
            "wants sums of exactly 1",
            sums_exactly,
            "Floats are rounded, and a right row may sum to 0.9999999. Allow a little: "
            "np.allclose does.",
            IN_FLOAT32,
        ),
        Mistake(
            "refuses a probability of 0",
            zeros_refused,
            "Sparsemax gives zeros on purpose. Compare with >= 0.",
            WINNER,
        ),
        Mistake(
            "adds up the columns",
            columns,
            "Each row is one example, so its sum runs along axis 1.",
            WINNER,
        ),
        Mistake(
            "looks at the mean of the sums",
            mean_sum,
            "Too much in one row and too little in the next cancel in a mean. Each row "
            "has to sum to 1.",
            "my_property_test(lambda z: np.exp(z) * len(z) / np.exp(z).sum()), which "
            "should be False",
        ),
        Mistake(
            "looks at the first row alone",
            first_row,
            "The other rows may be wrong. Use all() over all rows.",
            FIRST_ROW,
        ),
        Mistake(
            "hands over one row at a time",
            one_row_at_a_time,
            "Some functions are right for a table of one row, and mix up the rows of a "
            "larger one. Hand over many rows in one table.",
            FIRST_ROW,
        ),
        Mistake(
            "is content with one right row",
            any_row,
            "One right row among many proves nothing. Use all(), not any().",
            FIRST_ROW,
        ),
        Mistake(
            "adds up the whole table",
            whole_sum,
            "The whole table sums to the number of its rows. Take a sum for each row.",
            WINNER,
        ),
        Mistake(
            "compares with softmax",
            as_softmax,
            "Sparsemax is no softmax, and sound all the same. Ask for what holds for "
            "every such function: no share below 0, and sums of 1.",
            WINNER,
        ),
        Mistake(
            "gives the opposite verdict",
            upside_down,
            "True is to mean that the function is sound.",
            WINNER,
        ),
    ],
    hints=[
        "Two things hold for every row of probabilities. Which?",
        "Draw a table of some hundred rows with np.random.default_rng(0).normal, hand it "
        "to the function, and look at what comes back.",
        "No share below 0, with all(); the sums along axis 1 close to 1, with "
        "np.allclose.",
    ],
    reason="Nobody needs to know the right answers: that no share is below 0 and that "
    "every row sums to 1 can be tested on rows that nobody has worked out.",
)


# 4. The probability of a whole order


def order_probability(logits, order):
    falling = logits[order]
    chance = 1.0
    for place in range(len(falling)):
        rest = falling[place:]
        chance /= np.exp(rest - rest[0]).sum()
    return chance


def divided_by_1_less_the_placed(logits, order):
    probs = softmax(logits)[order]
    return np.prod(probs / (1 - (np.cumsum(probs) - probs)))


def divided_by_what_is_left(logits, order):
    probs, product, left = softmax(logits), 1.0, 1.0
    for runner in order:
        product *= probs[runner] / left
        left -= probs[runner]
    return product


def left_over(values):
    """What is still there for each place."""
    return [values[place:] for place in range(len(values))]


def nobody_removed(logits, order):
    return softmax(logits).prod()


def places_not_followed(logits, order):
    left, chance = list(logits), 1.0
    for runner in order:
        chance *= softmax(np.array(left))[runner]
        left.pop(runner)
    return chance


def sum_of_the_shares(logits, order):
    return sum(softmax(rest)[0] for rest in left_over(logits[order]))


def places_for_an_order(logits, order):
    return order_probability(logits, np.argsort(order))


def winner_alone(logits, order):
    return softmax(logits)[order[0]]


def from_the_last(logits, order):
    return order_probability(logits, order[::-1])


def order_ignored(logits, order):
    return order_probability(logits, np.arange(len(logits)))


def always_falling(logits, order):
    return order_probability(logits, np.argsort(-logits))


def shares_of_strengths(logits, order):
    return np.prod([rest[0] / rest.sum() for rest in left_over(logits[order])])


def neighbours(logits, order):
    falling = logits[order]
    return np.prod(1 / (1 + np.exp(falling[1:] - falling[:-1])))


def without_maximum(logits, order):
    weights = np.exp(logits[order])
    return np.prod([rest[0] / rest.sum() for rest in left_over(weights)])


def log_returned(logits, order):
    return np.log(order_probability(logits, order))


def one_factor_for_each(logits, order):
    return np.array([softmax(rest)[0] for rest in left_over(logits[order])])


def renormalised_never(logits, order):
    probs = softmax(logits)[order]
    return np.prod(probs[:-1])


def all_orders_sum_to_1(function):
    from itertools import permutations

    for row in (FIELD, np.array([0.3, -1.0, 2.0, 1.9])):
        orders = map(np.array, permutations(range(len(row))))
        if not np.isclose(sum(function(row.copy(), order) for order in orders), 1):
            return False
    return True


def two_are_a_sigmoid(function):
    got = [
        function(np.array([2.0, 1.0]), np.array(order)) for order in ([0, 1], [1, 0])
    ]
    return np.allclose(got, [1 / (1 + np.exp(-1)), 1 / (1 + np.exp(1))])


def a_shift_changes_nothing(function):
    order = np.array([2, 0, 1])
    return np.isclose(function(FIELD + 50, order), function(FIELD.copy(), order))


def the_falling_order_is_likeliest(function):
    from itertools import permutations

    orders = list(permutations(range(3)))
    chances = [function(FIELD.copy(), np.array(order)) for order in orders]
    return orders[int(np.argmax(chances))] == (0, 1, 2)


FIELD = np.array([2.0, 1.0, 0.1])
CYCLE = (
    "my_order_probability(np.array([2.0, 1.0, 0.1]), np.array([1, 2, 0])), which "
    "should be 0.0315"
)
STRAIGHT = (
    "my_order_probability(np.array([2.0, 1.0, 0.1]), np.array([0, 1, 2])), which "
    "should be 0.4685"
)
LARGE = (
    "my_order_probability(np.array([1000.0, 1000.0]), np.array([0, 1])), which should "
    "be 0.5"
)

ORDER_PROBABILITY = Exercise(
    name="order probability",
    reference=order_probability,
    inputs=[
        (FIELD, np.array([0, 1, 2])),
        (FIELD, np.array([1, 2, 0])),
        (FIELD, np.array([2, 1, 0])),
        (np.array([2.0, 1.0]), np.array([1, 0])),
        (np.array([1000.0, 1000.5, 999.0]), np.array([1, 0, 2])),
        (np.array([0.0, 0.0, 0.0, 0.0]), np.array([3, 1, 2, 0])),
        (np.array([-1.0, 0.5, 1.5, -0.5, 0.25]), np.array([2, 4, 1, 0, 3])),
        (np.array([4.0]), np.array([0])),  # one runner
        (RNG.normal(0, 1, 4), np.array([3, 0, 2, 1])),
        (RNG.normal(0, 1, 3).astype(np.float32), np.array([1, 2, 0])),
        (np.array([40.0, 1.0, 0.0]), np.array([0, 1, 2])),  # 1 - p is rounded to 0
    ],
    properties={
        "all orders together have the probability 1": all_orders_sum_to_1,
        "for two it is the sigmoid of their difference": two_are_a_sigmoid,
        "a shift of all strengths changes nothing": a_shift_changes_nothing,
        "the order of falling strengths is the likeliest": (
            the_falling_order_is_likeliest
        ),
    },
    mistakes=[
        *[
            Mistake(
                "divides by what is left",
                wrong,
                "Right on paper. But after a winner that leads by 40, 1 - p is rounded to "
                "0. Take softmax of the logits that are left.",
                "my_order_probability(np.array([40.0, 1.0, 0.0]), np.array([0, 1, 2])), "
                "which should be 0.731",
            )
            for wrong in (divided_by_what_is_left, divided_by_1_less_the_placed)
        ],
        Mistake(
            "never removes the winner",
            nobody_removed,
            "This is the product of everybody's chance to win, the same for every order. "
            "Who has a place is out: softmax runs over the rest.",
            STRAIGHT,
        ),
        Mistake(
            "keeps the old shares for the later places",
            renormalised_never,
            "Once the winner is out, the others share the whole cake again: softmax over "
            "the rest, not the old shares.",
            STRAIGHT,
        ),
        Mistake(
            "loses the places after a removal",
            places_not_followed,
            "Once somebody is removed, those behind move up, and runner 2 may stand in "
            "place 1. Put the strengths in the order asked for, before the loop.",
            CYCLE,
        ),
        Mistake(
            "adds the chances",
            sum_of_the_shares,
            "First place, and then second, and then third: chances of things that happen "
            "one after another are multiplied.",
            STRAIGHT,
        ),
        Mistake(
            "takes the order for a list of places",
            places_for_an_order,
            "order[0] is the runner who comes first, not the place that runner 0 takes.",
            CYCLE,
        ),
        Mistake(
            "stops after the winner",
            winner_alone,
            "That is the chance of the first place. The others are still to be run for.",
            STRAIGHT,
        ),
        Mistake(
            "begins with the last",
            from_the_last,
            "The order begins with the winner, who is chosen from all. The last place "
            "is what is left.",
            STRAIGHT,
        ),
        Mistake(
            "ignores the order",
            order_ignored,
            "The strengths are taken in the order of the list. Index them with the "
            "order first.",
            CYCLE,
        ),
        Mistake(
            "sorts by strength",
            always_falling,
            "That is the chance of the likeliest order, whichever was asked for. Weak "
            "runners win now and then.",
            CYCLE,
        ),
        Mistake(
            "divides strengths by their sum",
            shares_of_strengths,
            "Strengths are logits. Their exponentials are divided by the sum, and a "
            "shift changes nothing.",
            STRAIGHT,
        ),
        Mistake(
            "compares neighbours only",
            neighbours,
            "The winner has to beat all the others, not the second alone. Each place is "
            "won against all that are left.",
            STRAIGHT,
        ),
        Mistake(
            "does not subtract a maximum",
            without_maximum,
            "The exponential of 1000 is inf, and inf / inf is nan. Only differences "
            "count: subtract one of the strengths first.",
            LARGE,
        ),
        Mistake(
            "returns the log",
            log_returned,
            "The log is good for adding up. A probability is asked for: take exp at the "
            "end.",
            STRAIGHT,
        ),
        Mistake(
            "does not multiply",
            one_factor_for_each,
            "Each place has its factor. The answer is one number, their product.",
            STRAIGHT,
        ),
    ],
    hints=[
        "Who wins? Softmax over all. And who comes second, once the winner is out?",
        "Put the strengths in the order asked for. For each place, softmax runs over "
        "that place and all after it.",
        "A loop over the places: multiply by what softmax gives to the first of those "
        "who are left. The last factor is 1.",
    ],
    reason="Each place is won against those who are left, with softmax. The factors "
    "multiply, and over all orders the products sum to 1.",
)

EXERCISES = [LOGIT_AVERAGE, SPARSEMAX, PROPERTY_TEST, ORDER_PROBABILITY]
