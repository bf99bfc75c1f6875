"""The exercises of lesson 3: how wrong is a probability?"""

import numpy as np

from softmax_lab.lessons.exercise import Exercise, Mistake

RNG = np.random.default_rng(3)
ROW = np.array([2.0, 1.0, 0.1])
EPSILONS = [1e-6, 1e-7, 1e-8, 1e-9, 1e-10, 1e-12, 1e-15]


def softmax(logits):
    weights = np.exp(logits - logits.max(axis=-1, keepdims=True))
    return weights / weights.sum(axis=-1, keepdims=True)


# 1. Cross-entropy


def cross_entropy(logits, labels):
    shifted = logits - logits.max(axis=-1, keepdims=True)
    log_sums = np.log(np.exp(shifted).sum(axis=-1))
    return log_sums - shifted[np.arange(len(labels)), labels]


def picked(table, labels):
    return table[np.arange(len(labels)), labels]


def mean_of_the_losses(logits, labels):
    return cross_entropy(logits, labels).mean()


def sum_of_the_losses(logits, labels):
    return cross_entropy(logits, labels).sum()


def minus_forgotten(logits, labels):
    return -cross_entropy(logits, labels)


def log_of_softmax(logits, labels):
    return -np.log(picked(softmax(logits), labels))


def with_epsilon(epsilon):
    return lambda logits, labels: -np.log(picked(softmax(logits), labels) + epsilon)


def with_floor(epsilon):
    return lambda logits, labels: (
        -np.log(np.maximum(picked(softmax(logits), labels), epsilon))
    )


def without_maximum(logits, labels):
    return np.log(np.exp(logits).sum(axis=-1)) - picked(logits, labels)


def maximum_of_the_batch(logits, labels):
    return without_maximum(logits - logits.max(), labels)


def without_log_sum(logits, labels):
    return -picked(logits, labels)


def log_of_the_logit(logits, labels):
    return -np.log(picked(logits, labels))


def softmax_twice(logits, labels):
    return cross_entropy(softmax(logits), labels)


def log_to_base_2(logits, labels):
    return -np.log2(picked(softmax(logits), labels))


def missing_to_1(logits, labels):
    return 1 - picked(softmax(logits), labels)


def probability_itself(logits, labels):
    return picked(softmax(logits), labels)


def entropy_of_the_model(logits, labels):
    probs = softmax(logits)
    return -(probs * np.log(probs)).sum(axis=-1)


def loss_of_the_winner(logits, labels):
    return -np.log(softmax(logits).max(axis=-1))


def a_column_for_each_label(logits, labels):
    shifted = logits - logits.max(axis=-1, keepdims=True)
    log_probs = shifted - np.log(np.exp(shifted).sum(axis=-1, keepdims=True))
    return -log_probs[:, labels]


LABELS = np.array([0, 1, 2])


def a_wider_gap_costs_as_much(function):
    gaps = np.array([[0.0, 50.0], [0.0, 60.0], [0.0, 2000.0]])
    return np.allclose(function(gaps, np.array([0, 0, 0])), [50, 60, 2000])


def a_shift_changes_nothing(function):
    logits = np.array([[2.0, 1.0, 0.5]] * 3)
    moved = logits + np.array([[4096.0], [-4096.0], [0.0]])
    losses = function(logits, LABELS)
    return np.allclose(function(moved, LABELS), losses, atol=1e-5)


def equal_logits_cost_log_k(function):
    losses = [function(np.full((1, k), 7.0), np.array([k - 1]))[0] for k in (2, 10, 99)]
    return np.allclose(losses, np.log([2, 10, 99]), atol=1e-5)


def each_example_has_its_own_loss(function):
    logits = np.array([[2.0, 1.0, 0.1], [1e4, 0.0, 0.0], [-1e4, 0.0, -1e4]])
    alone = function(logits[:1], LABELS[:1])
    return np.allclose(function(logits, LABELS)[0], alone, atol=1e-6)


