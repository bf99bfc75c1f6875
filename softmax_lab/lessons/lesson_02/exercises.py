"""The exercises of lesson 2: numbers that a computer can hold."""

import numpy as np

from softmax_lab.lessons.exercise import Exercise, Mistake

RNG = np.random.default_rng(2)
ROW = np.array([2.0, 1.0, 0.1])
MILD = np.array([[2.0, 1.0], [0.0, 3.0]])
HUGE = np.array([[1000.0, 1000.0], [0.0, 1.0]])
EPSILONS = [1e-6, 1e-7, 1e-8, 1e-9, 1e-10, 1e-12, 1e-15]


# 1. Stable softmax


def stable_softmax(logits):
    shifted = logits - logits.max(axis=-1, keepdims=True)
    weights = np.exp(shifted)
    return weights / weights.sum(axis=-1, keepdims=True)


def shares(weights):
    return weights / weights.sum(axis=-1, keepdims=True)


def no_maximum(logits):
    return shares(np.exp(logits))


def maximum_of_the_batch(logits):
    return shares(np.exp(logits - logits.max()))


def maximum_of_each_column(logits):
    return shares(np.exp(logits - logits.max(axis=0)))


def all_along_axis_0(logits):
    weights = np.exp(logits - logits.max(axis=0))
    return weights / weights.sum(axis=0)


def mean_subtracted(logits):
    return shares(np.exp(logits - logits.mean(axis=-1, keepdims=True)))


def minimum_subtracted(logits):
    return shares(np.exp(logits - logits.min(axis=-1, keepdims=True)))


def divided_by_the_maximum(logits):
    return shares(np.exp(logits / logits.max(axis=-1, keepdims=True)))


def clipped_logits(logits):
    return shares(np.exp(np.clip(logits, -500, 500)))


def nan_replaced(logits):
    return np.nan_to_num(no_maximum(logits))


def maximum_without_keepdims(logits):
    return shares(np.exp(logits - logits.max(axis=-1)))


def sum_without_keepdims(logits):
    weights = np.exp(logits - logits.max(axis=-1, keepdims=True))
    return weights / weights.sum(axis=-1)


def both_without_keepdims(logits):
    weights = np.exp(logits - logits.max(axis=-1))
    return weights / weights.sum(axis=-1)


def sum_of_the_batch(logits):
    weights = np.exp(logits - logits.max(axis=-1, keepdims=True))
    return weights / weights.sum()


def only_weights(logits):
    return np.exp(logits - logits.max(axis=-1, keepdims=True))


def rows_sum_to_1(function):
    wild = np.random.default_rng(0).normal(0, 1000, (20, 7))
    return np.allclose(np.sum(function(wild), axis=-1), 1, atol=1e-5)


def batch_shift_changes_nothing(function):
    return np.allclose(function(MILD + 4096), function(MILD.copy()), atol=1e-6)


def rows_do_not_disturb_each_other(function):
    far_apart = np.array([[2.0, 1.0, 0.1], [1e4, 0.0, 0.0], [-1e4, 0.0, -1e4]])
    together = np.asarray(function(far_apart.copy()))
    return np.allclose(together[:1], function(far_apart[:1]), atol=1e-6)


def any_size_will_do(function):
    probs = function(np.array([[1e38, -1e38, 0.0], [-1e38, -1e38, -1e38]]))
    return np.allclose(probs, [[1, 0, 0], [1 / 3] * 3], atol=1e-6)


