"""What the learner's answers say: what to revisit, and how honest the confidence is."""

import html

import numpy as np

from softmax_lab.core.calibration import ReliabilityCurve, fit_temperature
from softmax_lab.core.losses import cross_entropy
from softmax_lab.figures.draw import draw_reliability
from softmax_lab.figures.layers import Layers, as_svg
from softmax_lab.learn.ask import CONFIDENCES, is_answer
from softmax_lab.lessons import catalogue

ENOUGH = 12  # answers before a diagram of them means anything
REVISIT = 5
CLEAR = 2.0  # nats


class Summary:
    """The report on a list of records, to be displayed.

    answers      the first answer to each question, skipped ones left out
    curve        claim, share of right answers and count for each confidence
    temperature  what makes the claims fit best, above 1 for somebody too sure;
                 1 while nothing else is clear, None for fewer than 12 answers
    revisit      the misconceptions behind wrong answers, the surest first
    gain         normalised gain from the inventory before to the one after:
                 (after - before) / (12 - before), or None
    """

    def __init__(self, records):
        first = {}
        for record in records:
            if record["kind"] == "answer" and is_answer(record):
                first.setdefault(record["id"], record)
        self.skipped = sum(r["choice"] is None for r in first.values())
        self.answers = [r for r in first.values() if r["choice"] is not None]
        self.solved = distinct(records, "check", state="right")
        self.goals = distinct(records, "goal")
        self.curve = own_curve(self.answers)
        enough = len(self.answers) >= ENOUGH
        self.temperature = own_temperature(self.answers) if enough else None
        self.inventory = {
            time: score(self.answers, time) for time in ("before", "after")
        }
        self.gain = normalised_gain(self.inventory)
        told = [  # what was believed before the course: the same question comes again
            answer for answer in self.answers if not answer["id"].endswith("@before")
        ]
        self.revisit = beliefs_to_revisit(told)

    @property
    def lines(self):
        """The report in sentences."""
        right = sum(r["right"] for r in self.answers)
        said = [
            f"You answered {len(self.answers)} questions, {right} of them right, and "
            f"had {self.skipped} shown. Exercises solved: {self.solved}. Goals "
            f"reached: {self.goals}."
        ]
        for name, accuracy, count in zip(
            CONFIDENCES, self.curve.accuracy, self.curve.count, strict=True
        ):
            if count:
                said.append(
                    f"When you said {name}, about {percent(CONFIDENCES[name])}, you were "
                    f"right in {percent(accuracy)} of {count}."
                )
        said.append(self.verdict())
        return said + self.gained()

    @property
    def advice(self):
        """The misconceptions to revisit in sentences."""
        return [as_advice(id) for id in self.revisit]

    def gained(self):
        """What the inventory says, in one sentence or none."""
        total = len(catalogue.questions("inventory"))
        (before, asked), (after, asked_again) = self.inventory.values()
        if not asked == asked_again == total:
            return []
        said = f"Inventory: {before} of {total} before, {after} of {total} after the course."
        if after > before:
            return [f"{said} Of what could be gained you gained {percent(self.gain)}."]
        if after == total:
            return [f"{said} There was nothing left to gain."]
        change = f"{before - after} fewer" if after < before else "the same number"
        return [f"{said} That is {change}: the list below says where to look again."]

    def verdict(self):
        """What the temperature says of the learner's confidence."""
        if self.temperature is None:
            return (
                f"From {ENOUGH} answers on, you will see here how honest your "
                "confidence is."
            )
        if self.temperature == 1:
            return "As far as these answers tell, you know what you know."
        fits = "The temperature that fits your confidence best is"
        if self.temperature > 1:
            number = f"{self.temperature:.1f}" if self.temperature < 20 else "above 20"
            return f"{fits} {number}: you are surer than you are right."
        number = f"{self.temperature:.2f}" if self.temperature > 0.05 else "near 0"
        return f"{fits} {number}: you are right more often than you dare to say."

    def __repr__(self):
        return "\n".join([*self.lines, *self.advice])

    def _repr_mimebundle_(self, **kwargs):
        said = "".join(f"<p>{html.escape(line)}</p>" for line in self.lines)
        advice = [f"<li>{html.escape(line)}</li>" for line in self.advice]
        again = (
            f"<p>Worth another look:</p><ul>{''.join(advice)}</ul>" if advice else ""
        )
        picture = self.picture() if self.temperature else ""
        page = f'<div style="max-width: 46em">{said}{picture}{again}</div>'
        return {"text/plain": repr(self), "text/html": page}

    def picture(self):
        """The learner's own reliability diagram as an SVG."""

        def draw(ax):
            draw_reliability(ax, self.curve)
            ax.set(
                xlabel="how sure you said you were", ylabel="how often you were right"
            )

        layers = Layers((4.2, 3.6), salt="summary")
        layers.draw(draw, {})
        label = "Your reliability diagram. " + " ".join(self.lines[1:-1])
        return as_svg(layers.static + layers.moving, layers.box, label)


