"""What learners hand in for lesson 7."""

import numpy as np
import scipy.optimize
import scipy.special
import scipy.stats

from softmax_lab.lessons.lesson_07 import exercises as seven

ROW = [2.0, 1.0, 0.1]


# Right answers in other styles


def looped_temperature(logits, temperature):
    weights = [np.exp((z - max(logits)) / temperature) for z in logits]
    return [weight / sum(weights) for weight in weights]


def temperature_in_place(logits, temperature):
    probs = logits.copy()
    probs /= temperature
    probs -= probs.max()
    np.exp(probs, out=probs)
    probs /= probs.sum()
    return probs


def tempered_by_powers(probs, temperature):
    powers = probs ** (1 / temperature)
    return powers / powers.sum()


def looped_tempered(probs, temperature):
    total = sum(p ** (1 / temperature) for p in probs)
    return [p ** (1 / temperature) / total for p in probs]


def bits_at(logits, temperature):
    probs = scipy.special.softmax(np.asarray(logits, float) / temperature)
    return scipy.stats.entropy(probs, base=2)


def temperature_with_branches(logits, bits):
    low, high = 0.01, 100.0
    for _ in range(50):
        middle = (low + high) / 2
        if bits_at(logits, middle) < bits:
            low = middle
        else:
            high = middle
    return low


def temperature_by_a_root(logits, bits):
    return scipy.optimize.brentq(lambda t: bits_at(logits, t) - bits, 0.01, 100)


def temperature_until_close(logits, bits):
    low, high = 1e-3, 1e3
    while high - low > 1e-6:
        middle = (low + high) / 2
        low, high = (low, middle) if bits_at(logits, middle) > bits else (middle, high)
    return np.float64((low + high) / 2)


def looped_choices(logits, uniforms):
    chosen = []
    for row in uniforms:
        sums = [z - np.log(-np.log(u)) for z, u in zip(logits, row, strict=True)]
        chosen.append(sums.index(max(sums)))
    return chosen


def choices_by_the_quantile(logits, uniforms):
    return np.argmax(logits + scipy.stats.gumbel_r.ppf(uniforms), axis=1)


def choices_by_exponentials(logits, uniforms):
    return np.argmin(-np.log(uniforms) / np.exp(logits - logits.max()), axis=1)


def top_k_by_masking(logits, k):
    masked = np.full_like(logits, -np.inf)
    best = np.argsort(logits)[::-1][:k]
    masked[best] = logits[best]
    return scipy.special.softmax(masked)


def top_k_by_zeroing(logits, k):
    probs = scipy.special.softmax(logits)
    probs[np.argsort(probs)[: len(probs) - k]] = 0
    return probs / probs.sum()


def top_k_by_partition(logits, k):
    limit = np.partition(logits, len(logits) - k)[len(logits) - k]
    return scipy.special.softmax(np.where(logits < limit, -np.inf, logits))


def looped_top_p(probs, share):
    kept, total = [0.0] * len(probs), 0.0
    for place in sorted(range(len(probs)), key=lambda i: -probs[i]):
        if total >= share:
            break
        kept[place] = probs[place]
        total += probs[place]
    return [p / total for p in kept]


def top_p_by_counting(probs, share):
    falling = np.sort(probs)[::-1]
    count = np.searchsorted(np.cumsum(falling), share) + 1
    kept = np.where(probs >= falling[min(count, len(probs)) - 1], probs, 0)
    return kept / kept.sum()


def top_p_from_below(probs, share):
    kept, rising = probs.copy(), np.argsort(probs)
    kept[rising[np.cumsum(probs[rising]) <= 1 - share]] = 0
    return kept / kept.sum()