STABLE_SOFTMAX = Exercise(
    name="stable softmax",
    reference=stable_softmax,
    inputs=[
        (np.array([[2.0, 1.0, 0.1], [0.0, 3.0, 1.0]]),),
        (HUGE,),
        (np.array([[1000.0, 999.0, 998.0], [-3.0, -3.0, -3.0]]),),
        (np.array([[-1000.0, -1001.0, -1002.0]]),),
        (np.array([[0.0, 2000.0, 0.0]]),),
        (np.array([[50.0, -800.0, 49.0, 0.0]]),),
        (np.array([[5.0], [-1000.0]]),),  # one class
        (MILD,),  # as many rows as classes: hides a missing keepdims
        (RNG.normal(0, 4, (5, 5)),),
        (RNG.normal(0, 4, (6, 4)),),
        (RNG.normal(0, 40, (4, 3)).astype(np.float32),),
    ],
    properties={
        "each row sums to 1": rows_sum_to_1,
        "a shift of all logits by 4096 changes nothing": batch_shift_changes_nothing,
        "a row does not depend on the other rows": rows_do_not_disturb_each_other,
        "finite logits of any size give probabilities": any_size_will_do,
    },
    mistakes=[
        Mistake(
            "does not subtract the maximum",
            no_maximum,
            "Above 709.78 the exponential of a float64 overflows to inf, and inf / inf "
            "is nan; below about -745 it is rounded to 0, and 0 / 0 is nan too. Subtract "
            "each row's maximum first: then its largest weight is e^0 = 1.",
            "my_stable_softmax(np.array([[1000.0, 1000.0]])), which should be "
            "[[0.5, 0.5]]",
        ),
        Mistake(
            "subtracts the maximum of the whole batch",
            maximum_of_the_batch,
            "Beside [1000, 1000] the row [0, 1] becomes [-1000, -999]: both weights are "
            "rounded to 0, and 0 / 0 is nan. Each row needs its own maximum.",
            "my_stable_softmax(np.array([[1000.0, 1000.0], [0.0, 1.0]])), which should "
            "be [[0.5, 0.5], [0.269, 0.731]]",
        ),
        Mistake(
            "takes the maximum of each column",
            maximum_of_each_column,
            "axis=0 goes down the columns, so each logit of a row loses another amount, "
            "and the differences in the row change. All logits of a row must lose the "
            "same: the maximum along the last axis.",
            "my_stable_softmax(np.array([[2.0, 1.0], [0.0, 3.0]])), which should be "
            "[[0.731, 0.269], [0.047, 0.953]]",
        ),
        Mistake(
            "works down the columns",
            all_along_axis_0,
            "Along axis=0 the examples compete with each other, and not the classes of "
            "one example. The classes are on the last axis, for the maximum and for the "
            "sum.",
            "np.sum(my_stable_softmax(np.array([[2.0, 1.0], [0.0, 1.0]])), axis=-1), "
            "which should be [1, 1]",
        ),
        Mistake(
            "subtracts the mean",
            mean_subtracted,
            "That is a shift too, so mild rows come out right. But [0, 2000, 0] less its "
            "mean still holds 1333, and e^1333 is inf. Only the maximum leaves nothing "
            "above 0.",
            "my_stable_softmax(np.array([[0.0, 2000.0, 0.0]])), which should be "
            "[[0, 1, 0]]",
        ),
        Mistake(
            "subtracts the minimum",
            minimum_subtracted,
            "Then the smallest logit becomes 0 and the largest the whole gap: "
            "[0, 2000, 0] still asks for e^2000, which is inf. Let the largest become 0.",
            "my_stable_softmax(np.array([[0.0, 2000.0, 0.0]])), which should be "
            "[[0, 1, 0]]",
        ),
        Mistake(
            "divides by the maximum",
            divided_by_the_maximum,
            "A scale changes the differences: [2, 1] becomes [1, 0.5], and odds of 2.718 "
            "fall to 1.649. A shift is free, so subtract.",
            "my_stable_softmax(np.array([[2.0, 1.0]])), which should be "
            "[[0.731, 0.269]]",
        ),
        Mistake(
            "clips the logits",
            clipped_logits,
            "Beyond the limit all logits look alike: [1000, 999, 998] becomes three "
            "equal thirds. Subtracting the maximum removes the danger and keeps the "
            "differences.",
            "my_stable_softmax(np.array([[1000.0, 999.0, 998.0]])), which should be "
            "[[0.665, 0.245, 0.09]]",
        ),
        Mistake(
            "replaces the nan",
            nan_replaced,
            "The nan is gone, but so are the probabilities: [1000, 1000] becomes [0, 0]. "
            "Do not let the overflow happen: subtract each row's maximum before exp.",
            "my_stable_softmax(np.array([[1000.0, 1000.0]])), which should be "
            "[[0.5, 0.5]]",
        ),
        Mistake(
            "forgets keepdims at the maximum",
            maximum_without_keepdims,
            "The maxima have shape (rows,), and NumPy sets them beside the columns: an "
            "error, or, in a square batch, another amount for each logit of a row. "
            "keepdims=True keeps shape (rows, 1), one maximum beside each row.",
            "my_stable_softmax(np.array([[2.0, 1.0], [0.0, 3.0]])), which should be "
            "[[0.731, 0.269], [0.047, 0.953]]",
        ),
        Mistake(
            "forgets keepdims at the sum",
            sum_without_keepdims,
            "The sums have shape (rows,), and NumPy sets them beside the columns: an "
            "error, or, in a square batch, the wrong sums. keepdims=True keeps shape "
            "(rows, 1), one sum beside each row.",
            "my_stable_softmax(np.array([[2.0, 1.0], [0.0, 3.0]])), which should be "
            "[[0.731, 0.269], [0.047, 0.953]]",
        ),
        Mistake(
            "forgets keepdims twice",
            both_without_keepdims,
            "Maxima and sums have shape (rows,), and NumPy sets them beside the columns. "
            "Both need keepdims=True, which keeps shape (rows, 1), one beside each row.",
            "my_stable_softmax(np.array([[2.0, 1.0], [0.0, 3.0]])), which should be "
            "[[0.731, 0.269], [0.047, 0.953]]",
        ),
        Mistake(
            "divides by the sum of all rows",
            sum_of_the_batch,
            "A sum without an axis adds up the whole batch, so all rows share one cake. "
            "Each row is divided by a sum of its own.",
            "np.sum(my_stable_softmax(np.array([[2.0, 1.0], [0.0, 3.0]])), axis=-1), "
            "which should be [1, 1]",
        ),
        Mistake(
            "does not divide at all",
            only_weights,
            "These are the weights, the largest of each row being 1. They become "
            "probabilities when each row is divided by its sum.",
            "np.sum(my_stable_softmax(np.array([[2.0, 1.0], [0.0, 3.0]])), axis=-1), "
            "which should be [1, 1]",
        ),
    ],
    hints=[
        "Softmax sees differences only. Which shift leaves no logit above 0?",
        "Each row needs a shift of its own: how do you get one number for each row, and "
        "in which shape can you subtract it from a (rows, classes) array?",
        "Two steps of the recipe run along the last axis and want keepdims=True: what "
        "you subtract before the exponential, and what you divide by after it.",
    ],
    reason="After the shift the largest weight of a row is e^0 = 1: nothing overflows, "
    "and the sum is at least 1, so it is never 0.",
)


