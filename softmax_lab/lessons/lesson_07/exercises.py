"""The exercises of lesson 7: how sure should it sound, and what does it draw?"""

import numpy as np

from softmax_lab.lessons.exercise import Exercise, Mistake

RNG = np.random.default_rng(7)
ROW = np.array([2.0, 1.0, 0.1])
SEVEN = np.array([3.0, 2.5, 2.0, 1.0, 0.0, -1.0, -2.0])
EPSILONS = [1e-6, 1e-7, 1e-8, 1e-9, 1e-10, 1e-12, 1e-15]


def softmax(logits):
    weights = np.exp(logits - logits.max())
    return weights / weights.sum()


# 1. Softmax with a temperature


def temperature_softmax(logits, temperature):
    weights = np.exp((logits - logits.max()) / temperature)
    return weights / weights.sum()


def multiplied(logits, temperature):
    return softmax(logits * temperature)


def probabilities_divided(logits, temperature):
    return softmax(logits) / temperature


def temperature_without_effect(logits, temperature):
    return softmax(logits)


def softmax_twice(logits, temperature):
    return softmax(softmax(logits) / temperature)


def without_maximum(logits, temperature):
    weights = np.exp(logits / temperature)
    return weights / weights.sum()


def maximum_not_divided(logits, temperature):
    weights = np.exp(logits / temperature - logits.max())
    return weights / weights.sum()


def weights_divided(logits, temperature):
    weights = np.exp((logits - logits.max()) / temperature)
    return weights / temperature


def not_normalised(logits, temperature):
    return np.exp((logits - logits.max()) / temperature)


def only_the_shift_divided(logits, temperature):
    weights = np.exp(logits - logits.max() / temperature)
    return weights / weights.sum()


def it_sums_to_1(function):
    return all(
        np.isclose(np.sum(function(ROW.copy(), t)), 1, atol=1e-5)
        for t in (0.01, 0.5, 3.0, 1000.0)
    )


def the_order_stays(function):
    row = np.array([0.3, -1.0, 2.0, 1.9])
    return all(
        np.array_equal(np.argsort(function(row.copy(), t)), np.argsort(row))
        for t in (0.5, 1.0, 5.0)
    )


def twice_the_temperature_for_twice_the_logits(function):
    return all(
        np.allclose(function(2 * ROW, 2 * t), function(ROW.copy(), t), atol=1e-5)
        for t in (0.3, 1.0, 4.0)
    )


def a_shift_changes_nothing(function):
    row = np.array([2.0, 1.0, 0.5])
    return np.allclose(function(row + 4096, 0.5), function(row, 0.5), atol=1e-5)


AT_2 = (
    "my_temperature_softmax(np.array([2.0, 1.0, 0.1]), 2.0), which should be "
    "[0.502, 0.304, 0.194]"
)
AT_HALF = (
    "my_temperature_softmax(np.array([2.0, 1.0, 0.1]), 0.5), which should be "
    "[0.864, 0.117, 0.019]"
)
COLD = (
    "my_temperature_softmax(np.array([2.0, 2.0, 1.0]), 0.001), which should be "
    "[0.5, 0.5, 0]"
)

TEMPERATURE_SOFTMAX = Exercise(
    name="temperature softmax",
    reference=temperature_softmax,
    inputs=[
        (ROW, 2.0),
        (ROW, 0.5),
        (ROW, 1.0),
        (ROW, 100.0),
        (np.array([2.0, 2.0, 1.0]), 0.001),
        (np.array([1000.0, 999.0, 990.0]), 10.0),
        (np.array([-3.0, -3.0, -3.0, -3.0]), 0.1),
        (np.array([5.0]), 3.0),  # one class
        (RNG.normal(0, 3, 6), 1.7),
        (RNG.normal(0, 3, 4).astype(np.float32), 0.8),
    ],
    properties={
        "the probabilities sum to 1 at any temperature": it_sums_to_1,
        "the order of the logits stays": the_order_stays,
        "twice the logits at twice the temperature give the same": (
            twice_the_temperature_for_twice_the_logits
        ),
        "a shift of all logits changes nothing": a_shift_changes_nothing,
    },
    mistakes=[
        Mistake(
            "multiplies by the temperature",
            multiplied,
            "Then heat sharpens: the gaps between the logits grow with T. A temperature "
            "divides, so that a high one brings the logits together.",
            AT_2,
        ),
        Mistake(
            "divides the probabilities",
            probabilities_divided,
            "A row of probabilities divided by T sums to 1 / T, and their ratios are "
            "what they were. The logits are divided, before the exponential.",
            AT_2,
        ),
        Mistake(
            "loses the temperature on the way",
            temperature_without_effect,
            "The result is the same at every T. Does T cancel, because you divide the "
            "probabilities or the weights by it and then by their sum?",
            AT_2,
        ),
        Mistake(
            "applies softmax twice",
            softmax_twice,
            "The inner softmax has used the logits up: its outputs all lie between 0 and "
            "1, so the outer one is flat whatever T is. Divide the logits themselves.",
            AT_2,
        ),
        Mistake(
            "does not subtract the maximum",
            without_maximum,
            "With a small T the exponentials are inf or all 0, and inf / inf and "
            "0 / 0 are nan. Subtract the maximum, so that the largest exponent is 0.",
            COLD,
        ),
        Mistake(
            "subtracts the maximum without dividing it",
            maximum_not_divided,
            "After the division the largest number is max / T, not max: 2000 less 2 "
            "still overflows. Subtract first and divide then, or divide both.",
            COLD,
        ),
        Mistake(
            "divides only the maximum",
            only_the_shift_divided,
            "Brackets are missing: in z - max / T only the maximum is divided. That "
            "shifts all logits alike, so T changes nothing.",
            AT_2,
        ),
        Mistake(
            "divides by the temperature instead of the sum",
            weights_divided,
            "T belongs inside the exponential. Outside it, the weights still have to be "
            "divided by their sum.",
            AT_HALF,
        ),
        Mistake(
            "does not divide by the sum",
            not_normalised,
            "These are weights: the largest is always 1. Divided by their sum they "
            "become probabilities.",
            AT_2,
        ),
    ],
    hints=[
        "Softmax as you know it, of other logits: which?",
        "Each logit is divided by T. The maximum is subtracted before that, so that a "
        "tiny T makes no huge number.",
        "Three steps: subtract the maximum, divide by the temperature, exponentials "
        "over their sum.",
    ],
    reason="T divides every gap between the logits. With the maximum subtracted first "
    "the largest exponent is 0 at any T, and nothing overflows.",
)


