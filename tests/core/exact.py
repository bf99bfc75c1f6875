"""Independent oracle: the textbook's formulas in 60 digits and more."""

from decimal import Decimal, localcontext


def probs(logits, temperature=1.0):
    """Return softmax of one row as Decimals; in 60 digits nothing overflows."""
    with localcontext() as context:
        context.prec, context.Emin, context.Emax = 60, -(10**17), 10**17
        scaled = [Decimal(float(z)) / Decimal(float(temperature)) for z in logits]
        weights = [(z - max(scaled)).exp() for z in scaled]
        return [weight / sum(weights) for weight in weights]


def log_probs(logits):
    """Return log-softmax of one row as floats.

    In the log of a ratio near 1 the digits of 1 cancel: hence 460 of them,
    enough for gaps up to 1,000.
    """
    with localcontext() as context:
        context.prec = 460
        exact = [Decimal(float(z)) for z in logits]
        total = sum(z.exp() for z in exact).ln()
        return [float(z - total) for z in exact]


def logsumexp(x):
    """Return log-sum-exp of one row as a float."""
    with localcontext() as context:
        context.prec = 60
        return float(sum(Decimal(float(each)).exp() for each in x).ln())


def cross_entropy(logits, targets):
    """Return the surprise at one row of targets as a float."""
    with localcontext() as context:
        context.prec = 460
        exact = [Decimal(float(z)) for z in logits]
        total = sum(z.exp() for z in exact).ln()
        weighed = zip(targets, exact, strict=True)
        return float(sum(Decimal(float(q)) * (total - z) for q, z in weighed))
