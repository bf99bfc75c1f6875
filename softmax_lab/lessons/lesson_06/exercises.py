"""The exercises of lesson 6: find the bug."""

import numpy as np

from softmax_lab.lessons.exercise import Exercise, Mistake

RNG = np.random.default_rng(6)
ROW = np.array([2.0, 1.0, 0.1])
BATCH = np.array([[2.0, 1.0, 0.1], [0.0, 3.0, 1.0]])
SQUARE = np.array([[2.0, 1.0], [0.5, 3.0]])


# 1. The axis test


def axis_test(softmax):
    batch = np.array([[2.0, 1.0, 0.1], [0.0, 3.0, 1.0]])
    return np.allclose(softmax(batch).sum(axis=1), 1)


# What is tested: right and wrong functions from logits to as many numbers


def over_the_classes(logits):
    weights = np.exp(logits - np.max(logits, axis=-1, keepdims=True))
    return weights / weights.sum(axis=-1, keepdims=True)


def over_the_batch(logits):
    weights = np.exp(logits - np.max(logits, axis=0))
    return weights / weights.sum(axis=0)


def over_everything(logits):
    weights = np.exp(logits - np.max(logits))
    return weights / weights.sum()


def everything_times_the_rows(logits):
    return over_everything(logits) * len(logits)


def by_the_first_rows_sum(logits):
    weights = np.exp(logits - np.max(logits))
    return weights / weights[0].sum()


def sigmoids(logits):
    return 1 / (1 + np.exp(np.negative(logits)))


def in_mixed_precision(logits):
    """Sums to 1 up to the rounding of float32."""
    weights = np.exp(logits - np.max(logits, axis=-1, keepdims=True))
    return weights * (1 / weights.sum(axis=-1, keepdims=True)).astype(np.float32)


def softmax_twice(logits):
    return in_mixed_precision(over_the_classes(logits))


def log_softmax(logits):
    return np.log(over_the_classes(logits))


# How the test goes wrong


def with_a_row_of_one_axis(softmax):
    return np.isclose(softmax(ROW).sum(), 1)


def with_a_batch_of_one(softmax):
    return np.allclose(softmax(ROW[None]).sum(axis=1), 1)


def with_a_batch(batch):
    return lambda softmax: np.allclose(softmax(batch).sum(axis=1), 1)


def adds_all(batch):
    return lambda softmax: np.isclose(softmax(batch).sum(), len(batch))


def first_row_only(softmax):
    return np.isclose(softmax(BATCH)[0].sum(), 1)


def adds_columns(softmax):
    return np.allclose(softmax(BATCH).sum(axis=0), 1)


def looks_for_probabilities(softmax):
    probs = softmax(BATCH)
    return np.all((probs >= 0) & (probs <= 1))


def to_the_last_digit(softmax):
    return np.all(softmax(BATCH).sum(axis=1) == 1)


def to_twelve_digits(softmax):
    return np.all(abs(softmax(BATCH).sum(axis=1) - 1) < 1e-12)


def answers_in_rows(num_rows):
    batch = np.random.default_rng(0).normal(size=(num_rows, 3))
    return lambda softmax: np.isclose(softmax(batch).sum(axis=1), 1)


def if_of_an_array(softmax):
    return bool(np.isclose(softmax(BATCH).sum(axis=1), 1))


def compares_with_softmax(softmax):
    return np.allclose(softmax(BATCH), over_the_classes(BATCH))


def the_other_way_round(softmax):
    return not axis_test(softmax)


def a_shift_makes_no_difference(test):
    return bool(test(lambda logits: over_the_classes(np.add(logits, 5))))


def columns_are_found_without_an_axis(test):
    return not test(lambda logits: over_the_classes(np.transpose(logits)).T)


def float32_is_good_enough(test):
    return bool(test(lambda logits: over_the_classes(np.float32(logits))))