# 2. From probabilities alone


def tempered(probs, temperature):
    powers = (probs / probs.max()) ** (1 / temperature)
    return powers / powers.sum()


def left_as_they_are(probs, temperature):
    return probs.copy()


def divided(probs, temperature):
    return probs / temperature


def taken_for_logits(probs, temperature):
    return softmax(probs / temperature)


def power_of_the_temperature(probs, temperature):
    powers = (probs / probs.max()) ** temperature
    return powers / powers.sum()


def powers_not_normalised(probs, temperature):
    return probs ** (1 / temperature)


def scaled_not_normalised(probs, temperature):
    return (probs / probs.max()) ** (1 / temperature)


def log_to_base_2(probs, temperature):
    return softmax(np.log2(probs) / temperature)


def log_to_base_10(probs, temperature):
    return softmax(np.log10(probs) / temperature)


def logs_returned(probs, temperature):
    return np.log(probs) / temperature


def logs_normalised(probs, temperature):
    log_probs = np.log(probs) / temperature
    return log_probs / log_probs.sum()


def with_epsilon(epsilon):
    return lambda probs, temperature: softmax(np.log(probs + epsilon) / temperature)


def with_floor(epsilon):
    return lambda probs, temperature: softmax(
        np.log(np.clip(probs, epsilon, 1)) / temperature
    )


def it_agrees_with_the_logits(function):
    return all(
        np.allclose(function(softmax(ROW), t), softmax(ROW / t), atol=1e-5)
        for t in (0.3, 1.0, 4.0)
    )


def two_steps_make_one(function):
    twice = function(np.asarray(function(softmax(ROW), 2.0)), 3.0)
    return np.allclose(twice, softmax(ROW / 6), atol=1e-5)


def zero_stays_zero(function):
    probs = function(np.array([0.75, 0.0, 0.25]), 5.0)
    return np.asarray(probs)[1] == 0


EIGHT_TO_ONE = (
    "my_tempered_probs(np.array([0.8, 0.2]), 2.0), which should be [0.667, 0.333]"
)
WITH_ZERO = (
    "my_tempered_probs(np.array([0.8, 0.2, 0.0]), 10.0), which should be "
    "[0.535, 0.465, 0]"
)

TEMPERED_PROBABILITIES = Exercise(
    name="tempered probabilities",
    reference=tempered,
    inputs=[
        (np.array([0.8, 0.2]), 2.0),
        (np.array([0.7, 0.2, 0.1]), 0.5),
        (np.array([0.7, 0.2, 0.1]), 1.0),
        (np.array([0.7, 0.2, 0.1]), 4.0),
        (np.array([0.8, 0.2, 0.0]), 10.0),
        (np.array([0.8, 0.2, 1e-13]), 10.0),  # tells an epsilon from a floor
        (np.array([0.25, 0.25, 0.25, 0.25]), 3.0),
        (np.array([1.0]), 2.0),  # one class
        (RNG.dirichlet(np.ones(6)), 1.5),
        (np.array([0.125, 0.25, 0.625], np.float32), 0.7),
    ],
    properties={
        "it is what the logits at that temperature would give": (
            it_agrees_with_the_logits
        ),
        "T = 2 and then T = 3 is T = 6": two_steps_make_one,
        "a probability of 0 stays 0": zero_stays_zero,
    },
    mistakes=[
        Mistake(
            "returns the probabilities unchanged",
            left_as_they_are,
            "Divided by T and then by their sum, probabilities are what they were: T "
            "cancels. Go back to logits first; the log of a probability is one.",
            EIGHT_TO_ONE,
        ),
        Mistake(
            "divides the probabilities",
            divided,
            "Now they sum to 1 / T, and dividing by that sum would undo the T. The logs "
            "of the probabilities are to be divided.",
            EIGHT_TO_ONE,
        ),
        Mistake(
            "takes probabilities for logits",
            taken_for_logits,
            "softmax(p / T) is a second softmax. Probabilities differ by 1 at most, so "
            "the result is flat; take their logs first.",
            EIGHT_TO_ONE,
        ),
        Mistake(
            "multiplies the logs by the temperature",
            power_of_the_temperature,
            "That is p to the power T, and heat would sharpen. Dividing the logs by T is "
            "p to the power 1 / T.",
            EIGHT_TO_ONE,
        ),
        *[
            Mistake(
                "does not divide by the sum",
                wrong,
                "Powers of probabilities are weights, and no longer sum to 1. Divide them "
                "by their sum.",
                EIGHT_TO_ONE,
            )
            for wrong in (powers_not_normalised, scaled_not_normalised)
        ],
        Mistake(
            "takes the log to base 2",
            log_to_base_2,
            "The exponential in softmax undoes the natural log. With log2 in its place "
            "even T = 1 changes the probabilities.",
            EIGHT_TO_ONE,
        ),
        Mistake(
            "takes the log to base 10",
            log_to_base_10,
            "The exponential in softmax undoes the natural log. With log10 in its place "
            "even T = 1 changes the probabilities.",
            EIGHT_TO_ONE,
        ),
        Mistake(
            "stops at the logs",
            logs_returned,
            "These are logits, divided by T as they should be. Softmax makes "
            "probabilities of them.",
            EIGHT_TO_ONE,
        ),
        Mistake(
            "divides the logs by their sum",
            logs_normalised,
            "Logs are logits, and logits become probabilities by softmax, not by plain "
            "division. Here the least likely class comes out on top.",
            EIGHT_TO_ONE,
        ),
        *[
            Mistake(
                name,
                wrong(epsilon),
                f"A class with probability 0 comes back to life: at T = 10 the {epsilon:g} "
                "counts as its tenth root, which is not small. Leave the 0: its log is "
                "-inf, and softmax makes that 0 again.",
                WITH_ZERO,
            )
            for name, wrong in [
                ("adds an epsilon inside the log", with_epsilon),
                ("puts a floor under the probabilities", with_floor),
            ]
            for epsilon in EPSILONS
        ],
    ],
    hints=[
        "What would you divide by T if you had it? What can you get of it back from "
        "probabilities?",
        "The logs of probabilities are the logits, up to one shift. And softmax does "
        "not see a shift.",
        "Divide the logs by T and apply softmax. In one step that is p to the power of "
        "1 over T, divided by the sum of all those powers.",
    ],
    reason="log p is the row of logits, less one constant. So exp(log p / T), which is p "
    "to the power 1 / T, has the ratios that exp(z / T) has.",
)