def percent(share):
    return f"{100 * share:.0f} %"


def distinct(records, kind, **facts):
    """How many different ids have a record of this kind with these facts."""
    found = [r for r in records if r["kind"] == kind]
    return len({r["id"] for r in found if all(r.get(k) == v for k, v in facts.items())})


def own_curve(answers):
    """Claim, share of right answers and count for each confidence."""
    rights = [
        [r["right"] for r in answers if r["confidence"] == name] for name in CONFIDENCES
    ]
    return ReliabilityCurve(
        np.array(list(CONFIDENCES.values())),
        np.array([np.mean(right) if right else np.nan for right in rights]),
        np.array([len(right) for right in rights]),
    )


def own_temperature(answers):
    """The temperature of somebody who gave these answers.

    A confidence of 70 % among three options is read as the probabilities 0.7
    for the chosen one and 0.15 for each other. 1 unless another temperature fits
    clearly better: by 2 nats over all answers, odds of 7 to 1.
    """
    claims = np.array([CONFIDENCES[r["confidence"]] for r in answers])
    others = np.array([r["of"] - 1 for r in answers])
    logits = np.full((len(answers), 1 + others.max()), -np.inf)
    logits[:, 0] = np.log(claims)
    for row, claim, count in zip(logits, claims, others, strict=True):
        row[1 : count + 1] = np.log((1 - claim) / count)
    labels = [0 if r["right"] else 1 for r in answers]
    found = fit_temperature(logits, labels)
    gained = cross_entropy(logits, labels) - cross_entropy(logits / found, labels)
    return found if gained.sum() > CLEAR else 1.0


def beliefs_to_revisit(answers):
    """The misconceptions behind wrong answers, the surest first."""
    known = catalogue.beliefs()
    wrong = [r for r in answers if not r["right"] and r["misconception"] in known]
    wrong.sort(key=lambda r: -CONFIDENCES[r["confidence"]])
    return list(dict.fromkeys(r["misconception"] for r in wrong))[:REVISIT]


def score(answers, time):
    """(right, answered) of the inventory at that time."""
    asked = [r for r in answers if r["id"].endswith(f"@{time}")]
    return sum(r["right"] for r in asked), len(asked)


def normalised_gain(inventory):
    """(after - before) / (12 - before), None unless both were answered in full."""
    (before, asked), (after, asked_again) = inventory["before"], inventory["after"]
    total = len(catalogue.questions("inventory"))
    if not asked == asked_again == total or before == total:
        return None
    return (after - before) / (total - before)


def as_advice(id):
    """A belief, its correction and the lesson that treats it, in one line."""
    belief = catalogue.belief(id)
    return (
        f"“{belief['belief']}” {belief['correction']} (Lesson {int(belief['lesson'])}.)"
    )
