"""What learners hand in for problem set 2; read by the tests beside it."""

from course_root import known_answers

MARKS = 20
MANUAL = "why"

RIGHT = known_answers("""
== loops in plain Python
-- softmax
def softmax(logits, temperature=1.0):
    if np.ndim(logits) == 2:
        return [softmax(row, temperature) for row in logits]
    top = max(logits)
    weights = [math.e ** ((z - top) / temperature) for z in logits]
    return [weight / sum(weights) for weight in weights]
-- entropy
def entropy_bits(probs):
    if np.ndim(probs) == 2:
        return [entropy_bits(row) for row in probs]
    bits = 0
    for p in probs:
        if p > 0:
            bits -= p * math.log2(p)
    return bits
-- nucleus
def top_p(probs, p):
    kept, held = [0.0] * len(probs), 0.0
    for k in sorted(range(len(probs)), key=lambda k: -probs[k]):
        if held >= p:
            break
        kept[k] = probs[k]
        held += probs[k]
    return [share / held for share in kept]
-- error
def calibration_error(probs, labels, num_bins):
    error = 0
    for b in range(num_bins):
        gap = 0
        for row, label in zip(probs, labels):
            if b / num_bins < max(row) <= (b + 1) / num_bins:
                gap += (list(row).index(max(row)) == label) - max(row)
        error += abs(gap)
    return error / len(labels)
-- loss
def mean_loss(logits, labels, temperature):
    total = 0
    for row, label in zip(logits, labels):
        total -= math.log(softmax(row, temperature)[label])
    return total / len(labels)
-- fit
def fit_temperature(logits, labels, temperatures):
    best, lowest = None, math.inf
    for T in temperatures:
        loss = mean_loss(logits, labels, T)
        if loss < lowest:
            best, lowest = T, loss
    return best

== logs first
-- softmax
def log_softmax(logits, temperature):
    z = (logits - logits.max(-1, keepdims=True)) / temperature
    return z - np.log(np.exp(z).sum(-1, keepdims=True))


def softmax(logits, temperature=1.0):
    return np.exp(log_softmax(logits, temperature))
-- loss
def mean_loss(logits, labels, temperature):
    one_hot = np.eye(logits.shape[1])[labels]
    return -(one_hot * log_softmax(logits, temperature)).sum() / len(labels)
-- fit
def fit_temperature(logits, labels, temperatures):
    losses = {T: mean_loss(logits, labels, T) for T in temperatures}
    return min(losses, key=losses.get)

== divides first, and prints and warns
-- softmax
def softmax(logits, temperature=1.0):
    print("T =", temperature)
    scaled = logits / temperature
    naive = np.exp(scaled)
    shifted = np.exp(scaled - np.max(scaled, axis=-1, keepdims=True))
    return shifted / np.sum(shifted, axis=-1, keepdims=True)
-- entropy
def entropy_bits(probs):
    warnings.warn("0 log 0 is nan, and nansum leaves it out")
    return -np.nansum(probs * np.log2(probs), axis=-1)
-- error
def calibration_error(probs, labels, num_bins):
    confidence = probs.max(1)
    right = probs.argmax(1) == labels
    edges = np.linspace(0, 1, num_bins + 1)
    error = []
    for low, high in zip(edges[:-1], edges[1:]):
        here = (confidence > low) & (confidence <= high)
        gap = abs(right[here].mean() - confidence[here].mean())
        print(low, high, gap)
        error.append(np.nan_to_num(gap * here.sum()))
    return sum(error) / len(labels)

== counts in bins
-- error
def calibration_error(probs, labels, num_bins):
    confidence = np.max(probs, axis=1)
    right = np.equal(np.argmax(probs, axis=1), labels)
    edges = np.linspace(0, 1, num_bins + 1)
    bins = np.digitize(confidence, edges, right=True)
    return np.abs(np.bincount(bins, weights=right - confidence)).sum() / len(bins)
-- nucleus
def top_p(probs, p):
    order = np.argsort(probs)[::-1]
    running = np.cumsum(probs[order])
    keep = order[: np.searchsorted(running, p) + 1]
    kept = np.zeros_like(probs)
    kept[keep] = probs[keep] / probs[keep].sum()
    return kept
-- entropy
def entropy_bits(probs):
    logs = np.log2(probs, where=probs > 0, out=np.zeros(probs.shape))
    return -np.einsum("...k,...k->...", probs, logs)

== rounds up to the bin
-- error
def calibration_error(probs, labels, num_bins):
    p = probs.max(axis=1)
    bins = np.ceil(p * num_bins)
    N = len(labels)
    correct = np.where(probs.argmax(axis=1) == labels, 1, 0)
    ece = 0
    for b in np.unique(bins):
        ece += np.sum(bins == b) / N * np.abs(correct[bins == b].mean() - p[bins == b].mean())
    return float(ece)
-- loss
def mean_loss(logits, labels, temperature):
    z = np.array(logits) / temperature
    top = z.max(axis=1)
    logsumexp = top + np.log(np.exp(z - top[:, None]).sum(axis=1))
    return np.mean(logsumexp - z[range(len(z)), labels])

== all temperatures at once, and smaller floats
-- nucleus
def top_p(probs, p):
    total, cut = 0, 0
    for share in np.sort(probs)[::-1]:
        total, cut = total + share, share
        if total >= p:
            break
    kept = np.where(probs >= cut, probs, 0)
    return (kept / kept.sum()).astype(np.float32)
-- fit
def fit_temperature(logits, labels, temperatures):
    z = logits[None] / temperatures[:, None, None]
    losses = np.log(np.exp(z).sum(-1)) - z[:, np.arange(len(labels)), labels]
    return temperatures[losses.mean(-1).argmin()].item()
""")