# 2. Log softmax


def log_softmax(logits):
    shifted = logits - logits.max()
    return shifted - np.log(np.exp(shifted).sum())


def log_of_softmax(logits):
    return np.log(stable_softmax(logits))


def log_of_naive_softmax(logits):
    return np.log(no_maximum(logits))


def log_with_epsilon(epsilon):
    return lambda logits: np.log(stable_softmax(logits) + epsilon)


def log_with_floor(epsilon):
    return lambda logits: np.log(np.maximum(stable_softmax(logits), epsilon))


def log_sum_without_maximum(logits):
    return logits - np.log(np.exp(logits).sum())


def maximum_lost(logits):
    return logits - np.log(np.exp(logits - logits.max()).sum())


def maximum_put_back_twice(logits):
    shifted = logits - logits.max()
    return shifted - (logits.max() + np.log(np.exp(shifted).sum()))


def maximum_with_the_wrong_sign(logits):
    return logits - (np.log(np.exp(logits - logits.max()).sum()) - logits.max())


def log_forgotten(logits):
    shifted = logits - logits.max()
    return shifted - np.exp(shifted).sum()


def log_before_the_sum(logits):
    shifted = logits - logits.max()
    return shifted - np.log(np.exp(shifted)).sum()


def log_to_base_2(logits):
    shifted = logits - logits.max()
    return shifted - np.log2(np.exp(shifted).sum())


def minus_log_softmax(logits):
    return -log_softmax(logits)


def their_exponentials_sum_to_1(function):
    rows = [ROW, ROW - 1000, np.array([700.0, 0.0, -700.0]), np.zeros(100)]
    return all(np.isclose(np.exp(function(row)).sum(), 1, atol=1e-5) for row in rows)


def differences_stay(function):
    gaps = np.diff(function(np.array([0.0, 5000.0, -20_000.0])))
    return np.allclose(gaps, [5000, -25_000])


def row_shift_changes_nothing(function):
    row = np.array([2.0, 1.0, 0.5])
    return np.allclose(function(row + 4096), function(row), atol=1e-5)