# 3. The temperature that gives a wanted entropy


def temperature_for(logits, bits):
    low, high = 0.01, 100.0
    for _ in range(60):
        middle = (low * high) ** 0.5
        weights = np.exp((logits - logits.max()) / middle)
        p = weights[weights > 0] / weights.sum()
        low, high = (middle, high) if -p @ np.log2(p) < bits else (low, middle)
    return middle


def entropy_in_bits(logits, temperature):
    probs = temperature_softmax(np.asarray(logits, float), temperature)
    probs = probs[probs > 0]
    return -(probs * np.log2(probs)).sum()


def in_nats(logits, bits):
    return temperature_for(logits, bits / np.log(2))


def bits_turned_the_wrong_way(logits, bits):
    return temperature_for(logits, bits * np.log(2))


def upside_down(logits, bits):
    return 1 / temperature_for(logits, bits)


def in_proportion(logits, bits):
    return bits / entropy_in_bits(logits, 1.0)


def entropy_itself(logits, bits):
    return entropy_in_bits(logits, 1.0)


def wrong_half(low, high):
    def search(logits, bits):
        ends = [low, high]
        for _ in range(60):
            middle = sum(ends) / 2
            ends[int(entropy_in_bits(logits, middle) < bits)] = middle
        return sum(ends) / 2

    return search


def within(low, high, halvings=60, middle_of=lambda low, high: (low + high) / 2):
    def search(logits, bits):
        ends = [low, high]
        for _ in range(halvings):
            middle = middle_of(*ends)
            ends[int(entropy_in_bits(logits, middle) >= bits)] = middle
        return middle_of(*ends)

    return search


def on_a_grid(start, step, pick):
    """What a search through start, start + step, ... returns."""

    def search(logits, bits):
        n = int((temperature_for(np.asarray(logits, float), bits) - start) / step)
        return pick(logits, bits, start + n * step, start + (n + 1) * step)

    return search


def closer_in_entropy(logits, bits, below, above):
    return min((below, above), key=lambda t: abs(entropy_in_bits(logits, t) - bits))


def last_too_cold(logits, bits, below, above):
    return below


def first_hot_enough(logits, bits, below, above):
    return above


def it_reaches_the_entropy(function):
    rows = [(ROW, 1.2), (SEVEN, 2.5), (np.array([0.0, 9.0]), 0.2)]
    reached = [entropy_in_bits(row, function(row.copy(), bits)) for row, bits in rows]
    return np.allclose(reached, [1.2, 2.5, 0.2], atol=1e-4)


def more_bits_need_more_heat(function):
    found = [function(SEVEN.copy(), bits) for bits in (0.5, 1.0, 1.5, 2.0, 2.5)]
    return bool((np.diff(found) > 0).all())


def twice_the_logits_need_twice_the_heat(function):
    return np.isclose(function(2 * ROW, 1.0), 2 * function(ROW.copy(), 1.0), rtol=1e-4)


ONE_BIT = "my_temperature_for(np.array([2.0, 1.0, 0.1]), 1.0), which should be 0.7326"
FOUR_DIGITS = (
    "abs(my_temperature_for(np.array([2.0, 1.0, 0.1]), 1.0) - 0.732636) < 1e-4, "
    "which should be True"
)

