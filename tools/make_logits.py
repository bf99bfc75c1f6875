"""Make the logits of problem set 2: python tools/make_logits.py

300 noisy digits, learnt by heart, and what the model says of 600 others.
"""

from functools import cache
from pathlib import Path

from sklearn.linear_model import LogisticRegression

from softmax_lab import noisy_digits

HEADER = ",".join([f"logit_{digit}" for digit in range(10)] + ["label"])
WHERE = Path(__file__).parents[1] / "notebooks/assignments/source/ps2_trust/logits.csv"


@cache
def train_model():
    """Return the model, the 300 digits it learnt, and 748 that it has not seen."""
    train, unseen, _ = noisy_digits(seed=8, noise=0.3)
    # C=100 hardly restrains the weights; this solver goes to the very bottom of
    # the loss, which is the same on every machine
    model = LogisticRegression(C=100, solver="newton-cholesky", tol=1e-8)
    return model.fit(*train), train, unseen


def logits_and_labels():
    """Return logits (600, 10) of a model that is too sure, and labels (600,)."""
    model, _, unseen = train_model()
    return model.decision_function(unseen.inputs[:600]), unseen.labels[:600]


def as_csv(logits, labels):
    """Return the text of the file: 3 decimals, and the label last."""
    rows = zip(logits.tolist(), labels.tolist(), strict=True)
    lines = [",".join([f"{z:.3f}" for z in row] + [f"{y}"]) for row, y in rows]
    return "\n".join([HEADER, *lines]) + "\n"


if __name__ == "__main__":
    WHERE.write_text(as_csv(*logits_and_labels()), encoding="ascii", newline="\n")