GAP_800 = "my_cross_entropy(np.array([[0.0, -800.0]]), np.array([1])), which should be "
THREE_LABELS = (
    "my_cross_entropy(np.array([[2.0, 1.0, 0.1]] * 3), np.array([0, 1, 2])), which "
    "should be [0.417, 1.417, 2.317]"
)

CROSS_ENTROPY = Exercise(
    name="cross-entropy",
    reference=cross_entropy,
    inputs=[
        (np.array([[2.0, 1.0], [0.0, -800.0]]), np.array([0, 1])),
        (np.array([[2.0, 1.0, 0.1], [0.0, 3.0, 1.0]]), np.array([0, 2])),
        (np.array([ROW, ROW, ROW]), LABELS),
        (np.array([[0.0, -20.0]]), np.array([1])),
        (np.array([[1000.0, 1000.0], [0.0, 1.0]]), np.array([1, 0])),
        (
            np.array([[1000.0, 999.0, 998.0], [-1000.0, -1001.0, -1002.0]]),
            np.array([2, 1]),
        ),
        (np.array([[3.0], [-2.0]]), np.array([0, 0])),  # one class
        (np.zeros((2, 10)), np.array([4, 9])),
        (RNG.normal(0, 3, (5, 5)), np.array([3, 0, 4, 4, 1])),
        (RNG.normal(0, 3, (6, 4)), np.array([1, 1, 0, 3, 2, 0])),
        (RNG.normal(0, 30, (4, 3)).astype(np.float32), np.array([2, 0, 1, 1])),
    ],
    properties={
        "being wrong by a gap of 50 costs 50, by 2000 it costs 2000": (
            a_wider_gap_costs_as_much
        ),
        "a shift of a row's logits changes nothing": a_shift_changes_nothing,
        "K equal logits cost log K": equal_logits_cost_log_k,
        "the loss of one example does not depend on the others": (
            each_example_has_its_own_loss
        ),
    },
    mistakes=[
        Mistake(
            "returns the mean of the losses",
            mean_of_the_losses,
            "The mean is what training uses in the end. Here each example keeps its own "
            "loss, so that you can see which one is to blame: N rows, N losses.",
            THREE_LABELS,
        ),
        Mistake(
            "returns the sum of the losses",
            sum_of_the_losses,
            "Add up over the classes, inside the log, and not over the examples: N rows, "
            "N losses.",
            THREE_LABELS,
        ),
        Mistake(
            "has the wrong sign",
            minus_forgotten,
            "The log of a probability is never above 0. The loss is minus that log, so "
            "that a surprise costs something.",
            "my_cross_entropy(np.array([[0.0, 0.0]]), np.array([0])), which should be "
            "[0.693]",
        ),
        Mistake(
            "takes the log of the finished softmax",
            log_of_softmax,
            "The second probability of [0, -800] is rounded to 0, and minus log 0 is "
            "inf; the true loss is 800. Stay with the logits: log-sum-exp less the logit "
            "of the label.",
            GAP_800 + "[800]",
        ),
        *[
            Mistake(
                name,
                capped_at(epsilon),
                f"Then no loss exceeds {-np.log(epsilon):.3f}, which is minus "
                f"log({epsilon:g}); for [0, -800] and label 1 it should be 800. Beyond "
                "that the loss is flat and a model no longer learns. Use log-sum-exp "
                "less the logit of the label.",
                GAP_800 + "[800]",
            )
            for name, capped_at in [
                ("adds an epsilon inside the log", with_epsilon),
                ("puts a floor under the probabilities", with_floor),
            ]
            for epsilon in EPSILONS
        ],
        Mistake(
            "does not subtract the maximum",
            without_maximum,
            "e^1000 is inf, and a row of -1000 leaves log 0. Log-sum-exp needs each "
            "row's maximum subtracted, as in lesson 2.",
            "my_cross_entropy(np.array([[1000.0, 1000.0]]), np.array([1])), which "
            "should be [0.693]",
        ),
        Mistake(
            "subtracts the maximum of the whole batch",
            maximum_of_the_batch,
            "Less the 1000 of another row, [0, 1] becomes [-1000, -999], whose "
            "exponentials are rounded to 0, and the loss is -inf. Each row needs its own "
            "maximum.",
            "my_cross_entropy(np.array([[1000.0, 1000.0], [0.0, 1.0]]), "
            "np.array([1, 0])), which should be [0.693, 1.313]",
        ),
        Mistake(
            "forgets log-sum-exp",
            without_log_sum,
            "Minus the logit of the label alone changes with every shift and can be "
            "below 0. The loss is log-sum-exp of the row less that logit.",
            "my_cross_entropy(np.array([[7.0, 7.0]]), np.array([0])), which should be "
            "[0.693]",
        ),
        Mistake(
            "takes the log of a logit",
            log_of_the_logit,
            "Logits are no probabilities: the log of a negative one is nan, that of 0 is "
            "-inf. Softmax belongs between the two, and its log is z less log-sum-exp.",
            "my_cross_entropy(np.array([[0.0, -1.0]]), np.array([1])), which should be "
            "[1.313]",
        ),
        Mistake(
            "applies softmax twice",
            softmax_twice,
            "The second softmax sees only numbers from 0 to 1: with two classes the loss "
            "stays between 0.313 and 1.313, however right or wrong the model is. Use the "
            "logits themselves.",
            GAP_800 + "[800]",
        ),
        Mistake(
            "measures in bits",
            log_to_base_2,
            "log2 gives bits, 1.443 times as many as nats. The course, like TensorFlow, "
            "uses the natural log. And the log of a finished softmax is inf for "
            "[0, -800]: take log-sum-exp less the logit of the label.",
            "my_cross_entropy(np.array([[0.0, 0.0]]), np.array([0])), which should be "
            "[0.693]",
        ),
        Mistake(
            "takes what is missing to 1",
            missing_to_1,
            "1 - p never exceeds 1, so a hopeless answer costs hardly more than a bad "
            "one. The loss is the surprise, -log p, which has no upper end.",
            GAP_800 + "[800]",
        ),
        Mistake(
            "returns the probability of the label",
            probability_itself,
            "This rises when the model gets better, and a loss must fall. It is minus "
            "the log of that probability, computed from the logits.",
            "my_cross_entropy(np.array([[0.0, 0.0]]), np.array([0])), which should be "
            "[0.693]",
        ),
        Mistake(
            "returns the model's entropy",
            entropy_of_the_model,
            "Entropy asks how undecided the model is and never looks at the label. "
            "Cross-entropy asks how surprised it is at the label: only the probability "
            "of that class counts.",
            THREE_LABELS,
        ),
        Mistake(
            "looks at the winner and not at the label",
            loss_of_the_winner,
            "The largest probability says how sure the model is, right or wrong. Pick "
            "from each row the entry of its label.",
            THREE_LABELS,
        ),
        Mistake(
            "takes a column for each label",
            a_column_for_each_label,
            "[:, labels] takes whole columns and gives a table of (N, N). To pick one "
            "entry a row, index the rows as well: [np.arange(N), labels].",
            THREE_LABELS,
        ),
    ],
    hints=[
        "The loss is minus the log of the label's probability. You know how to take the "
        "log of a softmax without forming a probability.",
        "Minus log-softmax is log-sum-exp less the logit. You need one log-sum-exp for "
        "each row, along the last axis, and one logit of each row.",
        "table[[0, 1], [2, 0]] picks the entries (0, 2) and (1, 0). The second list is "
        "labels; the first counts the rows.",
    ],
    reason="-log softmax(z)_y = log-sum-exp(z) - z_y. No probability is formed, so none "
    "can be rounded to 0, and a loss of 800 is 800.",
)


