"""What learners hand in for problem set 1; read by the tests beside it."""

from course_root import known_answers

MARKS = 20
MANUAL = "why"

RIGHT = known_answers("""
== loops
-- softmax
def softmax(logits, axis=-1):
    rows = np.moveaxis(logits, axis, -1)
    probs = np.zeros(rows.shape)
    for place in np.ndindex(rows.shape[:-1]):
        top = max(rows[place])
        weights = [np.exp(z - top) for z in rows[place]]
        probs[place] = [w / sum(weights) for w in weights]
    return np.moveaxis(probs, -1, axis)
-- log-softmax
def log_softmax(logits):
    if logits.ndim == 2:
        return np.array([log_softmax(row) for row in logits])
    top = max(logits)
    return logits - top - np.log(sum(np.exp(z - top) for z in logits))
-- cross-entropy
def cross_entropy(logits, labels):
    losses = []
    for row, label in zip(logits, labels):
        top = max(row)
        losses.append(top - row[label] + np.log(sum(np.exp(row - top))))
    return losses
-- split-loss
def split_loss(targets, probs):
    entropy, kl = 0.0, 0.0
    for q, p in zip(targets, probs):
        if q > 0:
            entropy -= q * np.log(q)
            kl += q * np.log(q / p)
    return [entropy, kl]

== softmax is the exp of log-softmax
-- softmax
def lse(x, axis):
    return np.logaddexp.reduce(x, axis=axis, keepdims=True)


def softmax(logits, axis=-1):
    return np.exp(logits - lse(logits, axis))
-- log-softmax
def log_softmax(logits):
    return logits - lse(logits, -1)
-- cross-entropy
def cross_entropy(logits, labels):
    true_logits = np.take_along_axis(logits, labels[:, None], axis=1)
    return (lse(logits, 1) - true_logits)[:, 0]

== prints, warns, and helps itself to functions
-- softmax
import warnings


def weights(logits, axis):
    print("largest:", logits.max())
    warnings.warn("about to take the exp")
    return np.exp(logits - np.max(logits, axis, keepdims=True))


def softmax(logits, axis=-1):
    found = weights(logits, axis)
    return found / np.sum(found, axis, keepdims=True)
-- cross-entropy
def loss(row, label):
    with_a_warning = np.log(softmax(row) * 0.0)
    one_hot = np.eye(len(row))[label]
    return -(one_hot * log_softmax(row)).sum()


def cross_entropy(logits, labels):
    return np.array([loss(*pair) for pair in zip(logits, labels)])
-- split-loss
def entropy(q):
    return -np.where(q > 0, q * np.log(q), 0).sum()


def split_loss(targets, probs):
    cross = -np.sum(targets * np.log(probs))
    return entropy(targets), cross - entropy(targets)

== float32
-- softmax
def softmax(logits, axis=-1):
    z = np.asarray(logits, dtype=np.float32)
    weights = np.exp(z - z.max(axis=axis, keepdims=True))
    return weights / weights.sum(axis=axis, keepdims=True)
-- log-softmax
def log_softmax(logits):
    z = logits.astype(np.float32)
    z = z - z.max(axis=-1, keepdims=True)
    return z - np.log(np.exp(z).sum(axis=-1, keepdims=True))

== a copy changed in place, columns made rows
-- softmax
def softmax(logits, axis=-1):
    z = np.array(logits, dtype=float).swapaxes(axis, -1)
    z -= z.max(axis=-1)[..., np.newaxis]
    np.exp(z, out=z)
    z /= z.sum(axis=-1)[..., np.newaxis]
    return z.swapaxes(axis, -1)
-- log-softmax
def log_softmax(logits):
    z = (logits.T - logits.max(axis=-1)).T
    return (z.T - np.log(np.sum(np.exp(z), axis=-1))).T
-- cross-entropy
def cross_entropy(logits, labels):
    behind = logits.T - logits[range(len(labels)), labels]
    top = behind.max(axis=0)
    return top + np.log(np.exp(behind - top).sum(axis=0))
-- split-loss
def split_loss(targets, probs):
    safe = np.where(targets > 0, targets, 1)
    entropy = -np.dot(targets, np.log(safe))
    return np.array([entropy, -np.dot(targets, np.log(probs)) - entropy])

== a lambda along the axis
-- softmax
stable = lambda z: np.exp(z - z.max()) / np.exp(z - z.max()).sum()
softmax = lambda logits, axis=-1: np.apply_along_axis(stable, axis, logits)
-- split-loss
def split_loss(targets, probs):
    entropy = kl = 0
    for i in np.flatnonzero(targets):
        entropy += targets[i] * -np.log(targets[i])
        kl += targets[i] * (np.log(targets[i]) - np.log(probs[i]))
    return (entropy, kl)
""")

