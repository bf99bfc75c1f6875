"""The exercises of lesson 4: which way is better?"""

import numpy as np

from softmax_lab.lessons.exercise import Exercise, Mistake

RNG = np.random.default_rng(4)
ROW = np.array([2.0, 1.0, 0.1])


def softmax(logits):
    weights = np.exp(logits - logits.max())
    return weights / weights.sum()


# 1. The gradient


def gradient(logits, label):
    weights = np.exp(logits - logits.max())
    probs = weights / weights.sum()
    targets = np.zeros(len(logits))
    targets[label] = 1
    return probs - targets


def one_hot(logits, label):
    return np.eye(len(logits))[label]


def true_less_said(logits, label):
    return one_hot(logits, label) - softmax(logits)


def truth_added(logits, label):
    return softmax(logits) + one_hot(logits, label)


def truth_forgotten(logits, label):
    return softmax(logits)


def label_itself_subtracted(logits, label):
    return softmax(logits) - label


def softmax_forgotten(logits, label):
    return logits - one_hot(logits, label)


def without_maximum(logits, label):
    weights = np.exp(logits)
    return weights / weights.sum() - one_hot(logits, label)


def slopes_of_softmax(logits, label):
    probs = softmax(logits)
    return probs * (1 - probs)


def only_the_label(logits, label):
    return (softmax(logits) - 1) * one_hot(logits, label)


def diagonal_of_the_chain(logits, label):
    probs = softmax(logits)
    return -one_hot(logits, label) / probs * (probs * (1 - probs))


def by_the_probabilities(logits, label):
    return -one_hot(logits, label) / softmax(logits)


def divided_by_the_classes(logits, label):
    return (softmax(logits) - one_hot(logits, label)) / len(logits)


def doubled(logits, label):
    return 2 * (softmax(logits) - one_hot(logits, label))


def of_squared_error(logits, label):
    probs = softmax(logits)
    slopes = np.diag(probs) - np.outer(probs, probs)
    return slopes @ (2 * (probs - one_hot(logits, label)))


def it_sums_to_0(function):
    rows = [ROW, np.array([1000.0, 0.0]), np.array([-9.0, -9.0, 4.0, 0.0])]
    return all(abs(np.sum(function(row, 1))) < 1e-5 for row in rows)


def only_the_label_is_below_0(function):
    return all(
        np.array_equal(np.less(function(ROW, k), 0), np.arange(3) == k)
        for k in range(3)
    )


def a_step_against_it_lowers_the_loss(function):
    logits = np.array([0.0, 3.0, -1.0])
    moved = logits - 0.1 * np.asarray(function(logits.copy(), 0))
    return softmax(moved)[0] > softmax(logits)[0]


def a_shift_changes_nothing(function):
    row = np.array([2.0, 1.0, 0.5])
    return np.allclose(function(row + 4096, 1), function(row, 1), atol=1e-5)


RUNNING = (
    "my_gradient(np.array([2.0, 1.0, 0.1]), 1), which should be [0.659, -0.758, 0.099]"
)