DOWN = (
    "my_axis_test(lambda z: np.exp(z) / np.exp(z).sum(axis=0)), which should be False"
)
ALONG = (
    "my_axis_test(lambda z: np.exp(z) / np.exp(z).sum(axis=1, keepdims=True)), which "
    "should be True"
)
WHOLE = "my_axis_test(lambda z: np.exp(z) / np.exp(z).sum()), which should be False"
SHARED = "my_axis_test(lambda z: len(z) * np.exp(z) / np.exp(z).sum()), which should be False"
FIRST = "my_axis_test(lambda z: np.exp(z) / np.exp(z)[0].sum()), which should be False"
HALVED = (
    "my_axis_test(lambda z: np.exp(z / 2) / np.exp(z / 2).sum(axis=1, keepdims=True)), "
    "which should be True"
)
ROUNDED = (
    "my_axis_test(lambda z: np.exp(z) * "
    "(1 / np.exp(z).sum(axis=1, keepdims=True)).astype(np.float32)), which should be True"
)

AXIS_TEST = Exercise(
    name="axis test",
    reference=axis_test,
    inputs=[
        (over_the_classes,),
        (over_the_batch,),
        (over_everything,),
        (everything_times_the_rows,),
        (by_the_first_rows_sum,),
        (sigmoids,),
        (in_mixed_precision,),
        (softmax_twice,),
        (log_softmax,),
    ],
    properties={
        "logits that are shifted by 5 make no difference": a_shift_makes_no_difference,
        "softmax of the transpose, transposed back, is found out": (
            columns_are_found_without_an_axis
        ),
        "a softmax that works in float32 passes": float32_is_good_enough,
    },
    mistakes=[
        Mistake(
            "tests a single row without a batch",
            with_a_row_of_one_axis,
            "An array of shape (K,) has one axis, and it is axis 0: a softmax over the "
            "batch has nothing else to run along, and looks right. Give it a batch of "
            "two or more different rows.",
            DOWN,
        ),
        Mistake(
            "tests a batch of one row",
            with_a_batch_of_one,
            "With one row, a sum over the whole batch is the sum of that row. Two "
            "different rows tell the two apart.",
            WHOLE,
        ),
        *[
            Mistake(
                "tests a batch that looks the same both ways",
                with_a_batch(batch),
                "When rows and columns hold the same numbers in another order, all of "
                "them sum to the same, and a softmax over the columns passes. Take more "
                "classes than rows, and rows that differ.",
                DOWN,
            )
            for batch in (
                np.eye(3),
                np.zeros((3, 3)),
                np.array([[1.0, 2.0], [2.0, 1.0]]),
            )
        ],
        *[
            Mistake(
                "tests rows that are all alike",
                with_a_batch(batch),
                "Rows that are the same get the same share of the whole batch, so each "
                "may sum to 1 by chance. Take rows that differ.",
                SHARED,
            )
            for batch in (np.zeros((2, 3)), np.array([ROW, ROW]))
        ],
        *[
            Mistake(
                "adds up the whole batch",
                adds_all(batch),
                "N rows that sum to 1 do sum to N together. But so do rows of which one "
                "has too much and another too little: look at each row.",
                SHARED,
            )
            for batch in (BATCH, SQUARE)
        ],
        Mistake(
            "is content with one right row",
            first_row_only,
            "One row may be right by chance, or because it alone was used for the sum. "
            "All rows have to sum to 1.",
            FIRST,
        ),
        Mistake(
            "adds up the columns",
            adds_columns,
            "A sum along axis=0 adds up the images for each class. The classes lie along "
            "axis 1, and each row over these has to sum to 1.",
            ALONG,
        ),
        Mistake(
            "only looks whether the numbers are probabilities",
            looks_for_probabilities,
            "Down the columns all numbers lie between 0 and 1 as well. What differs is "
            "which of them sum to 1.",
            DOWN,
        ),
        *[
            Mistake(
                "compares to the last digit",
                wrong,
                "Sums of rounded numbers are rounded too, and a right softmax may give "
                "0.9999999. Ask np.allclose, which looks at the digits that count.",
                ROUNDED,
            )
            for wrong in (to_the_last_digit, to_twelve_digits)
        ],
        *[
            Mistake(
                "answers for each row",
                answers_in_rows(num_rows),
                "np.isclose gives a truth for every row. The test asks for one: whether "
                "all of them hold.",
                ALONG,
            )
            for num_rows in (2, 3, 4, 5)
        ],
        Mistake(
            "asks an array for yes or no",
            if_of_an_array,
            "np.isclose gives a truth for every row, and an if needs a single one. "
            "np.allclose gives that: it holds where every row does.",
            ALONG,
        ),
        Mistake(
            "compares with softmax itself",
            compares_with_softmax,
            "A softmax at another temperature, or applied twice, gives other numbers and "
            "still shares them out along the right axis. This test is about the axis: "
            "look at the sums.",
            HALVED,
        ),
        Mistake(
            "says yes for no",
            the_other_way_round,
            "True is for a softmax whose rows sum to 1, False for the others.",
            ALONG,
        ),
    ],
    hints=[
        "What is the sum of each row if softmax runs over the classes, and what if it "
        "runs over the images?",
        "Make a small batch with more classes than rows, and rows that differ. Add up "
        "what comes back along axis 1.",
        "The sums are rounded, so compare them with np.allclose, which also turns many "
        "truths into one.",
    ],
    reason="Each image shares out 1 among its classes, so each row sums to 1. A batch of "
    "two different rows and three classes gives every other axis away.",
)