def a_second_time_changes_nothing(function):
    once = np.asarray(function(ROW))
    return np.allclose(function(once), once, atol=1e-6)


LOG_OF_0 = "my_log_softmax(np.array([0.0, -800.0])), which should be [0, -800]"

LOG_SOFTMAX = Exercise(
    name="log softmax",
    reference=log_softmax,
    inputs=[
        (np.array([0.0, -800.0]),),
        (ROW,),
        (np.array([1000.0, 0.0]),),
        (np.array([1000.0, 1000.0]),),
        (np.array([-1000.0, -1001.0, -1002.0]),),
        (np.array([3.0, 3.0, 3.0, 3.0]),),
        (np.array([5.0]),),  # one class
        (RNG.normal(0, 5, 10),),
        (np.array([0.0, -200.0, 1.0], np.float32),),
    ],
    properties={
        "the exponentials of the answer sum to 1": their_exponentials_sum_to_1,
        "the differences are those of the logits": differences_stay,
        "a shift of all logits by 4096 changes nothing": row_shift_changes_nothing,
        "a second time changes nothing any more": a_second_time_changes_nothing,
    },
    mistakes=[
        Mistake(
            "takes the log of the finished softmax",
            log_of_softmax,
            "The second probability of [0, -800] is rounded to 0 before the log sees it, "
            "and log 0 is -inf; the true value is -800. Take the log of the formula "
            "first: log(e^z / sum) is z - log(sum).",
            LOG_OF_0,
        ),
        Mistake(
            "takes the log of the naive softmax",
            log_of_naive_softmax,
            "Logits of 1000 give inf / inf, which is nan; and the second probability of "
            "[0, -800] is rounded to 0, whose log is -inf. Subtract the maximum first, "
            "and take the log of the formula: log(e^z / sum) is z - log(sum).",
            "my_log_softmax(np.array([1000.0, 1000.0])), which should be "
            "[-0.693, -0.693]",
        ),
        *[
            Mistake(
                "adds an epsilon inside the log",
                log_with_epsilon(epsilon),
                f"Then nothing falls below log({epsilon:g}): [0, -800] gives "
                f"{np.log(epsilon):.3f} instead of -800, and the other values are a "
                "little off. With z - log(sum) no log of 0 turns up, and nothing needs "
                "to be added.",
                LOG_OF_0,
            )
            for epsilon in EPSILONS
        ],
        *[
            Mistake(
                "puts a floor under the probabilities",
                log_with_floor(epsilon),
                f"Then nothing falls below log({epsilon:g}): [0, -800] gives "
                f"{np.log(epsilon):.3f} instead of -800. With z - log(sum) no log of 0 "
                "turns up, and no floor is needed.",
                LOG_OF_0,
            )
            for epsilon in EPSILONS
        ],
        Mistake(
            "does not subtract the maximum",
            log_sum_without_maximum,
            "The formula is right on paper. In a computer e^1000 is inf and e^-1000 is "
            "rounded to 0, so its log is inf or -inf. Subtract the maximum from the "
            "logits first.",
            "my_log_softmax(np.array([1000.0, 0.0])), which should be [0, -1000]",
        ),
        Mistake(
            "does not put the maximum back",
            maximum_lost,
            "Log-sum-exp of the shifted logits is smaller by the maximum, so your answer "
            "is too large by it. Subtract it from the shifted logits, or add the maximum "
            "to it.",
            "np.exp(my_log_softmax(np.array([2.0, 1.0, 0.1]))).sum(), which should be 1",
        ),
        Mistake(
            "takes the maximum away twice",
            maximum_put_back_twice,
            "The logits are shifted and log-sum-exp is not: your answer is too small by "
            "the maximum. Shift both or neither.",
            "np.exp(my_log_softmax(np.array([2.0, 1.0, 0.1]))).sum(), which should be 1",
        ),
        Mistake(
            "puts the maximum back with the wrong sign",
            maximum_with_the_wrong_sign,
            "Log-sum-exp is the maximum plus the log of the shifted sum. With a minus "
            "your answer is too large by twice the maximum.",
            "np.exp(my_log_softmax(np.array([2.0, 1.0, 0.1]))).sum(), which should be 1",
        ),
        Mistake(
            "returns the probabilities themselves",
            stable_softmax,
            "This is softmax. Its log is wanted, a number not above 0 for each class; "
            "and not by np.log of what you have, where small probabilities are 0 already.",
            LOG_OF_0,
        ),
        Mistake(
            "forgets the log of the sum",
            log_forgotten,
            "log(e^z / sum) is z minus the log of the sum. The sum itself is too much: "
            "for one class alone it leaves -1, where log 1 = 0 is right.",
            "my_log_softmax(np.array([5.0])), which should be [0]",
        ),
        Mistake(
            "takes the log before the sum",
            log_before_the_sum,
            "The log of each exponential is the logit again, so this adds up logits. Add "
            "up the exponentials, then take one log of the sum.",
            "my_log_softmax(np.array([3.0, 3.0])), which should be [-0.693, -0.693]",
        ),
        Mistake(
            "mixes base 2 with base e",
            log_to_base_2,
            "The weights are powers of e, so the log must be the natural one, np.log. "
            "log2 is 1.443 times as large.",
            "np.exp(my_log_softmax(np.array([3.0, 3.0]))).sum(), which should be 1",
        ),
        Mistake(
            "returns minus the logs",
            minus_log_softmax,
            "The log of a number below 1 is negative. Minus the log is the loss of the "
            "next lesson.",
            "my_log_softmax(np.array([0.0, 0.0])), which should be [-0.693, -0.693]",
        ),
    ],
    hints=[
        "What is the log of a fraction? Write down log(e^z / sum) as a difference.",
        "The log of e^z is z: that part needs neither exp nor log. What remains is the "
        "log of a sum, and it must not overflow.",
        "Subtract the maximum from the logits once and give the result a name. Both "
        "parts of the difference can use it.",
    ],
    reason="log(e^z / sum) = z - log(sum): the log is taken before a small probability "
    "could be rounded to 0, and the shift keeps the sum between 1 and the number of "
    "classes.",
)