TARGET_ENTROPY = Exercise(
    name="target entropy",
    reference=temperature_for,
    inputs=[  # float32: so four digits of the temperature are enough
        (np.array([2.0, 1.0, 0.1], np.float32), 1.0),
        (np.array([2.0, 1.0, 0.1], np.float32), 0.5),
        (np.array([2.0, 1.0, 0.1], np.float32), 1.5),
        (np.array([0.0, 8.0], np.float32), 0.75),
        (SEVEN.astype(np.float32), 1.0),
        (SEVEN.astype(np.float32), 2.0),
        (RNG.normal(0, 3, 5).astype(np.float32), 1.25),
        (np.array([1000.0, 998.0, 997.0], np.float32), 1.0),
    ],
    properties={
        "at the temperature it returns the entropy is the wanted one": (
            it_reaches_the_entropy
        ),
        "more bits need a higher temperature": more_bits_need_more_heat,
        "twice the logits need twice the temperature": (
            twice_the_logits_need_twice_the_heat
        ),
    },
    mistakes=[
        Mistake(
            "measures in nats",
            in_nats,
            "The target is given in bits. The natural log measures in nats, and a nat is "
            "1.443 bits: use log2, or divide by the log of 2.",
            ONE_BIT,
        ),
        Mistake(
            "converts the target and not the entropy",
            bits_turned_the_wrong_way,
            "A target in bits times the log of 2 is one in nats. Then the entropy has to "
            "be in nats as well.",
            ONE_BIT,
        ),
        Mistake(
            "returns 1 / T",
            upside_down,
            "At this number times the logits the entropy is right. A temperature "
            "divides them, so it is one over that.",
            ONE_BIT,
        ),
        Mistake(
            "takes entropy for proportional to T",
            in_proportion,
            "Twice the temperature is not twice the entropy: it levels off at the log2 "
            "of the number of classes. Search instead: halve the range, look, and keep "
            "the half that holds the target.",
            ONE_BIT,
        ),
        Mistake(
            "returns an entropy",
            entropy_itself,
            "This is the entropy at T = 1. Wanted is the T at which the entropy is the "
            "target.",
            ONE_BIT,
        ),
        *[
            Mistake(
                "throws away the wrong half",
                wrong_half(low, high),
                "Your search runs to one end of the range. If the entropy is too low, it "
                "is too cold, and the lower end moves up.",
                ONE_BIT,
            )
            for low, high in [(0.01, 100.0), (0.1, 10.0), (0.01, 10.0), (0.1, 100.0)]
        ],
        *[
            Mistake(
                "searches in too small a range",
                within(low, high),
                "Some targets need a temperature outside your range, and the search ends "
                "at its edge. From 0.01 to 100 is wide enough here.",
                "my_temperature_for(np.array([0.0, 8.0]), 0.75), which should be 6.1633",
            )
            for low, high in [
                (0.01, 1.0),
                (0.1, 1.0),
                (0.01, 2.0),
                (0.1, 2.0),
                (0.1, 5.0),
                (0.01, 5.0),
            ]
        ],
        *[
            Mistake(
                "searches on a coarse grid",
                on_a_grid(start, step, pick),
                "Close, but only as fine as the grid, and each further digit takes ten "
                "times as many looks. Halve the range instead: three or four halvings "
                "give a digit.",
                FOUR_DIGITS,
            )
            for start, step in [(0, 0.001), (0, 0.01), (0, 0.1), (0.01, 0.1)]
            for pick in (closer_in_entropy, last_too_cold, first_hot_enough)
        ],
        *[
            Mistake(
                "stops too early",
                within(low, high, halvings, middle_of),
                "Each halving adds one binary digit, so a few leave an error that "
                "shows. Fifty are plenty, and cost nothing.",
                FOUR_DIGITS,
            )
            for low, high in [(0.01, 100.0), (0.1, 100.0), (0.1, 10.0)]
            for halvings in range(5, 13)
            for middle_of in [
                lambda low, high: (low + high) / 2,
                lambda low, high: (low * high) ** 0.5,
            ]
        ],
    ],
    hints=[
        "Entropy rises with T. So one look in the middle tells you in which half of a "
        "range the wanted T lies.",
        "Keep two ends, cold and hot. Compute the entropy between them, in bits: minus "
        "the sum of p log2 p. Too few bits: the middle becomes the cold end.",
        "Start from 0.01 and 100 and halve fifty times. Where a probability is rounded "
        "to 0 leave it out, as 0 times log 0 is nan.",
    ],
    reason="Entropy rises with T, so each look halves the range. Sixty halvings leave "
    "nothing of it but rounding.",
)


# 4. Gumbel-max


def gumbel_choices(logits, uniforms):
    noise = -np.log(-np.log(uniforms))
    return (logits + noise).argmax(axis=-1)


def without_noise(logits, uniforms):
    return np.full(len(uniforms), logits.argmax())


def uniform_noise(logits, uniforms):
    return (logits + uniforms).argmax(axis=-1)


def noise_subtracted(logits, uniforms):
    return (logits + np.log(-np.log(uniforms))).argmax(axis=-1)


def one_log(logits, uniforms):
    return (logits - np.log(uniforms)).argmax(axis=-1)


def one_log_added(logits, uniforms):
    return (logits + np.log(uniforms)).argmax(axis=-1)


def inner_minus_lost(logits, uniforms):
    return (logits - np.log(np.log(uniforms))).argmax(axis=-1)


def noise_from_the_rest(logits, uniforms):
    return (logits - np.log(-np.log(1 - uniforms))).argmax(axis=-1)


def noise_on_the_probabilities(logits, uniforms):
    return (softmax(logits) - np.log(-np.log(uniforms))).argmax(axis=-1)


def smallest(logits, uniforms):
    return (logits - np.log(-np.log(uniforms))).argmin(axis=-1)


def along_the_wrong_axis(logits, uniforms):
    return (logits - np.log(-np.log(uniforms))).argmax(axis=0)