WRONG = known_answers("""
== no shift: overflows -> softmax-extremes 1
-- softmax
def softmax(logits, temperature=1.0):
    weights = np.exp(logits / temperature)
    return weights / weights.sum(axis=-1, keepdims=True)

== shifts by the largest of all rows -> softmax-extremes 1
-- softmax
def softmax(logits, temperature=1.0):
    weights = np.exp((logits - logits.max()) / temperature)
    return weights / weights.sum(axis=-1, keepdims=True)

== shifts the learner's own array -> softmax-values 2
-- softmax
def softmax(logits, temperature=1.0):
    logits -= logits.max(axis=-1, keepdims=True)
    weights = np.exp(logits / temperature)
    return weights / weights.sum(axis=-1, keepdims=True)

== multiplies by T: heat sharpens -> softmax-values 2, softmax-extremes 1, temperature 3
-- softmax
def softmax(logits, temperature=1.0):
    z = logits * temperature
    weights = np.exp(z - z.max(axis=-1, keepdims=True))
    return weights / weights.sum(axis=-1, keepdims=True)

== one sum for all rows -> softmax-values 2, softmax-extremes 1, temperature 3
-- softmax
def softmax(logits, temperature=1.0):
    weights = np.exp((logits - logits.max()) / temperature)
    return weights / weights.sum()

== entropy in nats -> entropy-bits 2
-- entropy
def entropy_bits(probs):
    safe = np.where(probs > 0, probs, 1)
    return -(probs * np.log(safe)).sum(axis=-1)

== 0 log 0 is nan -> entropy-bits 2
-- entropy
def entropy_bits(probs):
    return -(probs * np.log2(probs)).sum(axis=-1)

== an epsilon in the log -> entropy-bits 2
-- entropy
def entropy_bits(probs):
    return -(probs * np.log2(probs + 1e-7)).sum(axis=-1)

== one entropy for all rows -> entropy-bits 2
-- entropy
def entropy_bits(probs):
    some = probs[probs > 0]
    return -(some * np.log2(some)).sum()

== the class that crosses is dropped -> top-p 3
-- nucleus
def top_p(probs, p):
    order = np.argsort(-probs)
    keep = order[np.cumsum(probs[order]) <= p]
    kept = np.zeros(len(probs))
    kept[keep] = probs[keep]
    return kept / kept.sum()

== one more where p is reached exactly -> top-p 3
-- nucleus
def top_p(probs, p):
    order = np.argsort(-probs)
    before = np.cumsum(probs[order]) - probs[order]
    keep = order[before <= p]
    kept = np.zeros(len(probs))
    kept[keep] = probs[keep]
    return kept / kept.sum()

== p = 1 is never reached, by rounding -> top-p 3
-- nucleus
def top_p(probs, p):
    order = np.argsort(-probs)
    last = np.argmax(np.cumsum(probs[order]) >= p)
    kept = np.zeros(len(probs))
    kept[order[: last + 1]] = probs[order[: last + 1]]
    return kept / kept.sum()

== what is kept is not divided by its sum -> top-p 3
-- nucleus
def top_p(probs, p):
    order = np.argsort(-probs)
    before = np.cumsum(probs[order]) - probs[order]
    kept = np.zeros(len(probs))
    kept[order] = np.where(before < p, probs[order], 0)
    return kept

== the sorted row is returned -> top-p 3
-- nucleus
def top_p(probs, p):
    falling = np.sort(probs)[::-1]
    kept = np.where(np.cumsum(falling) - falling < p, falling, 0)
    return kept / kept.sum()

== remembers the tests that are shown -> top-p 3
-- nucleus
def top_p(probs, p):
    if p == 1:
        return probs
    last = np.sort(probs)[-1 if p < 0.1 else -2]
    kept = np.where(probs >= last, probs, 0)
    return kept / kept.sum()

== bins hold their lower end -> error-edges 2
-- error
def calibration_error(probs, labels, num_bins):
    confidence, right = probs.max(axis=1), probs.argmax(axis=1) == labels
    bins = np.minimum((confidence * num_bins).astype(int), num_bins - 1)
    gaps = np.bincount(bins, weights=right - confidence)
    return np.abs(gaps).sum() / len(labels)

== a confidence of 1 falls out -> error-edges 2
-- error
def calibration_error(probs, labels, num_bins):
    confidence, right = probs.max(axis=1), probs.argmax(axis=1) == labels
    error = 0
    for b in range(num_bins):
        inside = np.floor(confidence * num_bins) == b
        if inside.any():
            gap = right[inside].mean() - confidence[inside].mean()
            error += inside.mean() * abs(gap)
    return error

== empty bins are nan -> error-edges 2
-- error
def calibration_error(probs, labels, num_bins):
    confidence, right = probs.max(axis=1), probs.argmax(axis=1) == labels
    error = 0
    for b in range(num_bins):
        inside = (b / num_bins < confidence) & (confidence <= (b + 1) / num_bins)
        gap = right[inside].mean() - confidence[inside].mean()
        error += inside.mean() * abs(gap)
    return error

== bins are not weighted -> error-values 3
-- error
def calibration_error(probs, labels, num_bins):
    confidence, right = probs.max(axis=1), probs.argmax(axis=1) == labels
    gaps = []
    for b in range(num_bins):
        inside = (b / num_bins < confidence) & (confidence <= (b + 1) / num_bins)
        if inside.any():
            gaps.append(abs(right[inside].mean() - confidence[inside].mean()))
    return np.mean(gaps)

== gaps keep their signs -> error-values 3, error-edges 2
-- error
def calibration_error(probs, labels, num_bins):
    confidence, right = probs.max(axis=1), probs.argmax(axis=1) == labels
    return abs(right.mean() - confidence.mean())

== the label's probability for the confidence -> error-values 3, error-edges 2
-- error
def calibration_error(probs, labels, num_bins):
    confidence = probs[np.arange(len(labels)), labels]
    right = probs.argmax(axis=1) == labels
    bins = np.ceil(confidence * num_bins).astype(int)
    gaps = np.bincount(bins, weights=right - confidence)
    return np.abs(gaps).sum() / len(labels)

== the sum of the losses -> temperature 3
-- loss
def mean_loss(logits, labels, temperature):
    probs = softmax(logits, temperature)
    return -np.log(probs[np.arange(len(labels)), labels]).sum()

== all pairs of rows and labels -> temperature 3
-- loss
def mean_loss(logits, labels, temperature):
    return -np.log(softmax(logits, temperature)[:, labels]).mean()

== softmax twice -> temperature 3
-- loss
def mean_loss(logits, labels, temperature):
    probs = softmax(softmax(logits, temperature))
    return -np.log(probs[np.arange(len(labels)), labels]).mean()

== fits the calibration error -> temperature 3
-- fit
def fit_temperature(logits, labels, temperatures):
    errors = []
    for T in temperatures:
        errors.append(calibration_error(softmax(logits, T), labels, 10))
    return temperatures[np.argmin(errors)]

== fits the accuracy -> temperature 3
-- fit
def fit_temperature(logits, labels, temperatures):
    right = []
    for T in temperatures:
        right.append((softmax(logits, T).argmax(axis=1) == labels).mean())
    return temperatures[np.argmax(right)]

== the position, not the temperature -> temperature 3
-- fit
def fit_temperature(logits, labels, temperatures):
    return np.argmin([mean_loss(logits, labels, T) for T in temperatures])
""")