# 2. Entropy plus KL


def kl_divergence(targets, probs):
    q, p = targets[targets > 0], probs[targets > 0]  # 0 log 0 counts as 0
    cross_entropy = -(q * np.log(p)).sum()
    entropy = -(q * np.log(q)).sum()
    return cross_entropy - entropy


def where_there_is_something(function):
    """Leave out the classes whose target is 0."""
    return lambda targets, probs: function(targets[targets > 0], probs[targets > 0])


def swapped(targets, probs):
    return (probs * np.log(probs / targets)).sum()


def cross_entropy_of_two(targets, probs):
    return -(targets * np.log(probs)).sum()


def entropy_of_targets(targets, probs):
    return -(targets * np.log(targets)).sum()


def both_added(targets, probs):
    return -(targets * np.log(probs)).sum() - (targets * np.log(targets)).sum()


def the_other_way_round(targets, probs):
    return (targets * np.log(probs / targets)).sum()


def zero_times_infinity(targets, probs):
    return (targets * np.log(targets / probs)).sum()


def entropy_of_the_probs(targets, probs):
    return -(targets * np.log(probs)).sum() + (probs * np.log(probs)).sum()


def kl_in_bits(targets, probs):
    return (targets * np.log2(targets / probs)).sum()


def mean_over_the_classes(targets, probs):
    return (targets * np.log(targets / probs)).mean()