# 2. The floor of the loss with softmax twice


def floor(num_classes):
    return np.log(1 + (num_classes - 1) / np.e)


def always(value):
    return lambda num_classes: value


def it_is_the_loss_of_a_one_hot_row(function):
    return all(
        np.isclose(function(k), -np.log(over_the_classes(np.eye(k)[0])[0]))
        for k in (2, 6, 50)
    )


def it_is_less_than_1_below_the_untrained_loss(function):
    return all(np.log(k) - 1 < function(k) < np.log(k) for k in (2, 10, 500))


TEN = "my_floor(10), which should be 1.461"
THREE = "my_floor(3), which should be 0.551"

LOSS_FLOOR = Exercise(
    name="loss floor",
    reference=floor,
    inputs=[(10,), (2,), (1,), (3,), (5,), (100,), (1000,)],
    properties={
        "it is the loss of a second softmax on a row of zeros and a one": (
            it_is_the_loss_of_a_one_hot_row
        ),
        "it lies less than 1 below the untrained loss": (
            it_is_less_than_1_below_the_untrained_loss
        ),
    },
    mistakes=[
        *[
            Mistake(
                "returns the floor of ten classes",
                always(value),
                "1.461 is right for ten classes. With three there are fewer rivals, and "
                "the floor is 0.551.",
                THREE,
            )
            for value in (np.log(1 + 9 / np.e), 1.461, 1.4612, 1.46)
        ],
        Mistake(
            "returns the untrained loss",
            lambda num_classes: np.log(num_classes),
            "log K is where training starts, with all classes level. At best the first "
            "softmax gives the true class 1 and the others 0, a lead of 1.",
            TEN,
        ),
        Mistake(
            "returns the largest probability",
            lambda num_classes: np.e / (np.e + num_classes - 1),
            "That is the most that the true class can get, 0.232 of ten. The loss is "
            "minus the log of it.",
            TEN,
        ),
        Mistake(
            "takes what is missing to 1",
            lambda num_classes: 1 - np.e / (np.e + num_classes - 1),
            "That is the share of the wrong classes, 0.768 of ten. The loss is minus the "
            "log of the share of the true one, 0.232.",
            TEN,
        ),
        Mistake(
            "counts the true class as its own rival",
            lambda num_classes: np.log(1 + num_classes / np.e),
            "Among K classes one is true, so it has K - 1 rivals: nine, not ten.",
            TEN,
        ),
        Mistake(
            "takes what holds for very many classes",
            lambda num_classes: np.log(num_classes) - 1,
            "log K - 1 comes close when K is large. For ten classes it is 1.303, below "
            "the true floor of 1.461: it gives the true class the weight of a rival.",
            TEN,
        ),
        Mistake(
            "forgets the true class in the sum",
            lambda num_classes: np.log((num_classes - 1) / np.e),
            "Softmax divides by all weights, that of the true class included: the 1 in "
            "1 + (K - 1) / e.",
            TEN,
        ),
        Mistake(
            "puts the true class last",
            lambda num_classes: np.log(1 + (num_classes - 1) * np.e),
            "With e times the rivals, the true class is one behind each of them. At best "
            "it is one ahead: divide by e.",
            TEN,
        ),
        Mistake(
            "forgets the rivals",
            lambda num_classes: np.log(1 + 1 / np.e),
            "log(1 + 1 / e) is the floor for two classes, 0.313. Every further class is "
            "one rival more.",
            TEN,
        ),
        Mistake(
            "expects a loss of 0",
            always(0.0),
            "One softmax can come as near to 0 as it likes. The second takes "
            "probabilities for logits, and the largest lead that these can have is 1.",
            TEN,
        ),
        Mistake(
            "measures in bits",
            lambda num_classes: np.log2(1 + (num_classes - 1) / np.e),
            "log2 gives bits. The course, like TensorFlow, uses the natural log.",
            TEN,
        ),
        Mistake(
            "has the wrong sign",
            lambda num_classes: -np.log(1 + (num_classes - 1) / np.e),
            "The log of a probability is never above 0; the loss is minus that log.",
            TEN,
        ),
    ],
    hints=[
        "What is the best that the first softmax can give? That row is what the second "
        "takes for logits.",
        "At best the logits are a 1 and K - 1 zeros. Which weights does e make of these, "
        "and what is the share of the first?",
        "The share is e over e + K - 1. Take minus the log, and turn the fraction over.",
    ],
    reason="A lead of 1 is worth e to 1 against each rival, and no more. A loss that "
    "settles at this number has met a second softmax.",
)