def one_for_all(logits, uniforms):
    return (logits - np.log(-np.log(uniforms))).argmax()


def noise_returned(logits, uniforms):
    return (logits - np.log(-np.log(uniforms))).max(axis=-1)


def noise_alone(logits, uniforms):
    return uniforms.argmax(axis=-1)


def times_noise(logits, uniforms):
    return (-logits * np.log(-np.log(uniforms))).argmax(axis=-1)


def shares_are_those_of_softmax(function):
    uniforms = np.random.default_rng(0).random((100_000, 3))
    chosen = np.asarray(function(ROW.copy(), uniforms))
    shares = np.bincount(chosen.astype(int), minlength=3) / len(chosen)
    return np.allclose(shares, softmax(ROW), atol=0.01)


def a_shift_changes_no_choice(function):
    uniforms = np.random.default_rng(1).random((50, 3))
    return np.array_equal(
        function(ROW + 64, uniforms.copy()), function(ROW.copy(), uniforms)
    )


def a_masked_class_is_never_chosen(function):
    uniforms = np.random.default_rng(2).random((200, 3))
    return 0 not in np.asarray(function(np.array([-np.inf, 0.0, 0.0]), uniforms))


TWO_DRAWS = (
    "my_gumbel_choices(np.array([1.0, 0.0]), np.array([[0.5, 0.5], [0.5, 0.85]])), "
    "which should be [0, 1]"
)
FOUR_DRAWS = (
    "my_gumbel_choices(np.array([2.0, 1.0, 0.1]), np.array([[0.5, 0.5, 0.5], "
    "[0.2, 0.9, 0.5], [0.9, 0.95, 0.9], [0.1, 0.3, 0.9]])), which should be "
    "[0, 1, 0, 2]"
)

GUMBEL_MAX = Exercise(
    name="gumbel-max",
    reference=gumbel_choices,
    inputs=[
        (ROW, np.array([[0.5, 0.5, 0.5], [0.2, 0.9, 0.5], [0.1, 0.3, 0.9]])),
        (np.array([1.0, 0.0]), np.array([[0.5, 0.5], [0.2, 0.9]])),
        (ROW, RNG.random((20, 3))),
        (np.zeros(4), RNG.random((12, 4))),
        (np.array([50.0, 51.0]), RNG.random((9, 2))),
        (np.array([-np.inf, 0.0, 0.5]), RNG.random((6, 3))),
        (RNG.normal(0, 1, 6), RNG.random((15, 6))),
        (RNG.normal(0, 1, 3).astype(np.float32), RNG.random((8, 3))),
    ],
    properties={
        "100,000 choices come in the shares of softmax": shares_are_those_of_softmax,
        "a shift of all logits changes no choice": a_shift_changes_no_choice,
        "a class with logit -inf is never chosen": a_masked_class_is_never_chosen,
    },
    mistakes=[
        Mistake(
            "leaves out the noise",
            without_noise,
            "That is argmax: it takes the same class every time. The noise is what makes "
            "it a draw.",
            FOUR_DRAWS,
        ),
        Mistake(
            "adds the uniform numbers as they are",
            uniform_noise,
            "Noise between 0 and 1 never overcomes a gap above 1, so distant classes "
            "would never be drawn. Turn it into Gumbel noise: minus the log of minus the "
            "log.",
            FOUR_DRAWS,
        ),
        Mistake(
            "subtracts the noise",
            noise_subtracted,
            "A minus is missing, or there is one too many: the noise is minus the log of "
            "minus the log of u, and it is added. Turned round, it has its long tail on "
            "the wrong side.",
            FOUR_DRAWS,
        ),
        *[
            Mistake(
                "takes only one log",
                wrong,
                "One log makes exponential noise, and the shares come out wrong. Gumbel "
                "noise takes the log twice, with a minus each time.",
                TWO_DRAWS,
            )
            for wrong in (one_log, one_log_added)
        ],
        Mistake(
            "loses the inner minus",
            inner_minus_lost,
            "The log of u is negative, and its log is nan: a minus is missing inside.",
            FOUR_DRAWS,
        ),
        Mistake(
            "takes 1 - u for u",
            noise_from_the_rest,
            "1 - u is as good a uniform number as u, and the draws would be as fair; but "
            "here they are to come from u itself.",
            FOUR_DRAWS,
        ),
        Mistake(
            "adds the noise to the probabilities",
            noise_on_the_probabilities,
            "Probabilities differ by 1 at most, and the noise drowns that. It is added "
            "to the logits, with no softmax at all.",
            "(my_gumbel_choices(np.array([0.0, 50.0]), np.array([[0.9, 0.1]])) == 1), "
            "which should be [True]",
        ),
        Mistake(
            "takes the smallest",
            smallest,
            "argmin finds the loser. The class with the largest sum of logit and noise "
            "is drawn.",
            FOUR_DRAWS,
        ),
        Mistake(
            "takes the maximum down the columns",
            along_the_wrong_axis,
            "Each row of uniforms is one draw, so the maximum runs along the last axis: "
            "N rows, N classes.",
            FOUR_DRAWS,
        ),
        Mistake(
            "makes one choice for all draws",
            one_for_all,
            "Without an axis, argmax looks at the whole table and gives one place in it. "
            "Take it along the last axis: N rows, N classes.",
            FOUR_DRAWS,
        ),
        Mistake(
            "returns the largest sum and not its place",
            noise_returned,
            "max gives the value. Which class has it? argmax says.",
            FOUR_DRAWS,
        ),
        Mistake(
            "forgets the logits",
            noise_alone,
            "The noise alone gives every class the same chance. Add it to the logits.",
            FOUR_DRAWS,
        ),
        Mistake(
            "multiplies the logits by the noise",
            times_noise,
            "A logit of 0 would then have no noise, and a shift would matter. The noise "
            "is added.",
            TWO_DRAWS,
        ),
    ],
    hints=[
        "Argmax of the logits plus noise, one fresh number for each class and draw.",
        "Gumbel noise from a uniform number u: take minus the log, and of that minus "
        "the log.",
        "NumPy adds a row of logits to each row of a table. Then argmax along the last "
        "axis.",
    ],
    reason="The largest of z + Gumbel noise falls on class i with probability softmax(z) "
    "at i: no exponential of a logit, no sum.",
)