# 3. Masked softmax


def masked_softmax(logits, keep):
    masked = np.where(keep, logits, -np.inf)
    weights = np.exp(masked - masked.max())
    return weights / weights.sum()


def mask_forgotten(logits, keep):
    return stable_softmax(logits)


def not_renormalised(logits, keep):
    return stable_softmax(logits) * keep


def masked_logits_set_to_0(logits, keep):
    return stable_softmax(logits * keep)


def maximum_of_all(logits, keep):
    return shares(np.exp(logits - logits.max()) * keep)


def masked_without_maximum(logits, keep):
    return shares(np.where(keep, np.exp(logits), 0))


def infinity_times_0(logits, keep):
    masked = logits + (1 - keep) * -np.inf
    return stable_softmax(masked)


def added_to_the_probabilities(logits, keep):
    return stable_softmax(logits) + np.where(keep, 0, -1e9)


def mask_upside_down(logits, keep):
    return stable_softmax(np.where(keep, -np.inf, logits))


def masked_left_out(logits, keep):
    return stable_softmax(logits[keep])


def masked_with(low):
    return lambda logits, keep: stable_softmax(np.where(keep, logits, low))


FOUR = np.array([3.0, 1.0, 2.0, 2.5])
SOME = np.array([True, False, True, False])


def masked_are_exactly_0(function):
    probs = np.asarray(function(FOUR.copy(), SOME.copy()))
    return (probs[~SOME] == 0).all()


def the_others_share_as_if_alone(function):
    probs = np.asarray(function(FOUR.copy(), SOME.copy()))
    alone = function(FOUR[SOME], np.array([True, True]))
    return np.allclose(probs[SOME], alone, atol=1e-6)


def a_masked_logit_does_not_matter(function):
    other = np.where(SOME, FOUR, [0, -1e6, 0, 1e6])
    probs = function(FOUR.copy(), SOME.copy())
    return np.allclose(function(other, SOME.copy()), probs, atol=1e-6)