RIGHT = {
    "temperature softmax": [
        looped_temperature,
        temperature_in_place,
        lambda logits, temperature: scipy.special.softmax(logits / temperature),
    ],
    "tempered probabilities": [
        tempered_by_powers,
        looped_tempered,
        lambda probs, temperature: scipy.special.softmax(np.log(probs) / temperature),
    ],
    "target entropy": [
        temperature_with_branches,
        temperature_by_a_root,
        temperature_until_close,
    ],
    "gumbel-max": [looped_choices, choices_by_the_quantile, choices_by_exponentials],
    "top-k": [top_k_by_masking, top_k_by_zeroing, top_k_by_partition],
    "top-p": [looped_top_p, top_p_by_counting, top_p_from_below],
}


# Known mistakes in other words


def softmax_of_log_probs(logits, temperature):
    exponents = np.log(scipy.special.softmax(logits)) / temperature
    weights = np.exp(exponents)
    return weights / weights.sum()


def renormalised_after_dividing(probs, temperature):
    divided = probs / temperature
    return divided / np.sum(divided)


def searched_in_nats(logits, bits):
    low, high = 0.01, 100.0
    for _ in range(70):
        middle = (low + high) / 2
        nats = scipy.stats.entropy(scipy.special.softmax(logits / middle))
        low, high = (middle, high) if nats < bits else (low, middle)
    return middle


def temperatures_in_a_row(start, step, choose):
    """A search through a whole grid at once; choose(bits found, wanted) gives the
    place in it."""

    def search(logits, bits):
        grid = np.arange(start, 20, step)
        probs = scipy.special.softmax(logits / grid[:, None], axis=1)
        return grid[choose(scipy.stats.entropy(probs, base=2, axis=1), bits)]

    return search


def closest(found, wanted):
    return np.abs(found - wanted).argmin()


def heated_step_by_step(logits, bits):
    temperature = 0.01
    while bits_at(logits, temperature) < bits:
        temperature += 0.01
    return temperature


def nan_in_a_loop(logits, uniforms):
    return [np.argmax([-np.log(np.log(u)) for u in row] + logits) for row in uniforms]


def sums_with_the_rest(logits, uniforms):
    return np.argmax(logits + scipy.stats.gumbel_r.ppf(1 - uniforms), axis=1)


def plain_shares_of_the_kept(logits, k):
    kept = np.zeros_like(logits)
    best = np.argsort(logits)[-k:]
    kept[best] = logits[best]
    return kept / np.sum(kept)


def masked_by_the_order(logits, k):
    order = np.argsort(logits)[::-1]
    return scipy.special.softmax(np.where(order >= k, -np.inf, logits))


def masked_by_the_rising_row(logits, k):
    limit = sorted(logits)[k]
    return scipy.special.softmax(np.where(logits < limit, -np.inf, logits))


def only_so_many_in_front(probs, share):
    falling = np.sort(probs)[::-1]
    count = np.sum(np.cumsum(falling) - falling < share)
    kept = probs.copy()
    kept[count:] = 0
    return kept / kept.sum()


def taken_back_by_the_order(probs, share):
    order = np.argsort(probs)[::-1]
    kept = probs[order]
    kept[1:][np.cumsum(kept)[:-1] >= share] = 0
    return np.take(kept / kept.sum(), order)


def stopped_at_the_limit(probs, share):
    kept, total = np.zeros(len(probs)), 0.0
    for place in np.argsort(-probs):
        total += probs[place]
        if total > share:
            break
        kept[place] = probs[place]
    return kept / kept.sum()