GRADIENT = Exercise(
    name="gradient",
    reference=gradient,
    inputs=[
        (ROW, 1),
        (ROW, 0),
        (ROW, 2),
        (np.array([3.0, 3.0, 3.0, 3.0]), 2),
        (np.array([1000.0, 1000.0]), 0),
        (np.array([-1000.0, -1001.0, -1002.0]), 2),
        (np.array([0.0, -800.0]), 1),
        (np.array([5.0]), 0),  # one class
        (RNG.normal(0, 3, 6), 4),
        (RNG.normal(0, 3, 4).astype(np.float32), 3),
    ],
    properties={
        "the gradient sums to 0": it_sums_to_0,
        "only the entry of the label is below 0": only_the_label_is_below_0,
        "a small step against it makes the label likelier": (
            a_step_against_it_lowers_the_loss
        ),
        "a shift of all logits changes nothing": a_shift_changes_nothing,
    },
    mistakes=[
        Mistake(
            "returns y - p",
            true_less_said,
            "This points downhill, the way a step should go. The gradient points uphill: "
            "raising the true logit lowers the loss, so its entry is below 0.",
            RUNNING,
        ),
        Mistake(
            "adds y instead of subtracting it",
            truth_added,
            "Then all entries are positive, as if lowering the true logit helped. What "
            "the model says less what is true: p - y.",
            RUNNING,
        ),
        Mistake(
            "forgets y",
            truth_forgotten,
            "p alone never looks at the label. The true class has y = 1, so 1 is taken "
            "from its entry.",
            RUNNING,
        ),
        Mistake(
            "subtracts the label's number",
            label_itself_subtracted,
            "A label of 2 is the name of a class, not an amount to take from every "
            "entry. y is 1 at the label's place and 0 elsewhere.",
            RUNNING,
        ),
        Mistake(
            "subtracts y from the logits",
            softmax_forgotten,
            "The gradient compares probabilities with the truth, and logits are none: "
            "with these entries a shift would change the gradient. Softmax comes first.",
            RUNNING,
        ),
        Mistake(
            "does not subtract the maximum",
            without_maximum,
            "e^1000 is inf, and inf / inf is nan. Softmax needs the maximum subtracted, "
            "in a gradient as anywhere.",
            "my_gradient(np.array([1000.0, 1000.0]), 0), which should be [-0.5, 0.5]",
        ),
        Mistake(
            "returns the slopes p(1 - p)",
            slopes_of_softmax,
            "These are the slopes of each probability by its own logit, for softmax "
            "alone. The loss takes the log of one probability, which every logit moves; "
            "p - y is what the chain rule leaves.",
            RUNNING,
        ),
        *[
            Mistake(
                "moves the label's own logit only",
                wrong,
                "The other logits matter too: when one of them rises, the label's share "
                "falls. Their entries are their probabilities, 0.659 and 0.099 here, "
                "not 0.",
                RUNNING,
            )
            for wrong in (only_the_label, diagonal_of_the_chain)
        ],
        Mistake(
            "stops at the probabilities",
            by_the_probabilities,
            "-1 / p is the slope of the loss by the label's probability. The logits lie "
            "one step further back: multiply by the slopes of softmax, and p - y is left.",
            RUNNING,
        ),
        Mistake(
            "divides by the number of classes",
            divided_by_the_classes,
            "The loss of one example is no mean over classes: only the true one counts. "
            "You divide by the number of examples when you average their losses.",
            RUNNING,
        ),
        Mistake(
            "keeps a factor of 2",
            doubled,
            "A 2 comes from a square, and there is none in -log p. The gradient is p - y "
            "as it is.",
            RUNNING,
        ),
        Mistake(
            "takes the gradient of squared error",
            of_squared_error,
            "That is the gradient of the sum of (p - y)^2, and it fades when the model "
            "is surely wrong: for [0, -800] and label 1 it is 0. That of cross-entropy "
            "is [1, -1] there.",
            "my_gradient(np.array([0.0, -800.0]), 1), which should be [1, -1]",
        ),
    ],
    hints=[
        "What does the model say, and what is true? The gradient is the one less the "
        "other.",
        "What it says is softmax of the logits, the stable one. What is true is 1 at the "
        "label and 0 elsewhere.",
        "Make an array of zeros with as many entries as there are logits, and put a 1 at "
        "the label: that is y.",
    ],
    reason="The loss is log-sum-exp less the label's logit. The slope of log-sum-exp is "
    "softmax, that of the label's logit is 1 in one place: p - y.",
)


# 2. The Jacobian


def jacobian(probs):
    return np.diag(probs) - np.outer(probs, probs)


def only_the_diagonal(probs):
    return np.diag(probs * (1 - probs))


def only_its_entries(probs):
    return probs * (1 - probs)


def product_added(probs):
    return np.diag(probs) + np.outer(probs, probs)


def minus_the_jacobian(probs):
    return np.outer(probs, probs) - np.diag(probs)


def diagonal_forgotten(probs):
    return -np.outer(probs, probs)


def identity_for_the_diagonal(probs):
    return np.eye(len(probs)) - np.outer(probs, probs)


def transpose_of_one_row(probs):
    return np.diag(probs) - probs * probs.T


def inner_product(probs):
    return np.diag(probs) - probs @ probs


def product_with_the_rest(probs):
    return np.outer(probs, 1 - probs)


def only_the_product(probs):
    return np.outer(probs, probs)


def vector_not_on_the_diagonal(probs):
    return probs - np.outer(probs, probs)


FOUR = np.array([0.4, 0.3, 0.2, 0.1])


def rows_and_columns_sum_to_0(function):
    table = np.asarray(function(FOUR.copy()))
    sums = [table.sum(axis=0), table.sum(axis=1)]
    return np.allclose(sums, 0, atol=1e-6)