def without_weights(targets, probs):
    return np.log(targets / probs).sum()


def weighted_by_the_model(targets, probs):
    return (probs * np.log(targets / probs)).sum()


def kl_with_epsilon(epsilon):
    return lambda targets, probs: (
        targets * np.log((targets + epsilon) / (probs + epsilon))
    ).sum()


def never_negative(function):
    rng = np.random.default_rng(0)
    pairs = rng.dirichlet(np.ones(4), (50, 2))
    return all(function(q, p) > -1e-6 for q, p in pairs)


def zero_for_a_perfect_model(function):
    rows = np.array([[0.25, 0.25, 0.5], [0.7, 0.2, 0.1]])
    return all(abs(function(row, row.copy())) < 1e-6 for row in rows)


def cross_entropy_for_one_true_class(function):
    probs = np.array([0.7, 0.2, 0.1])
    values = [function(targets, probs) for targets in np.eye(3)]
    return np.allclose(values, -np.log(probs), atol=1e-5)


HALVES = (
    "my_kl_divergence(np.array([0.5, 0.5]), np.array([0.9, 0.1])), which should be "
)
ONE_HOT = (
    "my_kl_divergence(np.array([1.0, 0.0]), np.array([0.9, 0.1])), which should be "
    "0.105"
)


def in_two_ways(name, wrong, message, experiment):
    """The same mistake, with and without a way around 0 log 0."""
    return [
        Mistake(name, way, message, experiment)
        for way in (wrong, where_there_is_something(wrong))
    ]