VARIANTS = [
    (
        "temperature softmax",
        lambda logits, temperature: scipy.special.softmax(temperature * logits),
        "multiplies by the temperature",
    ),
    (
        "temperature softmax",
        lambda logits, t: scipy.special.softmax(scipy.special.softmax(logits) / t),
        "applies softmax twice",
    ),
    (
        "temperature softmax",
        softmax_of_log_probs,
        "does not subtract the maximum",
    ),
    (
        "tempered probabilities",
        renormalised_after_dividing,
        "returns the probabilities unchanged",
    ),
    (
        "tempered probabilities",
        lambda probs, temperature: scipy.special.softmax(probs / temperature),
        "takes probabilities for logits",
    ),
    (
        "tempered probabilities",
        lambda probs, temperature: scipy.special.softmax(
            np.log(np.maximum(probs, 1e-7)) / temperature
        ),
        "puts a floor under the probabilities",
    ),
    (
        "tempered probabilities",
        lambda probs, temperature: scipy.special.softmax(
            np.log(np.clip(probs, 1e-12, 1 - 1e-12)) / temperature
        ),
        "puts a floor under the probabilities",
    ),
    (
        "tempered probabilities",
        lambda probs, temperature: scipy.special.softmax(
            np.log10(probs ** (1 / temperature))
        ),
        "takes the log to base 10",
    ),
    ("target entropy", searched_in_nats, "measures in nats"),
    *[
        (
            "target entropy",
            temperatures_in_a_row(start, step, choose),
            "searches on a coarse grid",
        )
        for start, step in [(0.01, 0.001), (0.01, 0.01), (0.1, 0.1), (0.01, 0.1)]
        for choose in (
            closest,
            np.searchsorted,
            lambda found, wanted: np.searchsorted(found, wanted) - 1,
        )
    ],
    ("target entropy", heated_step_by_step, "searches on a coarse grid"),
    (
        "gumbel-max",
        lambda logits, uniforms: np.argmax(np.log(-np.log(uniforms)) + logits, 1),
        "subtracts the noise",
    ),
    ("gumbel-max", nan_in_a_loop, "loses the inner minus"),
    ("gumbel-max", sums_with_the_rest, "takes 1 - u for u"),
    (
        "top-k",
        lambda logits, k: scipy.special.softmax(
            np.where(logits < np.sort(logits)[::-1][k - 1], 0, logits)
        ),
        "sets the cut logits to 0",
    ),
    ("top-k", plain_shares_of_the_kept, "divides the logits by their sum"),
    ("top-k", masked_by_the_order, "takes the order for ranks"),
    ("top-k", masked_by_the_rising_row, "counts the limit from the small end"),
    ("top-p", stopped_at_the_limit, "drops the class that crosses the limit"),
    ("top-p", only_so_many_in_front, "mixes up the two orders"),
    ("top-p", taken_back_by_the_order, "mixes up the two orders"),
]

FACTS = {"1.443": 1 / np.log(2)}
GIVEN = ["0.01", "0.001"]

CLAIMS = [
    (np.exp, ([2 / 0.001, 2 / 0.001, 1 / 0.001],), [np.inf] * 3),
    (np.exp, (np.log(seven.softmax(np.array([2.0, 2.0, 1.0]))) / 0.001,), [0] * 3),
    (seven.without_maximum, ([2.0, 2.0, 1.0], 0.001), [np.nan] * 3),
    (softmax_of_log_probs, ([2.0, 2.0, 1.0], 0.001), [np.nan] * 3),
    (seven.maximum_not_divided, ([2.0, 2.0, 1.0], 0.001), [np.nan] * 3),
    (
        seven.probabilities_divided,
        (ROW, 2.0),
        np.divide(seven.softmax(np.array(ROW)), 2),
    ),
    (seven.only_the_shift_divided, (ROW, 9.0), seven.softmax(np.array(ROW))),
    (seven.logs_normalised, ([0.8, 0.2], 1.0), [0.122, 0.878]),
    (seven.with_epsilon(1e-10), ([0.8, 0.2, 0.0], 10.0), [0.507, 0.441, 0.052]),
    (seven.with_floor(1e-10), ([0.8, 0.2, 0.0], 10.0), [0.507, 0.441, 0.052]),
    (lambda u: np.log(np.log(u)), ([0.1, 0.5, 0.9],), [np.nan] * 3),
    (seven.one_too_few, (ROW, 1), [np.nan] * 3),
    (seven.without_the_crossing_one, ([0.9, 0.1], 0.5), [np.nan] * 2),
]

EXEMPT = {
    "gumbel-max": {"rounded": "it returns whole numbers, and rounding leaves them"},
}