def it_is_symmetric(function):
    table = np.asarray(function(FOUR.copy()))
    return np.allclose(table, table.T, atol=1e-6)


def it_foretells_a_small_step(function):
    step = np.array([0.001, -0.002, 0.001])
    moved = softmax(ROW + step) - softmax(ROW)
    return np.allclose(np.asarray(function(softmax(ROW))) @ step, moved, atol=1e-5)


TWO_SEVENTHS = "my_jacobian(np.array([0.7, 0.3])), which should be "
TABLE = TWO_SEVENTHS + "[[0.21, -0.21], [-0.21, 0.21]]"

JACOBIAN = Exercise(
    name="jacobian",
    reference=jacobian,
    inputs=[
        (softmax(ROW),),
        (np.array([0.7, 0.3]),),
        (np.array([0.5, 0.5]),),
        (np.full(5, 0.2),),
        (np.array([1.0, 0.0]),),  # certain: nothing moves
        (np.array([1.0]),),  # one class
        (np.array([0.998, 0.001, 0.001]),),
        (RNG.dirichlet(np.ones(6)),),
        (np.array([0.125, 0.25, 0.625], np.float32),),
    ],
    properties={
        "all rows and columns sum to 0": rows_and_columns_sum_to_0,
        "it is symmetric": it_is_symmetric,
        "it foretells what a small step of the logits does": it_foretells_a_small_step,
    },
    mistakes=[
        Mistake(
            "fills the diagonal only",
            only_the_diagonal,
            "p(1 - p) ties each probability to its own logit. But all share one cake: "
            "when a logit rises, every other probability falls, at a rate of -p_i p_j.",
            TABLE,
        ),
        Mistake(
            "returns the diagonal as a row",
            only_its_entries,
            "There are K probabilities and K logits, so K times K slopes. Yours are "
            "those of each probability by its own logit, the diagonal of the table.",
            TABLE,
        ),
        Mistake(
            "adds the products",
            product_added,
            "With a plus, a rising logit would lift all probabilities at once, and they "
            "could no longer sum to 1. The products are subtracted.",
            TABLE,
        ),
        Mistake(
            "has the wrong sign",
            minus_the_jacobian,
            "A probability rises with its own logit, so the diagonal is positive, "
            "p(1 - p), and everything else negative.",
            TABLE,
        ),
        Mistake(
            "forgets the diagonal",
            diagonal_forgotten,
            "-p_i p_j is right off the diagonal. On it p_i is added, which makes "
            "p_i (1 - p_i): a probability rises with its own logit.",
            TABLE,
        ),
        Mistake(
            "returns the products alone",
            only_the_product,
            "The products p_i p_j are what is subtracted. Off the diagonal they need a "
            "minus, and on it they are taken from p_i.",
            TABLE,
        ),
        Mistake(
            "puts ones on the diagonal instead of p",
            identity_for_the_diagonal,
            "With np.eye the diagonal becomes 1 - p^2, and the rows do not sum to 0. The "
            "diagonal starts from the probabilities.",
            TABLE,
        ),
        Mistake(
            "transposes an array with one axis",
            transpose_of_one_row,
            "probs.T of shape (K,) is probs again, so the product is no table but p^2, "
            "subtracted from every row. All pairs p_i p_j come from np.outer.",
            TABLE,
        ),
        Mistake(
            "takes the inner product",
            inner_product,
            "probs @ probs is one number, the sum of the squares. All pairs p_i p_j are "
            "a table, and come from np.outer.",
            TABLE,
        ),
        Mistake(
            "multiplies p_i by 1 - p_j everywhere",
            product_with_the_rest,
            "p_i (1 - p_j) is right for i = j only. Elsewhere the 1 is missing: the "
            "slope is -p_i p_j, below 0.",
            TABLE,
        ),
        Mistake(
            "puts p into every row, not on the diagonal",
            vector_not_on_the_diagonal,
            "NumPy subtracts a table from a row by repeating the row. Only the diagonal "
            "holds p: np.diag makes such a table.",
            TABLE,
        ),
    ],
    hints=[
        "When a logit rises, what happens to its own probability, and what to the others?",
        "On the diagonal stands p_i (1 - p_i) = p_i - p_i p_i, elsewhere -p_i p_j. What "
        "do all entries have in common?",
        "np.outer gives all products p_i p_j at once, and np.diag a table with p on its "
        "diagonal.",
    ],
    reason="Every entry loses p_i p_j, and only the diagonal also gains p_i. Rows sum to "
    "0, because the probabilities always sum to 1.",
)