MASKED_SOFTMAX = Exercise(
    name="masked softmax",
    reference=masked_softmax,
    inputs=[
        (ROW, np.array([True, False, True])),
        (ROW, np.array([True, True, True])),
        (np.array([1000.0, 0.0, 1.0]), np.array([False, True, True])),
        (np.array([-1000.0, -1001.0, 0.0]), np.array([True, True, False])),
        (np.array([1000.0, 1000.0, 1000.0]), np.array([True, True, False])),
        (np.array([5.0, 3.0]), np.array([False, True])),  # one is left
        (np.array([7.0]), np.array([True])),  # one class
        (np.array([-3.0, -3.0, 2.0, -3.0]), np.array([True, True, False, True])),
        (RNG.normal(0, 3, 6), np.array([True, False, True, True, False, True])),
        (RNG.normal(0, 3, 4).astype(np.float32), SOME),
    ],
    properties={
        "a masked class gets exactly 0": masked_are_exactly_0,
        "the others share as if they were alone": the_others_share_as_if_alone,
        "the logit of a masked class does not matter": a_masked_logit_does_not_matter,
    },
    mistakes=[
        Mistake(
            "forgets the mask",
            mask_forgotten,
            "Classes with keep False still get a share. Take them out of the race before "
            "the exponentials are added up.",
            "my_masked_softmax(np.array([0.0, 0.0]), np.array([True, False])), which "
            "should be [1, 0]",
        ),
        Mistake(
            "multiplies by the mask and does not renormalise",
            not_renormalised,
            "The share of the masked classes is thrown away, so the rest sums to less "
            "than 1. Mask first, then divide by the sum of what is kept.",
            "my_masked_softmax(np.array([2.0, 1.0, 0.1]), np.array([True, False, True]))"
            ".sum(), which should be 1",
        ),
        Mistake(
            "sets masked logits to 0",
            masked_logits_set_to_0,
            "A logit of 0 is one like any other: its weight is e^0 = 1, and beside "
            "[-3, -3] it even wins. Only minus infinity has weight 0.",
            "my_masked_softmax(np.array([-3.0, -3.0, 2.0]), "
            "np.array([True, True, False])), which should be [0.5, 0.5, 0]",
        ),
        Mistake(
            "lets masked classes set the maximum",
            maximum_of_all,
            "A masked logit of 1000 pushes [0, 1] down to [-1000, -999]: their weights "
            "are rounded to 0, and 0 / 0 is nan. Give masked classes the logit -inf, "
            "before the maximum is taken and before exp; renormalising a finished softmax is as bad.",
            "my_masked_softmax(np.array([1000.0, 0.0, 1.0]), "
            "np.array([False, True, True])), which should be [0, 0.269, 0.731]",
        ),
        Mistake(
            "does not subtract the maximum",
            masked_without_maximum,
            "e^1000 is inf and inf / inf is nan, masked or not. Subtract the maximum of "
            "the logits that are kept.",
            "my_masked_softmax(np.array([1000.0, 1000.0, 1000.0]), "
            "np.array([True, True, False])), which should be [0.5, 0.5, 0]",
        ),
        Mistake(
            "multiplies minus infinity by 0",
            infinity_times_0,
            "For a class that is kept this adds 0 times -inf, and that is nan, not 0. "
            "Choose between two values with np.where instead of multiplying.",
            "my_masked_softmax(np.array([0.0, 0.0]), np.array([True, True])), which "
            "should be [0.5, 0.5]",
        ),
        Mistake(
            "adds -1e9 to the probabilities",
            added_to_the_probabilities,
            "The large negative number belongs to the logits, where exp turns it into 0. "
            "Added after softmax it stays as it is.",
            "my_masked_softmax(np.array([5.0, 3.0]), np.array([False, True])), which "
            "should be [0, 1]",
        ),
        Mistake(
            "reads the mask upside down",
            mask_upside_down,
            "keep is True for the classes that stay. In your answer those are the ones "
            "that get 0.",
            "my_masked_softmax(np.array([5.0, 3.0]), np.array([False, True])), which "
            "should be [0, 1]",
        ),
        Mistake(
            "leaves the masked classes out of the answer",
            masked_left_out,
            "logits[keep] is shorter, so the probabilities no longer stand at the places "
            "of their classes. The answer has one entry for each class, masked ones "
            "included.",
            "my_masked_softmax(np.array([5.0, 3.0]), np.array([False, True])), which "
            "should be [0, 1]",
        ),
        *[
            Mistake(
                "masks with a logit that is not low enough",
                masked_with(low),
                "Your stand-in is low beside [2, 1], but not beside [-1000, -1001]: there "
                "the masked class takes a share. Minus infinity, -np.inf, is below all "
                "logits, and its exponential is exactly 0.",
                "my_masked_softmax(np.array([-1000.0, -1001.0, 0.0]), "
                "np.array([True, True, False])), which should be [0.731, 0.269, 0]",
            )
            for low in (-10, -100, -1000)
        ],
    ],
    hints=[
        "Which logit has a weight of exactly 0?",
        "Give the masked classes a logit of minus infinity: np.where chooses between "
        "two values, class by class. Do this before anything else.",
        "After that a stable softmax for one row does the rest. Take its maximum over "
        "the logits as they are after masking, not before.",
    ],
    reason="e^-inf is exactly 0, so a masked class adds nothing to the sum. And the "
    "maximum belongs to a class that is kept, so the sum is at least 1.",
)