ENTROPY_PLUS_KL = Exercise(
    name="entropy plus kl",
    reference=kl_divergence,
    inputs=[
        (np.array([0.5, 0.5]), np.array([0.9, 0.1])),
        (np.array([0.9, 0.1]), np.array([0.5, 0.5])),
        (np.array([0.25, 0.25, 0.5]), np.array([0.25, 0.25, 0.5])),
        (np.array([0.0, 1.0, 0.0]), np.array([0.7, 0.2, 0.1])),
        (np.array([0.5, 0.0, 0.5]), np.array([0.7, 0.2, 0.1])),
        (np.array([1.0, 0.0]), np.array([1e-30, 1.0])),
        (np.array([1.0]), np.array([1.0])),  # one class
        (np.full(4, 0.25), np.array([0.4, 0.3, 0.2, 0.1])),
        (RNG.dirichlet(np.ones(5)), RNG.dirichlet(np.ones(5))),
        (
            np.array([0.125, 0.875], np.float32),
            np.array([0.75, 0.25], np.float32),
        ),
    ],
    properties={
        "it is never below 0": never_negative,
        "it is 0 if the model says what is true": zero_for_a_perfect_model,
        "for one true class it is the cross-entropy": cross_entropy_for_one_true_class,
    },
    mistakes=[
        Mistake(
            "meets 0 times log 0",
            zero_times_infinity,
            "A class with target 0 costs nothing. But NumPy works out log 0 = -inf, and "
            "0 times -inf is nan. Leave out the classes whose target is 0 before you "
            "take a log.",
            ONE_HOT,
        ),
        *in_two_ways(
            "swaps targets and probs",
            swapped,
            "KL asks what it costs to believe probs where targets are true, so targets "
            "give the weights. It is not symmetric: 0.511 one way is 0.368 the other.",
            HALVES + "0.511",
        ),
        *in_two_ways(
            "returns the cross-entropy",
            cross_entropy_of_two,
            "Cross-entropy still holds the entropy of the targets, which no model can "
            "avoid: even a perfect one has 0.693 for [0.5, 0.5]. KL is what comes on top.",
            "my_kl_divergence(np.array([0.5, 0.5]), np.array([0.5, 0.5])), which should "
            "be 0",
        ),
        *in_two_ways(
            "returns the entropy of the targets",
            entropy_of_targets,
            "That is the part no model can avoid, and it never looks at probs. KL is the "
            "rest of the cross-entropy.",
            "my_kl_divergence(np.array([0.5, 0.5]), np.array([0.5, 0.5])), which should "
            "be 0",
        ),
        *in_two_ways(
            "adds entropy and cross-entropy",
            both_added,
            "Cross-entropy is the sum of entropy and KL. To find one part of a sum, "
            "subtract the other.",
            HALVES + "0.511",
        ),
        *in_two_ways(
            "has the wrong sign",
            the_other_way_round,
            "The log of probs / targets is minus the one you want, and your answer is "
            "never above 0. Believing something false cannot pay: KL is at least 0.",
            HALVES + "0.511",
        ),
        *in_two_ways(
            "subtracts the model's entropy",
            entropy_of_the_probs,
            "How undecided the model is does not matter here. The entropy to subtract is "
            "that of the truth, of targets.",
            HALVES + "0.511",
        ),
        *in_two_ways(
            "measures in bits",
            kl_in_bits,
            "log2 gives bits, 1.443 times as many as nats. The course uses the natural "
            "log throughout.",
            HALVES + "0.511",
        ),
        *in_two_ways(
            "takes the mean over the classes",
            mean_over_the_classes,
            "The targets are weights that sum to 1, so the weighted sum is an average "
            "already. Dividing by the number of classes makes it too small.",
            HALVES + "0.511",
        ),
        *in_two_ways(
            "leaves out the weights",
            without_weights,
            "Each log counts as often as its class really occurs. Multiply it by the "
            "target before you add up.",
            HALVES + "0.511",
        ),
        *in_two_ways(
            "weights by the model's probabilities",
            weighted_by_the_model,
            "A class counts as often as it really occurs, not as often as the model "
            "says. The weights are the targets.",
            HALVES + "0.511",
        ),
        *[
            Mistake(
                "adds an epsilon inside the log",
                kl_with_epsilon(epsilon),
                "That avoids log 0, but it also caps the cost of a confident mistake: "
                f"where 69.078 is right, {epsilon:g} gives {-np.log(epsilon):.3f}. Leave "
                "out the classes with target 0 instead.",
                "my_kl_divergence(np.array([1.0, 0.0]), np.array([1e-30, 1.0])), which "
                "should be 69.078",
            )
            for epsilon in EPSILONS
        ],
    ],
    hints=[
        "You know CE = H + KL, and can compute CE and H. What is left?",
        "CE is minus the sum of targets times log probs, H the same with targets in "
        "place of probs. What does NumPy make of a target of 0 there?",
        "A target of 0 contributes nothing to either sum. A mask such as targets > 0 "
        "keeps the other classes, in both arrays.",
    ],
    reason="Cross-entropy is what the model's surprise costs on average; the entropy of "
    "the targets is the part that nobody can avoid. The difference is the model's own "
    "fault.",
)