# 3. The finite difference


def formula(text):
    """A function of x that is shown as its formula."""
    function = eval(f"lambda x: {text}")
    function.__name__ = text
    return function


def finite_difference(function, x):
    gradient = np.zeros(len(x))
    for i in range(len(x)):
        step = np.zeros(len(x))
        step[i] = 1e-5
        gradient[i] = (function(x + step) - function(x - step)) / 2e-5
    return gradient


def steps(x, h):
    return h * np.eye(len(x))


def forward(h):
    return lambda function, x: np.array(
        [(function(x + step) - function(x)) / h for step in steps(x, h)]
    )


def backward(h):
    return lambda function, x: np.array(
        [(function(x) - function(x - step)) / h for step in steps(x, h)]
    )


def half_forward(h):
    return lambda function, x: forward(h)(function, x) / 2


def central(h):
    return lambda function, x: np.array(
        [(function(x + s) - function(x - s)) / (2 * h) for s in steps(x, h)]
    )


def not_divided(h):
    return lambda function, x: np.array(
        [function(x + step) - function(x - step) for step in steps(x, h)]
    )


def divided_by_one_step(function, x):
    return 2 * finite_difference(function, x)


def wrong_way_round(function, x):
    return -finite_difference(function, x)


def all_moved_at_once(function, x):
    return (function(x + 1e-5) - function(x - 1e-5)) / 2e-5


def all_moved_for_each(function, x):
    return np.full(len(x), all_moved_at_once(function, x))


def never_moved_back(h):
    def moved(function, x):
        gradient = np.zeros(len(x))
        for i in range(len(x)):
            x[i] += h
            above = function(x)
            x[i] -= 2 * h
            gradient[i] = (above - function(x)) / (2 * h)
        return gradient

    return moved


def moved_back_by_arithmetic(h):
    def moved(function, x):
        gradient = np.zeros(len(x))
        for i in range(len(x)):
            x[i] += h
            above = function(x)
            x[i] -= 2 * h
            gradient[i] = (above - function(x)) / (2 * h)
            x[i] += h
        return gradient

    return moved


def cross_entropy_of_label_1(logits):
    shifted = logits - logits.max()
    return np.log(np.exp(shifted).sum()) - shifted[1]


def it_finds_p_less_y(function):
    theirs = function(cross_entropy_of_label_1, ROW.copy())
    return np.allclose(theirs, gradient(ROW, 1), rtol=0, atol=1e-6)


def it_works_far_from_0(function):
    theirs = function(lambda x: x[0] ** 2 * x[1], np.array([30.0, -2.0]))
    return np.allclose(theirs, [-120, 900], rtol=1e-4)


def it_is_exact_at_the_bottom_of_a_parabola(function):
    return np.allclose(function(lambda x: (x**2).sum(), np.zeros(3)), 0, atol=1e-12)


# No cubes, and small numbers: so every sensible step gives all the digits.
BOWL = formula("(x**2).sum()")
PRODUCT = formula("x[0]**2 + 3 * x[0] * x[1]")
PLANE = formula("3 * x[0] - 2 * x[1] + x[2]")
PARABOLA = formula("4 * x[0]**2 - x[0]")
STEPS = [1e-1, 1e-2, 1e-3, 1e-4, 1e-5, 1e-6, 1e-7, 1e-8]
TINY = [1e-10, 1e-11, 1e-12, 1e-13, 1e-14, 1e-15, 1e-16, 1e-18, 1e-20]

SQUARES = "my_finite_difference(lambda x: (x**2).sum(), np.array("
AT_1_3 = SQUARES + "[1.0, 3.0])), which should be [2, 6]"
AT_0 = (
    "my_finite_difference(lambda x: (x**2).sum(), np.zeros(2)) == 0, which should be "
    "[True, True]"
)