# 4. Online log-sum-exp


def online_logsumexp(stream):
    top, total = -np.inf, 0.0
    for x in stream:
        higher = max(top, x)
        total = total * np.exp(top - higher) + np.exp(x - higher)
        top = higher
    return top + np.log(total)


def sum_not_rescaled(stream):
    top, total = -np.inf, 0.0
    for x in stream:
        top = max(top, x)
        total = total + np.exp(x - top)
    return top + np.log(total)


def maximum_starts_at_0(stream):
    top, total = 0.0, 0.0
    for x in stream:
        higher = max(top, x)
        total = total * np.exp(top - higher) + np.exp(x - higher)
        top = higher
    return top + np.log(total)


def first_counted_twice(stream):
    top, total = stream[0], 1.0
    for x in stream:
        higher = max(top, x)
        total = total * np.exp(top - higher) + np.exp(x - higher)
        top = higher
    return top + np.log(total)


def nothing_subtracted(stream):
    total = 0.0
    for x in stream:
        total = total + np.exp(x)
    return np.log(total)


def maximum_left_out(stream):
    return online_logsumexp(stream) - max(stream)


def rescaled_upwards(stream):
    top, total = stream[0], 1.0
    for x in stream[1:]:
        higher = max(top, x)
        total = total * np.exp(higher - top) + np.exp(x - higher)
        top = higher
    return top + np.log(total)


def rescaled_upwards_from_the_start(stream):
    top, total = -np.inf, 0.0
    for x in stream:
        higher = max(top, x)
        total = total * np.exp(higher - top) + np.exp(x - higher)
        top = higher
    return top + np.log(total)


def new_maximum_not_added(stream):
    top, total = -np.inf, 0.0
    for x in stream:
        if x > top:
            total = total * np.exp(top - x)
            top = x
        else:
            total = total + np.exp(x - top)
    return top + np.log(total)


def sum_starts_again(stream):
    top, total = -np.inf, 0.0
    for x in stream:
        if x > top:
            top, total = x, 1.0
        else:
            total = total + np.exp(x - top)
    return top + np.log(total)


def sum_without_its_log(stream):
    top = max(stream)
    return top + np.exp(np.subtract(stream, top)).sum()


def highest_of_all(stream):
    return max(stream)


def order_does_not_matter(function):
    stream = [3.0, -2.0, 900.0, 0.5, 899.0, 900.0]
    orders = [stream, sorted(stream), sorted(stream, reverse=True)]
    return np.ptp([function(order) for order in orders]) < 1e-3


def a_shift_comes_through(function):
    stream = np.array([2.0, 1.0, 0.5, 3.0])
    return np.isclose(function(stream + 4096), function(stream) + 4096)


def parts_can_be_joined(function):
    first, second = [2.0, -1.0, 700.0], [701.0, 650.0, 3.0, 700.0]
    parts = [float(function(first)), float(function(second))]
    return np.isclose(function(parts), function(first + second))


RISING = "my_online_logsumexp([1.0, 2.0, 3.0]), which should be 3.408"