# 3. The log of zero


def loss(logits, label):
    shifted = logits - logits.max()
    return np.log(np.exp(shifted).sum()) - shifted[label]


def log_of_one_softmax(logits, label):
    return -np.log(softmax(logits)[label])


def log_of_naive_softmax(logits, label):
    weights = np.exp(logits)
    return -np.log(weights[label] / weights.sum())


def one_with_epsilon(epsilon):
    return lambda logits, label: -np.log(softmax(logits)[label] + epsilon)


def one_with_floor(epsilon):
    return lambda logits, label: -np.log(max(softmax(logits)[label], epsilon))


def one_without_maximum(logits, label):
    return np.log(np.exp(logits).sum()) - logits[label]


def maximum_not_put_back(logits, label):
    return np.log(np.exp(logits - logits.max()).sum()) - logits[label]


def infinity_replaced(logits, label):
    return np.nan_to_num(log_of_one_softmax(logits, label))


def nothing_for_zero(logits, label):
    p = softmax(logits)[label]
    return -np.log(p) if p > 0 else 0.0


def capped(limit):
    return lambda logits, label: min(loss(logits, label), limit)


def sign_lost(logits, label):
    return -loss(logits, label)


def only_the_logit(logits, label):
    return -logits[label]


def only_the_gap(logits, label):
    return logits.max() - logits[label]


def the_loss_is_the_gap(function):
    gaps = [50.0, 800.0, 1e5]
    losses = [function(np.array([0.0, -gap]), 1) for gap in gaps]
    return np.allclose(losses, gaps)


def one_shift_changes_nothing(function):
    row = np.array([2.0, 1.0, 0.5])
    return np.allclose(function(row + 4096, 2), function(row, 2), atol=1e-5)


def the_odds_fit(function):
    losses = np.array([function(ROW, label) for label in range(3)])
    return np.isclose(np.exp(-losses).sum(), 1, atol=1e-5)


LOSS_800 = "my_loss(np.array([0.0, -800.0]), 1), which should be 800"

