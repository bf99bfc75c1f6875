"""What an exercise is made of."""

from collections.abc import Callable, Sequence
from functools import partial
from typing import Any, NamedTuple


class Mistake(NamedTuple):
    """Something that learners really write, and what to say of it."""

    name: str
    wrong: Any  # a function that makes the mistake; for values, wrong values
    message: str
    experiment: str  # a line to run that shows it
    matches: Callable | None = None  # for values: whether others are wrong like this


class Exercise(NamedTuple):
    """All there is to an exercise, in one place.

    reference   a right answer: its source is the solution
    inputs      the arguments of each trial call
    properties  {sentence: test of a function}, for what examples cannot say
    accepts     for an exercise that asks for values: whether these are right
    call        for an answer that is not called with the inputs themselves, such
                as a function that builds a model: `call(answer, *args)` gives
                the numbers to compare, or None if nothing was attempted
    Mistakes are tried in order, and the first that fits gives its name.
    """

    name: str
    reference: Any
    mistakes: list[Mistake]
    hints: list[str]
    reason: str
    inputs: Sequence[tuple] = ()
    properties: dict[str, Callable] | None = None
    accepts: Callable | None = None
    call: Callable | None = None

    def as_function(self, answer):
        """Return what turns the inputs into the numbers to compare."""
        return partial(self.call, answer) if self.call else answer