# 3. From which one to which ones: the loss of several tags


def tag_loss(logits, targets):
    return (np.logaddexp(0, logits) - targets * logits).sum()


def sigmoid(logits):
    return 1 / (1 + np.exp(-logits))


def of_finished_sigmoids(logits, targets):
    probs = sigmoid(logits)
    return -(targets * np.log(probs) + (1 - targets) * np.log(1 - probs)).sum()


def of_the_sigmoid_that_counts(logits, targets):
    probs = sigmoid(logits)
    return -np.log(np.where(targets > 0, probs, 1 - probs)).sum()


def of_sigmoids_of_both_signs(logits, targets):
    there, not_there = np.log(sigmoid(logits)), np.log(sigmoid(-logits))
    return -(targets * there + (1 - targets) * not_there).sum()


def of_the_sign_that_counts(logits, targets):
    return -np.log(sigmoid(np.where(targets > 0, logits, -logits))).sum()


def with_softmax(logits, targets):
    shifted = logits - logits.max()
    return -(targets * (shifted - np.log(np.exp(shifted).sum()))).sum()


def with_softmax_for_each(logits, targets):
    probs = over_the_classes(logits)
    return -(targets * np.log(probs) + (1 - targets) * np.log(1 - probs)).sum()


def averaged(logits, targets):
    return tag_loss(logits, targets) / len(logits)


def averaged_and_finished(logits, targets):
    return of_finished_sigmoids(logits, targets) / len(logits)


def not_added_up(logits, targets):
    return np.logaddexp(0, logits) - targets * logits


def only_what_is_there(logits, targets):
    return (targets * np.logaddexp(0, -logits)).sum()


def only_what_is_there_and_finished(logits, targets):
    return -(targets * np.log(sigmoid(logits))).sum()


def only_what_is_not(logits, targets):
    return ((1 - targets) * np.logaddexp(0, logits)).sum()


def as_if_all_were_there(logits, targets):
    return np.logaddexp(0, -logits).sum()


def targets_turned_round(logits, targets):
    return tag_loss(logits, 1 - targets)


def exponentials_overflow(logits, targets):
    return (np.log(1 + np.exp(logits)) - targets * logits).sum()


def exponentials_of_the_sign_that_counts(logits, targets):
    return np.log(1 + np.exp(np.where(targets > 0, -logits, logits))).sum()


def exponentials_overflow_below(logits, targets):
    return (np.log(1 + np.exp(-logits)) + (1 - targets) * logits).sum()


def clipped(epsilon):
    def loss(logits, targets):
        probs = np.clip(sigmoid(logits), epsilon, 1 - epsilon)
        return -(targets * np.log(probs) + (1 - targets) * np.log(1 - probs)).sum()

    return loss


def with_epsilon(epsilon):
    def loss(logits, targets):
        probs = sigmoid(logits)
        there = targets * np.log(probs + epsilon)
        return -(there + (1 - targets) * np.log(1 - probs + epsilon)).sum()

    return loss