LOG_OF_ZERO = Exercise(
    name="log of zero",
    reference=loss,
    inputs=[
        (np.array([0.0, -800.0]), 1),
        (np.array([0.0, -800.0]), 0),
        (ROW, 0),
        (ROW, 2),
        (np.array([0.0, -30.0]), 1),
        (np.array([1000.0, 0.0]), 1),
        (np.array([1000.0, 1000.0]), 0),
        (np.array([-1000.0, -1001.0]), 0),
        (np.array([0.0, -20_000.0]), 1),  # too much for a longer float as well
        (np.array([5.0]), 0),  # one class
        (RNG.normal(0, 5, 6), 4),
        (np.array([0.0, -200.0, 1.0], np.float32), 1),
    ],
    properties={
        "being wrong by a gap of 800 costs 800": the_loss_is_the_gap,
        "a shift of all logits changes nothing": one_shift_changes_nothing,
        "the probabilities behind the losses sum to 1": the_odds_fit,
    },
    mistakes=[
        Mistake(
            "takes the log of the finished softmax",
            log_of_one_softmax,
            "This is the bug itself: the second probability of [0, -800] is rounded to "
            "0 before the log sees it, and minus log 0 is inf. Subtracting the maximum "
            "does not prevent that. Take the log of the formula first: log-sum-exp less "
            "the logit of the label.",
            LOSS_800,
        ),
        Mistake(
            "takes the log of the naive softmax",
            log_of_naive_softmax,
            "The second probability of [0, -800] is 0, and minus log 0 is inf; with "
            "logits of 1000 there is inf / inf, which is nan. Take the log of the "
            "formula: log-sum-exp less the logit of the label.",
            LOSS_800,
        ),
        *[
            Mistake(
                name,
                capped_at(epsilon),
                f"The infinity is gone, but now every loss is capped at "
                f"{-np.log(epsilon):.3f}, where 800 is right. Beyond that the loss is "
                "flat, and a model that is badly wrong no longer learns. Use log-sum-exp "
                "less the logit of the label.",
                LOSS_800,
            )
            for name, capped_at in [
                ("adds an epsilon inside the log", one_with_epsilon),
                ("puts a floor under the probability", one_with_floor),
            ]
            for epsilon in EPSILONS
        ],
        Mistake(
            "does not subtract the maximum",
            one_without_maximum,
            "Log-sum-exp less the logit is the right formula, and [0, -800] gives 800. "
            "But e^1000 is inf, so [1000, 0] fails: subtract the maximum from the logits "
            "first.",
            "my_loss(np.array([1000.0, 0.0]), 1), which should be 1000",
        ),
        Mistake(
            "does not put the maximum back",
            maximum_not_put_back,
            "Log-sum-exp of the shifted logits is smaller by the maximum, so the loss "
            "depends on where the logits stand. Take the label's logit from the shifted "
            "ones, too.",
            "my_loss(np.array([1000.0, 1000.0]), 0), which should be 0.693",
        ),
        Mistake(
            "replaces infinity by the largest float",
            infinity_replaced,
            "A loss of 309 digits is as wrong as inf: the true one is 800. It was lost "
            "when the probability was rounded to 0; only the logits still know it.",
            LOSS_800,
        ),
        Mistake(
            "charges nothing for a probability of 0",
            nothing_for_zero,
            "Then the worst mistake of all looks like a perfect answer. The true loss is "
            "800; it can be had from the logits, before anything is rounded to 0.",
            LOSS_800,
        ),
        *[
            Mistake(
                "caps the loss",
                capped(limit),
                f"Above {limit} all losses look alike, and the gradient is 0: a model "
                "that is badly wrong no longer learns. A loss of 800 is an ordinary "
                "float and needs no cap.",
                LOSS_800,
            )
            for limit in (100, 500, 700)
        ],
        Mistake(
            "has the wrong sign",
            sign_lost,
            "The log of a probability is never above 0; the loss is minus that log.",
            LOSS_800,
        ),
        Mistake(
            "forgets log-sum-exp",
            only_the_logit,
            "For [0, -800] minus the logit is right, because log-sum-exp is 0 there. In "
            "general the loss is log-sum-exp of the row less the logit of the label.",
            "my_loss(np.array([2.0, 1.0, 0.1]), 0), which should be 0.417",
        ),
        Mistake(
            "takes the gap to the largest logit",
            only_the_gap,
            "For a large gap that is close. But the true loss is measured from "
            "log-sum-exp, which lies above the largest logit: two equal logits cost "
            "0.693, not 0.",
            "my_loss(np.array([1000.0, 1000.0]), 0), which should be 0.693",
        ),
    ],
    hints=[
        "Print the probabilities of [0, -800]. At which step is the 800 lost?",
        "The probability is rounded to 0 before the log is taken. Write down the log of "
        "the fraction as a difference, and compute that.",
        "The loss is log-sum-exp less the logit of the label. Shift the logits by their "
        "maximum first, and use the shifted ones in both places.",
    ],
    reason="800 fits into a float, e^-800 does not. In log-sum-exp less the logit, the "
    "small probability is never formed.",
)


# 4. The loss of an untrained classifier


def untrained_loss(num_classes):
    return np.log(num_classes)


def always(value):
    return lambda num_classes: value


def squaring_doubles_it(function):
    return np.isclose(function(10_000), 2 * function(100))


def it_is_the_surprise_at_an_even_share(function):
    return all(np.isclose(np.exp(-function(k)), 1 / k) for k in (2, 10, 50))