# 5. Top-k


def top_k(logits, k):
    keep = logits >= np.sort(logits)[-k]
    weights = np.exp(logits - logits.max()) * keep
    return weights / weights.sum()


def not_renormalised(logits, k):
    return softmax(logits) * (logits >= np.sort(logits)[-k])


def first_k(logits, k):
    weights = np.exp(logits - logits.max()) * (np.arange(len(logits)) < k)
    return weights / weights.sum()


def one_too_few(logits, k):
    weights = np.exp(logits - logits.max()) * (logits > np.sort(logits)[-k])
    return weights / weights.sum()


def one_too_many(logits, k):
    return top_k(logits, min(k + 1, len(logits)))


def smallest_k(logits, k):
    weights = np.exp(logits - logits.max()) * (logits <= np.sort(logits)[k - 1])
    return weights / weights.sum()


def dropped_logits_set_to_0(logits, k):
    return softmax(np.where(logits >= np.sort(logits)[-k], logits, 0.0))


def only_k_numbers(logits, k):
    return softmax(np.sort(logits)[::-1][:k])


def sorted_result(logits, k):
    return np.sort(top_k(logits, k))[::-1]


def shared_evenly(logits, k):
    return (logits >= np.sort(logits)[-k]) / k


def nothing_cut(logits, k):
    return softmax(logits)


def cut_logits_only(logits, k):
    return np.where(logits >= np.sort(logits)[-k], logits, -np.inf)


def kept_logits_divided(logits, k):
    kept = np.where(logits >= np.sort(logits)[-k], logits, 0)
    return kept / kept.sum()


def order_taken_for_ranks(logits, k):
    weights = np.exp(logits - logits.max()) * (np.argsort(-logits) < k)
    return weights / weights.sum()


def limit_from_the_small_end(logits, k):
    weights = np.exp(logits - logits.max()) * (logits >= np.sort(logits)[k])
    return weights / weights.sum()


def exactly_k_are_left(function):
    return all(np.count_nonzero(function(SEVEN[::-1], k)) == k for k in range(1, 8))


def their_ratios_stay(function):
    probs = np.asarray(function(np.array([0.0, 2.0, -1.0, 1.0]), 2))
    return np.isclose(probs[1] / probs[3], np.exp(1), rtol=1e-4)


def all_of_them_is_softmax(function):
    return np.allclose(function(SEVEN.copy(), 7), softmax(SEVEN), atol=1e-6)


def it_finds_them_anywhere(function):
    mixed = np.array([3, 0, 6, 2, 5, 1, 4])
    return np.allclose(
        np.asarray(function(SEVEN.copy(), 3))[mixed], function(SEVEN[mixed], 3)
    )


TWO_OF_THREE = (
    "my_top_k(np.array([0.1, 2.0, 1.0]), 2), which should be [0, 0.731, 0.269]"
)