WRONG = known_answers("""
== no maximum subtracted -> softmax-extremes 2
-- softmax
def softmax(logits, axis=-1):
    weights = np.exp(logits)
    return weights / weights.sum(axis=axis, keepdims=True)

== one maximum for all rows -> softmax-extremes 2
-- softmax
def softmax(logits, axis=-1):
    weights = np.exp(logits - logits.max())
    return weights / weights.sum(axis=axis, keepdims=True)

== whole numbers stay whole -> softmax-extremes 2
-- softmax
def softmax(logits, axis=-1):
    probs = np.zeros_like(logits)
    weights = np.exp(logits - logits.max(axis=axis, keepdims=True))
    probs[...] = weights / weights.sum(axis=axis, keepdims=True)
    return probs

== the axis is not looked at -> softmax-axis 2
-- softmax
def softmax(logits, axis=-1):
    weights = np.exp(logits - logits.max(axis=-1, keepdims=True))
    return weights / weights.sum(axis=-1, keepdims=True)

== the input is changed -> softmax-axis 2
-- softmax
def softmax(logits, axis=-1):
    logits -= logits.max(axis=axis, keepdims=True)
    weights = np.exp(logits)
    return weights / weights.sum(axis=axis, keepdims=True)

== no keepdims -> softmax-values 2, softmax-extremes 2
-- softmax
def softmax(logits, axis=-1):
    weights = np.exp(logits - logits.max(axis=axis))
    return weights / weights.sum(axis=axis)

== one sum for the whole table -> softmax-values 2, softmax-extremes 2, softmax-axis 2
-- softmax
def softmax(logits, axis=-1):
    weights = np.exp(logits - logits.max())
    return weights / weights.sum()

== plain division -> softmax-values 2, softmax-extremes 2, softmax-axis 2
-- softmax
def softmax(logits, axis=-1):
    return logits / logits.sum(axis=axis, keepdims=True)

== the log of softmax, and a loss made of it -> log-softmax-rows 3, cross-entropy-gaps 2
-- log-softmax
def log_softmax(logits):
    return np.log(softmax(logits))
-- cross-entropy
def cross_entropy(logits, labels):
    return -log_softmax(logits)[np.arange(len(labels)), labels]

== log-softmax without the maximum -> log-softmax-rows 3
-- log-softmax
def log_softmax(logits):
    return logits - np.log(np.exp(logits).sum(axis=-1, keepdims=True))

== probabilities clipped at 1e-7 -> cross-entropy-gaps 2
-- cross-entropy
def cross_entropy(logits, labels):
    probs = np.clip(softmax(logits), 1e-7, 1)
    return -np.log(probs[np.arange(len(labels)), labels])

== an epsilon beside the probability -> cross-entropy-gaps 2
-- cross-entropy
def cross_entropy(logits, labels):
    return -np.log(softmax(logits)[range(len(labels)), labels] + 1e-12)

== the gap to the best rival for a loss -> cross-entropy-values 2, cross-entropy-gaps 2
-- cross-entropy
def cross_entropy(logits, labels):
    return logits.max(axis=1) - logits[np.arange(len(labels)), labels]

== the mean of the losses -> cross-entropy-values 2, cross-entropy-gaps 2
-- cross-entropy
def cross_entropy(logits, labels):
    return -log_softmax(logits)[np.arange(len(labels)), labels].mean()

== a table instead of a loss a row -> cross-entropy-values 2, cross-entropy-gaps 2
-- cross-entropy
def cross_entropy(logits, labels):
    return -log_softmax(logits)[:, labels]

== softmax twice -> cross-entropy-values 2, cross-entropy-gaps 2
-- cross-entropy
def cross_entropy(logits, labels):
    return -log_softmax(softmax(logits))[np.arange(len(labels)), labels]

== zero times the log of zero -> split-loss-parts 3
-- split-loss
def split_loss(targets, probs):
    kl = (targets * np.log(targets / probs)).sum()
    return -(targets * np.log(targets)).sum(), kl

== truth and belief swapped -> split-loss-parts 3
-- split-loss
def split_loss(targets, probs):
    q, p = targets[targets > 0], probs[targets > 0]
    return -(q * np.log(q)).sum(), (p * np.log(p / q)).sum()

== bits -> split-loss-parts 3
-- split-loss
def split_loss(targets, probs):
    q, p = targets[targets > 0], probs[targets > 0]
    return -(q * np.log2(q)).sum(), (q * np.log2(q / p)).sum()

== the whole loss in place of the rest -> split-loss-parts 3
-- split-loss
def split_loss(targets, probs):
    q, p = targets[targets > 0], probs[targets > 0]
    return -(q * np.log(q)).sum(), -(q * np.log(p)).sum()
""")