TEN = "my_untrained_loss(10), which should be 2.303"
THOUSAND = "my_untrained_loss(1000), which should be 6.908"

UNTRAINED_LOSS = Exercise(
    name="untrained loss",
    reference=untrained_loss,
    inputs=[(10,), (2,), (1,), (3,), (100,), (1000,), (50_257,)],
    properties={
        "for the square of the number of classes it doubles": squaring_doubles_it,
        "it is the surprise at an even share": it_is_the_surprise_at_an_even_share,
    },
    mistakes=[
        *[
            Mistake(
                "returns log 2 for any number of classes",
                always(value),
                "0.693 is the loss of a fair coin, right for two classes. With ten each "
                "class gets 0.1, and -log 0.1 is 2.303.",
                TEN,
            )
            for value in (np.log(2), 0.693, 0.6931, 0.69)
        ],
        *[
            Mistake(
                "returns the loss for ten classes",
                always(value),
                "2.303 is right for ten classes, such as the ten digits. With 1,000 each "
                "class gets 0.001, and -log 0.001 is 6.908.",
                THOUSAND,
            )
            for value in (np.log(10), 2.303, 2.3026, 2.3)
        ],
        Mistake(
            "returns the probability of a class",
            lambda num_classes: 1 / num_classes,
            "1 / K is what an untrained model gives to each class. The loss is minus the "
            "log of it: for K = 10 that is 2.303.",
            TEN,
        ),
        Mistake(
            "takes what is missing to 1",
            lambda num_classes: 1 - 1 / num_classes,
            "That is how often a blind guess is wrong, a share of at most 1. The loss is "
            "the surprise at the true class: -log(1 / 10) is 2.303.",
            TEN,
        ),
        Mistake(
            "has the wrong sign",
            lambda num_classes: -np.log(num_classes),
            "log(1 / K) is below 0. The loss is minus that log, so it is above 0.",
            TEN,
        ),
        Mistake(
            "measures in bits",
            lambda num_classes: np.log2(num_classes),
            "log2 gives bits: 3.322 for ten classes. The course, like TensorFlow, uses "
            "the natural log, which gives 2.303.",
            TEN,
        ),
        Mistake(
            "takes the log to base 10",
            lambda num_classes: np.log10(num_classes),
            "np.log10 gives 1 for ten classes. The natural log is np.log, and gives "
            "2.303.",
            TEN,
        ),
        *[
            Mistake(
                "takes the middle between right and wrong",
                always(value),
                "A loss is no mark between 0 and 1: it has no upper end. It is the "
                "surprise at the true class, whose probability is 1 / K at first.",
                TEN,
            )
            for value in (0.5, 1)
        ],
        Mistake(
            "adds up the surprise of all classes",
            lambda num_classes: num_classes * np.log(num_classes),
            "Only the true class counts. One surprise of -log(1 / 10) is 2.303; ten of "
            "them would be 23.026.",
            TEN,
        ),
        Mistake(
            "takes one term of the entropy",
            lambda num_classes: np.log(num_classes) / num_classes,
            "The surprise -log(1 / K) is not multiplied by 1 / K: the true class is "
            "certain, so its weight is 1.",
            TEN,
        ),
        Mistake(
            "returns the number of classes",
            lambda num_classes: num_classes,
            "1 / p is K, and the loss is the log of that: 2.303 for ten classes.",
            TEN,
        ),
    ],
    hints=[
        "An untrained model prefers no class. Which probability does each get?",
        "Each class gets 1 / K, so the true one does, too. What is minus the log of it?",
        "Minus the log of a fraction 1 / K is the log of the fraction turned over.",
    ],
    reason="Every class gets 1 / K, and the surprise at any of them is "
    "-log(1 / K) = log K. A first loss far from this points to a bug.",
)

EXERCISES = [CROSS_ENTROPY, ENTROPY_PLUS_KL, LOG_OF_ZERO, UNTRAINED_LOSS]