TOP_K = Exercise(
    name="top-k",
    reference=top_k,
    inputs=[
        (np.array([0.1, 2.0, 1.0]), 2),
        (ROW, 1),
        (SEVEN[::-1].copy(), 3),
        (np.array([-5.0, -1.0, -3.0]), 2),
        (np.array([1000.0, 0.0, 999.0, 998.0]), 3),
        (np.array([5.0]), 1),  # one class
        (RNG.normal(0, 3, 6), 4),
        (RNG.normal(0, 3, 8), 2),
        (RNG.normal(0, 3, 4).astype(np.float32), 2),
    ],
    properties={
        "exactly k probabilities are above 0": exactly_k_are_left,
        "the ratios of those that stay do not change": their_ratios_stay,
        "with k = K it is softmax": all_of_them_is_softmax,
        "it does not matter where in the row they stand": it_finds_them_anywhere,
    },
    mistakes=[
        Mistake(
            "does not share out again what was cut",
            not_renormalised,
            "What is left no longer sums to 1. Divide by the sum of those that stay.",
            TWO_OF_THREE,
        ),
        Mistake(
            "keeps the first k in the row",
            first_k,
            "A place in the row says nothing about the size. Sort, to find the k "
            "largest.",
            TWO_OF_THREE,
        ),
        Mistake(
            "keeps one too few",
            one_too_few,
            "The k-th largest stays as well: compare with >= and not with >. With k = 1 "
            "nothing would be left.",
            "my_top_k(np.array([0.1, 2.0, 1.0]), 1), which should be [0, 1, 0]",
        ),
        Mistake(
            "keeps one too many",
            one_too_many,
            "Places count from 0 at the front and from -1 at the back: the k-th largest "
            "stands at -k.",
            TWO_OF_THREE,
        ),
        Mistake(
            "keeps the k smallest",
            smallest_k,
            "np.sort rises, so the largest stand at the end. Take the k-th from there.",
            TWO_OF_THREE,
        ),
        Mistake(
            "sets the cut logits to 0",
            dropped_logits_set_to_0,
            "A logit of 0 has a weight of 1, and beside negative logits it even wins. "
            "A mask is -inf, or a 0 after the exponential.",
            "my_top_k(np.array([-5.0, -1.0, -3.0]), 2), which should be "
            "[0, 0.881, 0.119]",
        ),
        Mistake(
            "returns k numbers",
            only_k_numbers,
            "Which class is which? All K classes keep their places, and the cut ones "
            "have 0.",
            TWO_OF_THREE,
        ),
        Mistake(
            "returns them in falling order",
            sorted_result,
            "Sorting finds the limit, but the answer keeps the order of the classes: "
            "compare the unsorted row with the limit.",
            TWO_OF_THREE,
        ),
        Mistake(
            "shares out evenly",
            shared_evenly,
            "Those that stay keep their ratios. Only the cut ones become 0.",
            TWO_OF_THREE,
        ),
        Mistake(
            "cuts nothing",
            nothing_cut,
            "This is softmax of all classes. Only the k largest may stay above 0.",
            TWO_OF_THREE,
        ),
        Mistake(
            "stops at the masked logits",
            cut_logits_only,
            "The mask is right. Softmax is still missing.",
            TWO_OF_THREE,
        ),
        Mistake(
            "divides the logits by their sum",
            kept_logits_divided,
            "Logits are not weights: they can be negative, and their sum can be 0. The "
            "exponential makes weights of them; those are divided by their sum.",
            TWO_OF_THREE,
        ),
        Mistake(
            "takes the order for ranks",
            order_taken_for_ranks,
            "np.argsort says which class stands first, not where a class stands. Its "
            "first k entries are the classes that stay.",
            TWO_OF_THREE,
        ),
        Mistake(
            "counts the limit from the small end",
            limit_from_the_small_end,
            "np.sort rises, so place k is k steps above the smallest, and with k = K "
            "there is none. The k-th largest stands at -k.",
            TWO_OF_THREE,
        ),
    ],
    hints=[
        "Which logit is the smallest that may stay? All below it are masked, as in "
        "lesson 2.",
        "np.sort puts the row in rising order. The k-th largest is the k-th from the "
        "end.",
        "Weights are exponentials of logits less the maximum. Multiply them by True or "
        "False, and divide by the new sum.",
    ],
    reason="The k-th largest logit is the limit. The tail gets 0, and the rest is shared "
    "out in the old ratios.",
)


# 6. Top-p


def top_p(probs, share):
    order = np.argsort(-probs)
    falling = probs[order]
    before = np.cumsum(falling) - falling
    kept = np.zeros_like(probs)
    kept[order] = np.where(before < share * (1 - 1e-10), falling, 0)
    return kept / kept.sum()


def cut(probs, stays):
    """Keep the likeliest classes of which `stays` is true, in falling order."""
    order = np.argsort(-probs)
    kept = np.zeros_like(probs)
    kept[order] = np.where(stays(probs[order]), probs[order], 0)
    return kept


def without_the_crossing_one(probs, share):
    kept = cut(probs, lambda falling: np.cumsum(falling) <= share)
    return kept / kept.sum()


def one_beyond_the_crossing(probs, share):
    kept = cut(probs, lambda p: np.cumsum(p) - p - np.append(0, p[:-1]) < share)
    return kept / kept.sum()


def cut_not_renormalised(probs, share):
    return cut(probs, lambda falling: np.cumsum(falling) - falling < share)


def in_the_given_order(probs, share):
    kept = np.where(np.cumsum(probs) - probs < share, probs, 0)
    return kept / kept.sum()


def each_compared_with_the_share(probs, share):
    kept = np.where(probs >= share, probs, 0)
    return kept / kept.sum()


def each_compared_with_the_rest(probs, share):
    kept = np.where(probs >= 1 - share, probs, 0)
    return kept / kept.sum()


def from_the_smallest(probs, share):
    kept = 0 * probs
    order = np.argsort(probs)
    rising = probs[order]
    kept[order] = np.where(np.cumsum(rising) - rising < share, rising, 0)
    return kept / kept.sum()


def share_of_the_classes(probs, share):
    count = int(np.ceil(share * len(probs)))
    kept = cut(probs, lambda falling: np.arange(len(falling)) < count)
    return kept / kept.sum()


def kept_in_falling_order(probs, share):
    return np.sort(top_p(probs, share))[::-1]


def only_the_kept(probs, share):
    kept = np.sort(top_p(probs, share))[::-1]
    return kept[kept > 0]


def whole_row(probs, share):
    return probs.copy()


def softmax_of_the_kept(probs, share):
    kept = cut_not_renormalised(probs, share)
    return softmax(kept)


def mask_on_the_unsorted_row(probs, share):
    falling = np.sort(probs)[::-1]
    kept = np.where(np.cumsum(falling) - falling < share, probs, 0)
    return kept / kept.sum()


def put_back_the_wrong_way(probs, share):
    order = np.argsort(-probs)
    falling = probs[order]
    kept = np.where(np.cumsum(falling) - falling < share, falling, 0)[order]
    return kept / kept.sum()


FIVE = np.array([0.05, 0.4, 0.15, 0.1, 0.3])


def it_holds_at_least_the_share(function):
    for share in (0.2, 0.5, 0.75, 0.92):
        kept = np.asarray(function(FIVE.copy(), share)) > 0
        if FIVE[kept].sum() < share:
            return False
    return True