FINITE_DIFFERENCE = Exercise(
    name="finite difference",
    reference=finite_difference,
    inputs=[
        (BOWL, np.zeros(3)),
        (BOWL, np.array([0.01, -0.02])),
        (PLANE, np.array([0.01, 0.02, -0.01])),
        (PRODUCT, np.array([0.02, -0.01])),
        (PRODUCT, np.array([-0.01, 0.015])),
        (PARABOLA, np.array([0.02])),
        (PARABOLA, np.zeros(1)),
        (BOWL, RNG.normal(0, 0.01, 5)),
    ],
    properties={
        "its step is small enough to find p - y, for the cross-entropy, to six digits": (
            it_finds_p_less_y
        ),
        "it works far from 0, too": it_works_far_from_0,
        "at the bottom of a parabola it is 0": it_is_exact_at_the_bottom_of_a_parabola,
    },
    mistakes=[
        *[
            Mistake(
                "looks forward only",
                forward(h),
                "f(x + h) - f(x) is the slope half a step ahead, so it is off by about "
                "half of h times the curvature: for x^2 at 0 it gives h and not 0. Look "
                "as far back as ahead, and the error nearly cancels.",
                AT_0,
            )
            for h in STEPS
        ],
        *[
            Mistake(
                "looks backward only",
                backward(h),
                "f(x) - f(x - h) is the slope half a step behind: for x^2 at 0 it gives "
                "-h and not 0. Look as far ahead as back, and the error nearly cancels.",
                AT_0,
            )
            for h in STEPS
        ],
        *[
            Mistake(
                "looks forward one step and divides by two",
                half_forward(h),
                "From x to x + h is one step, from x - h to x + h are two. Divide by 2h "
                "only if you look both ways.",
                AT_1_3,
            )
            for h in STEPS
        ],
        *[
            Mistake(
                "does not divide by the step",
                not_divided(h),
                "This is a rise, not a slope, and it shrinks with the step. Divide it by "
                "the way between the two points, 2h.",
                AT_1_3,
            )
            for h in STEPS
        ],
        Mistake(
            "divides by one step instead of two",
            divided_by_one_step,
            "From x - h to x + h the way is 2h, so your slopes are twice too steep.",
            AT_1_3,
        ),
        Mistake(
            "subtracts the wrong way round",
            wrong_way_round,
            "The value behind is subtracted from the value ahead: f(x + h) - f(x - h). "
            "The other way round, uphill looks like downhill.",
            AT_1_3,
        ),
        Mistake(
            "moves all coordinates at once",
            all_moved_at_once,
            "x + h moves every coordinate, so you get one number, the sum of all slopes. "
            "Move one coordinate at a time and leave the others where they are.",
            AT_1_3,
        ),
        Mistake(
            "moves all coordinates for each entry",
            all_moved_for_each,
            "x + h moves every coordinate, so each entry is the sum of all slopes. For "
            "entry i only coordinate i may move.",
            AT_1_3,
        ),
        *[
            Mistake(
                "moves x and does not move it back",
                never_moved_back(h),
                "x[i] += h changes the array that was handed over, and the next "
                "coordinate starts from another place. Move a copy: x.copy() for each "
                "point.",
                "x = np.zeros(2); my_finite_difference(lambda x: (x**2).sum(), x); x == 0, "
                "which should be [True, True]",
            )
            for h in STEPS
        ],
        *[
            Mistake(
                "moves x back by arithmetic",
                moved_back_by_arithmetic(h),
                "x + h - 2h + h is x on paper; in a computer each step is rounded, and "
                "the last digits of x have changed. Move a copy: x.copy() for each "
                "point.",
                "x = np.arange(1, 50) / 7; old = x.copy(); "
                "my_finite_difference(lambda x: (x**2).sum(), x); (x == old).all(), "
                "which should be True",
            )
            for h in STEPS
        ],
        *[
            Mistake(
                "takes too small a step",
                central(h),
                f"With h = {h:g} the two values agree in nearly all their digits, if not "
                "in all. What differs is mostly rounding, and dividing by 2h makes that "
                "large. A step of 1e-5 is a good compromise.",
                "abs(my_finite_difference(lambda x: (x**2).sum(), np.array([1.0, 3.0])) "
                "- [2, 6]) < 1e-8, which should be [True, True]",
            )
            for h in TINY
        ],
    ],
    hints=[
        "A slope is a rise divided by a way. Take the rise from a little behind x to a "
        "little ahead of it.",
        "Move one coordinate at a time: a step that is 0 everywhere but at i, where it "
        "is 1e-5.",
        "The gradient at i is the value at x plus the step, less the value at x minus "
        "the step, over the way between the two, which is 2e-5.",
    ],
    reason="Ahead and behind, the errors of the two sides nearly cancel: what is left "
    "shrinks with the square of the step. And no derivation went into it, so it can "
    "check one.",
)

EXERCISES = [GRADIENT, JACOBIAN, FINITE_DIFFERENCE]
