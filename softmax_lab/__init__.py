"""The helper of Softmax Lab: it draws, wires sliders and holds what was taught.

Names are fetched when first used, so that `from softmax_lab import softmax`
needs NumPy alone, and nothing here ever imports TensorFlow.
"""

from importlib import import_module

HOMES = {
    "core.probabilities": [
        "entmax15",
        "entropy",
        "log_softmax",
        "logsumexp",
        "sigmoid",
        "softmax",
        "sparsemax",
    ],
    "core.losses": [
        "cross_entropy",
        "cross_entropy_gradient",
        "kl_divergence",
        "numerical_gradient",
        "softmax_jacobian",
    ],
    "core.calibration": [
        "expected_calibration_error",
        "fit_temperature",
        "reliability_curve",
    ],
    "core.sampling": ["sample"],
    "learn.class_report": ["class_report"],
    "data.datasets": [
        "alice",
        "capstone_digits",
        "digits",
        "known_answer",
        "noisy_digits",
    ],
    "figures.draw": [
        "draw_bars",
        "draw_image",
        "draw_on_simplex",
        "draw_probs",
        "draw_reliability",
        "draw_simplex",
    ],
    "figures.live": ["live"],
    "learn.ask": ["inventory", "predict", "quiz", "review"],
    "learn.check": ["check"],
    "learn.report": ["write_report"],
    "base.extras": ["starting_tensorflow"],
}
__all__ = sorted(name for names in HOMES.values() for name in names)


def __getattr__(name):
    for module, names in HOMES.items():
        if name in names:
            return getattr(import_module(f"softmax_lab.{module}"), name)
    raise AttributeError(f"softmax_lab has no {name!r}; it has {', '.join(__all__)}")


def __dir__():
    return __all__