def in_bits(logits, targets):
    return tag_loss(logits, targets) / np.log(2)


def sign_lost(logits, targets):
    return -tag_loss(logits, targets)


def squared_error(logits, targets):
    return ((sigmoid(logits) - targets) ** 2).sum()


def level_tags_cost_a_coin_each(function):
    return all(
        np.isclose(function(np.zeros(k), np.arange(k) % 2.0), k * np.log(2))
        for k in (1, 4, 9)
    )


def each_tag_is_a_question_of_its_own(function):
    targets = np.array([1.0, 0.0, 1.0])
    alone = [function(ROW[[k]], targets[[k]]) for k in range(3)]
    return np.isclose(function(ROW, targets), sum(alone), atol=1e-5)


def wrong_by_800_costs_800(function):
    return np.allclose(
        [
            function(np.array([z]), np.array([t]))
            for z, t in [(800.0, 0.0), (-800.0, 1.0)]
        ],
        800,
    )


EPSILONS = (1e-7, 1e-8, 1e-9, 1e-10, 1e-12, 1e-15)
BOTH = "my_tag_loss(np.array([5.0, 5.0]), np.array([1.0, 1.0])), which should be 0.013"
BEACH = (
    "my_tag_loss(np.array([3.0, -3.0]), np.array([0.0, 0.0])), which should be 3.097"
)
MIXED = "my_tag_loss(np.array([2.0, 1.0]), np.array([1.0, 0.0])), which should be 1.44"
FAR = "my_tag_loss(np.array([800.0]), np.array([0.0])), which should be 800"
BELOW = "my_tag_loss(np.array([-800.0]), np.array([0.0])), which should be 0"