def and_not_one_class_more(function):
    for share in (0.2, 0.5, 0.75, 0.92):
        kept = np.asarray(function(FIVE.copy(), share)) > 0
        if FIVE[kept].sum() - FIVE[kept].min() >= share:
            return False
    return True


def it_sums_to_1_again(function):
    return all(
        np.isclose(np.sum(function(FIVE.copy(), share)), 1, atol=1e-6)
        for share in (0.1, 0.5, 0.92, 1.0)
    )


def ratios_of_the_kept_stay(function):
    kept = np.asarray(function(FIVE.copy(), 0.6))
    return np.isclose(kept[1] / kept[4], 4 / 3, rtol=1e-4)


HALF = "my_top_p(np.array([0.1, 0.6, 0.3]), 0.8), which should be [0, 0.667, 0.333]"

TOP_P = Exercise(
    name="top-p",
    reference=top_p,
    inputs=[
        (np.array([0.1, 0.6, 0.3]), 0.8),
        (np.array([0.1, 0.6, 0.3]), 0.5),
        (FIVE, 0.92),
        (FIVE, 0.75),
        (FIVE, 0.35),
        (np.array([0.0625, 0.5, 0.25, 0.1875]), 0.75),  # a sum that meets it
        (np.array([0.9, 0.06, 0.04]), 0.1),
        (softmax(SEVEN), 0.9),
        (softmax(SEVEN / 2)[::-1].copy(), 0.9),
        (np.array([1.0]), 0.5),  # one class
        (RNG.dirichlet(np.ones(8)), 0.66),
        (np.array([0.125, 0.25, 0.625], np.float32), 0.8),
    ],
    properties={
        "what stays holds at least the share p": it_holds_at_least_the_share,
        "with one class less it would not": and_not_one_class_more,
        "the result sums to 1": it_sums_to_1_again,
        "the ratios of those that stay do not change": ratios_of_the_kept_stay,
    },
    mistakes=[
        Mistake(
            "drops the class that crosses the limit",
            without_the_crossing_one,
            "Then less than the share p is left, and a class that holds more than p by "
            "itself would leave nothing at all. The class that crosses stays: ask what "
            "stood before it.",
            "my_top_p(np.array([0.1, 0.6, 0.3]), 0.5), which should be [0, 1, 0]",
        ),
        Mistake(
            "keeps a class beyond the crossing",
            one_beyond_the_crossing,
            "Once the share is reached, nothing more is needed. A class stays if those "
            "before it hold less than p.",
            "my_top_p(np.array([0.1, 0.6, 0.3]), 0.5), which should be [0, 1, 0]",
        ),
        Mistake(
            "does not share out again what was cut",
            cut_not_renormalised,
            "What is left sums to p or a little more, not to 1. Divide by its sum.",
            HALF,
        ),
        Mistake(
            "adds up in the order of the row",
            in_the_given_order,
            "The likeliest classes come first, wherever they stand. Sort before you add "
            "up.",
            HALF,
        ),
        Mistake(
            "compares each probability with p",
            each_compared_with_the_share,
            "p is a share that the kept classes hold together. Compare a running sum "
            "with it.",
            HALF,
        ),
        Mistake(
            "compares each probability with 1 - p",
            each_compared_with_the_rest,
            "Many small classes together can hold more than 1 - p, and then some of them "
            "stay. Compare a running sum.",
            "my_top_p(np.array([0.8, 0.08, 0.07, 0.05]), 0.9), which should be "
            "[0.842, 0.084, 0.074, 0]",
        ),
        Mistake(
            "starts from the smallest",
            from_the_smallest,
            "np.sort and np.argsort rise. The running sum has to begin with the "
            "likeliest.",
            HALF,
        ),
        Mistake(
            "keeps a share of the classes",
            share_of_the_classes,
            "p is a share of the probability, not of the classes. How many classes that "
            "takes depends on the row.",
            HALF,
        ),
        Mistake(
            "returns them in falling order",
            kept_in_falling_order,
            "The answer keeps the order of the classes. Put the sorted values back: "
            "kept[order] = ...",
            HALF,
        ),
        *[
            Mistake(
                "mixes up the two orders",
                wrong,
                "The mask is in falling order, the row is not: kept[order] = ... puts "
                "each class back in its place.",
                HALF,
            )
            for wrong in (mask_on_the_unsorted_row, put_back_the_wrong_way)
        ],
        Mistake(
            "returns only those that stay",
            only_the_kept,
            "Which class is which? All K classes keep their places, and the cut ones "
            "have 0.",
            HALF,
        ),
        Mistake(
            "cuts nothing",
            whole_row,
            "This is the row as it came. The tail beyond the share p becomes 0.",
            HALF,
        ),
        Mistake(
            "applies softmax to what stays",
            softmax_of_the_kept,
            "These are probabilities already, and softmax would give the cut ones "
            "something again. Divide by the sum.",
            HALF,
        ),
    ],
    hints=[
        "Go from the likeliest class down, and add up. When do you stop, and does the "
        "last one stay?",
        "A class stays if the classes before it hold less than p: that is the running "
        "sum up to it, without its own share.",
        "np.argsort of the negative row gives the order, np.cumsum the running sum. "
        "Write what stays back into its old places, and divide by the sum.",
    ],
    reason="A class stays if those before it do not yet hold the share. So the one that "
    "crosses stays, and there is always one left.",
)

EXERCISES = [
    TEMPERATURE_SOFTMAX,
    TEMPERED_PROBABILITIES,
    TARGET_ENTROPY,
    GUMBEL_MAX,
    TOP_K,
    TOP_P,
]