ONLINE_LOGSUMEXP = Exercise(
    name="online log-sum-exp",
    reference=online_logsumexp,
    inputs=[
        ([2.0, 1.0, 0.1],),
        ([1.0, 2.0, 3.0],),
        ([1000.0, 1000.0],),
        ([0.0, 1000.0],),
        ([-1000.0, -1001.0, -1002.0],),
        ([-5.0, 0.0, 5.0, 700.0, 1000.0],),
        ([1000.0, 999.0, 10.0, -50.0],),
        ([5.0],),  # one number
        ([3.0, 3.0, 3.0, 3.0],),
        (RNG.normal(0, 5, 40),),
        (RNG.normal(0, 5, 10).astype(np.float32),),
    ],
    properties={
        "the order of the stream does not matter": order_does_not_matter,
        "a shift of all numbers shifts the answer": a_shift_comes_through,
        "the answers for two parts, joined, give that for the whole": (
            parts_can_be_joined
        ),
    },
    mistakes=[
        Mistake(
            "forgets to rescale the running sum",
            sum_not_rescaled,
            "All terms so far were taken relative to the old maximum. When it rises from "
            "1 to 2, they must shrink by e^(1 - 2) = 0.368, or they count too much: work "
            "out that factor while you still have the old maximum.",
            RISING,
        ),
        Mistake(
            "starts the running maximum at 0",
            maximum_starts_at_0,
            "No number of [-1000, -1001] rises above 0, so e^-1000 is added, which is "
            "rounded to 0, and log 0 is -inf. Start at -np.inf: then the first number "
            "becomes the maximum.",
            "my_online_logsumexp([-1000.0, -1000.0]), which should be -999.307",
        ),
        Mistake(
            "counts the first number twice",
            first_counted_twice,
            "A sum that starts at 1 already holds the first number, and the loop adds it "
            "again: one 5 alone gives 5.693, as two would. Start from nothing, or let the "
            "loop begin with the second number.",
            "my_online_logsumexp([5.0]), which should be 5",
        ),
        Mistake(
            "does not subtract a maximum",
            nothing_subtracted,
            "e^1000 is inf, and so is the log of any sum that holds it; a sum of e^-1000 "
            "is 0. Keep each term relative to the largest number so far.",
            "my_online_logsumexp([1000.0, 1000.0]), which should be 1000.693",
        ),
        Mistake(
            "does not put the maximum back",
            maximum_left_out,
            "The running sum holds e^(x - max), so its log is smaller by the maximum. Add "
            "the maximum at the end.",
            "my_online_logsumexp([1000.0, 1000.0]), which should be 1000.693",
        ),
        *[
            Mistake(
                "rescales the wrong way",
                wrong,
                "When the maximum rises, the old terms count less, not more: the factor "
                "is e^(old - new), a number below 1. Upside down it is above 1, and a "
                "large rise makes the sum inf or nan.",
                RISING,
            )
            for wrong in (rescaled_upwards, rescaled_upwards_from_the_start)
        ],
        Mistake(
            "rescales, but does not add the new maximum",
            new_maximum_not_added,
            "The number that becomes the maximum belongs to the sum as well, with "
            "e^(x - x) = 1. Without it one number alone leaves a sum of 0, and log 0 is "
            "-inf.",
            "my_online_logsumexp([5.0]), which should be 5",
        ),
        Mistake(
            "starts again when the maximum rises",
            sum_starts_again,
            "A new maximum does not make the earlier numbers vanish: they shrink by "
            "e^(old - new). In a rising stream you would forget all but the last.",
            RISING,
        ),
        Mistake(
            "adds the sum and not its log",
            sum_without_its_log,
            "e^max times the sum is the whole sum, so in logs the maximum is added to "
            "the log of the sum. One number alone must come back as it is.",
            "my_online_logsumexp([5.0]), which should be 5",
        ),
        Mistake(
            "returns the maximum",
            highest_of_all,
            "Log-sum-exp is close to the maximum, but above it: two equal numbers add "
            "log 2 = 0.693. All the others count, a little.",
            "my_online_logsumexp([1000.0, 1000.0]), which should be 1000.693",
        ),
    ],
    hints=[
        "Carry two numbers: the largest so far, and the sum of all e^(x - largest). What "
        "happens to the second when the first rises?",
        "If the largest rises from a to b, each old term e^(x - a) must become e^(x - b). "
        "By which factor do you multiply them all at once?",
        "The factor is e^(a - b). Start with a maximum of minus infinity and a sum of 0, "
        "and at the end put the maximum back.",
    ],
    reason="The running sum is always relative to the largest number so far. When that "
    "rises, one multiplication by e^(old - new) brings all earlier terms along.",
)

EXERCISES = [STABLE_SOFTMAX, LOG_SOFTMAX, MASKED_SOFTMAX, ONLINE_LOGSUMEXP]