TAG_LOSS = Exercise(
    name="tag loss",
    reference=tag_loss,
    inputs=[
        (ROW, np.array([1.0, 0.0, 1.0])),
        (np.array([5.0, 5.0, -2.0, -2.0]), np.array([1.0, 1.0, 0.0, 0.0])),
        (np.array([-6.0, -6.0, -6.0, -6.0]), np.zeros(4)),  # an empty beach
        (np.array([3.0, -3.0]), np.zeros(2)),
        (np.zeros(3), np.array([0.0, 1.0, 1.0])),
        (np.array([800.0, 1.0]), np.array([0.0, 1.0])),
        (np.array([-800.0, 1.0]), np.array([1.0, 0.0])),
        (np.array([1000.0, -1000.0]), np.array([1.0, 0.0])),  # sure and right
        (np.array([-30.0, 40.0]), np.array([1.0, 0.0])),
        (RNG.normal(0, 3, 6), np.array([1.0, 1.0, 0.0, 1.0, 0.0, 0.0])),
        (np.array([0.5, -1.5], np.float32), np.array([1.0, 1.0], np.float32)),
    ],
    properties={
        "with all logits 0, each tag costs as much as a coin": (
            level_tags_cost_a_coin_each
        ),
        "the loss is the sum of what each tag costs alone": (
            each_tag_is_a_question_of_its_own
        ),
        "being wrong by 800 costs 800": wrong_by_800_costs_800,
    },
    mistakes=[
        Mistake(
            "shares out 1 with softmax",
            with_softmax,
            "Softmax makes the tags compete: two that are there, and certain, get half "
            "each, and cost 1.386. Give each logit a sigmoid of its own.",
            BOTH,
        ),
        Mistake(
            "takes softmax for the probability of each tag",
            with_softmax_for_each,
            "Both terms are here, but softmax makes the tags compete: two that are "
            "there, and certain, get half each. Give each logit a sigmoid of its own.",
            BOTH,
        ),
        *[
            Mistake(
                "takes the log of the finished sigmoid",
                wrong,
                "The sigmoid of 800 is rounded to 1, and 1 less that is 0, whose log is "
                "minus infinity. Take the log of the formula: 1 - sigmoid(z) is "
                "1 / (1 + e^z).",
                FAR,
            )
            for wrong in (of_finished_sigmoids, of_the_sigmoid_that_counts)
        ],
        *[
            Mistake(
                "rounds a sigmoid to 0 or an exponential to inf",
                wrong,
                "For a tag that is surely wrong, sigmoid(-800) is rounded to 0, whose log "
                "is minus infinity, or 1 + e^800 is formed, which is inf. "
                "np.logaddexp(0, z) is log(1 + e^z) without forming it.",
                FAR,
            )
            for wrong in (
                of_sigmoids_of_both_signs,
                of_the_sign_that_counts,
                exponentials_of_the_sign_that_counts,
            )
        ],
        *[
            Mistake(
                name,
                capped(epsilon),
                f"The infinity is gone, but no tag can cost more than "
                f"{-np.log(epsilon):.3f}, where 800 is right, and beyond that nothing is "
                "learnt any more. Take the log of the formula: 1 - sigmoid(z) is "
                "1 / (1 + e^z).",
                FAR,
            )
            for name, capped in [
                ("clips the probabilities", clipped),
                ("adds an epsilon inside the log", with_epsilon),
            ]
            for epsilon in EPSILONS
        ],
        Mistake(
            "raises e to large logits",
            exponentials_overflow,
            "log(1 + e^z) is the right formula, and e^1000 is inf. np.logaddexp(0, z) "
            "gives the same without forming it.",
            FAR,
        ),
        Mistake(
            "raises e to minus very negative logits",
            exponentials_overflow_below,
            "log(1 + e^-z) is the right formula, and for a logit of -1000 it forms "
            "e^1000, which is inf. np.logaddexp(0, -z) gives the same without.",
            BELOW,
        ),
        *[
            Mistake(
                "takes the mean over the tags",
                wrong,
                "Each tag is a question, and the loss of the photo is what all of them "
                "cost together: a sum.",
                MIXED,
            )
            for wrong in (averaged, averaged_and_finished)
        ],
        Mistake(
            "does not add up",
            not_added_up,
            "That is what each tag costs. The loss of the photo is one number, their sum.",
            MIXED,
        ),
        *[
            Mistake(
                "charges only for tags that are there",
                wrong,
                "A tag that is not there and gets a high logit costs nothing here, so a "
                "model that says yes to everything is perfect. Absent tags cost minus "
                "the log of 1 - sigmoid(z).",
                BEACH,
            )
            for wrong in (only_what_is_there, only_what_is_there_and_finished)
        ],
        Mistake(
            "charges only for tags that are not there",
            only_what_is_not,
            "A tag that is there and is missed costs nothing here, so a model that says "
            "no to everything is perfect. Tags that are there cost minus the log of "
            "sigmoid(z).",
            MIXED,
        ),
        Mistake(
            "takes all tags for true",
            as_if_all_were_there,
            "The targets do not enter. A tag that is not there costs minus the log of "
            "1 - sigmoid(z).",
            MIXED,
        ),
        Mistake(
            "takes the targets the wrong way round",
            targets_turned_round,
            "A tag that is there should be cheap when its logit is high: it costs minus "
            "the log of sigmoid(z), and not of 1 - sigmoid(z).",
            MIXED,
        ),
        Mistake(
            "measures in bits",
            in_bits,
            "log2 gives bits, 1.443 times as many as nats. The course uses the natural "
            "log throughout.",
            MIXED,
        ),
        Mistake(
            "has the wrong sign",
            sign_lost,
            "The log of a probability is never above 0; a loss is minus that log.",
            MIXED,
        ),
        Mistake(
            "takes squared error",
            squared_error,
            "No tag can cost more than 1 then, and where the model is surely wrong the "
            "slope fades. The cost is minus the log of the probability.",
            FAR,
        ),
    ],
    hints=[
        "Write sigmoid(z) as 1 / (1 + e^-z). What is minus the log of it, and of 1 less "
        "it?",
        "A tag that is there costs log(1 + e^-z), one that is not log(1 + e^z). For large "
        "logits, np.logaddexp(0, z) is log(1 + e^z) without overflow.",
        "The two costs differ by z. So log(1 + e^z) for every tag, less z for those that "
        "are there, is right for both.",
    ],
    reason="Each tag is a question with two answers, and a sigmoid is softmax over z and "
    "0. So the loss is log-sum-exp of the two, less the logit of the true one.",
)

EXERCISES = [AXIS_TEST, LOSS_FLOOR, TAG_LOSS]
