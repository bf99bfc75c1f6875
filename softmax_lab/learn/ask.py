"""Questions that are answered, with a confidence, before the answer shows."""

import html
import re
import string

import ipywidgets as widgets

from softmax_lab.base import store
from softmax_lab.figures.access import keeper
from softmax_lab.lessons import catalogue

# What a confidence claims: lesson 8 compares it with how often you were right.
CONFIDENCES = {"guess": 0.35, "fairly sure": 0.7, "certain": 0.95}
STYLE = """<style>
.softmax-lab-choice { text-align: left; white-space: normal; height: auto;
  line-height: 1.4; padding: 5px 10px; margin: 2px 6px 2px 0; }
.softmax-lab-text { max-width: 46em; line-height: 1.45; overflow: visible; }
</style>"""
LINE = '<div style="line-height: 1.6; margin-top: 6px">{}</div>'


def predict(id):
    """Ask one question of the bank: first your answer, then the explanation.

    "times-ten@recap-03" asks the question times-ten once more: what stands after
    the @ keeps these answers apart.
    """
    name, _, place = str(id).partition("@")
    return Question(catalogue.question(name), place=place)


def quiz(*ids):
    """Ask several questions of the bank, one below the other."""
    return Quiz([predict(id) for id in ids])


def review(lesson, count=2):
    """Ask `count` questions from before `lesson`, such as "03", once more.

    First come those that you got wrong and were sure of, then other wrong ones,
    then those of the latest lessons.
    """
    if lesson not in catalogue.LESSONS:
        raise ValueError(f"lesson={lesson!r}: give two digits, such as '03'")
    lessons = [f"{number:02}" for number in reversed(range(int(lesson)))]
    earlier = [
        q for name in lessons for q in catalogue.questions(name) if is_knowledge(q)
    ]
    if not earlier:
        raise ValueError(f"lesson={lesson!r}: there is no question before it")
    asked = {q["id"]: first_answer(f"{q['id']}@{lesson}") for q in earlier}
    chosen = [q for q in earlier if asked[q["id"]]]  # stay when the cell runs again
    chosen += [q for q in sorted(earlier, key=urgency) if q not in chosen]
    return Quiz([Question(q, place=lesson) for q in chosen[:count]])


def is_knowledge(question):
    """Whether its wrong options are beliefs, and not guesses about this page."""
    return all(o.get("right") or o["misconception"] for o in question["options"])


def urgency(question):
    """A smaller number for a question that is more worth asking again."""
    answers = [r for r in store.recall("answer") if is_answer(r)]
    asked = [r for r in answers if r["id"].partition("@")[0] == question["id"]]
    if not asked or asked[-1]["choice"] is None or asked[-1]["right"]:
        return 0.0
    return -CONFIDENCES[asked[-1]["confidence"]]


def first_answer(key):
    """Return the answer that counts, the first one, or None."""
    return next(filter(is_answer, store.recall("answer", key)), None)


def is_answer(record):
    """Whether a record has what an answer needs; an older course may differ."""
    known = {"choice", "confidence", "right", "misconception", "of"} <= record.keys()
    return known and (record["choice"] is None or record["confidence"] in CONFIDENCES)


class Choice(widgets.Box):
    """Buttons of which one is chosen; a mark and not only a colour says which.

    RadioButtons and Dropdown would do, but in JupyterLab their arrow keys leave
    the widget.
    """

    def __init__(self, texts, across=False):
        self.texts, self.value = texts, None
        self.buttons = [widgets.Button(description=f"○ {text}") for text in texts]
        for button in self.buttons:
            button.add_class("softmax-lab-choice")
            button.layout.width = "auto"
            button.on_click(self._on_click)
        flow = "row wrap" if across else "column"
        width = "auto" if across else "46em"
        super().__init__(
            self.buttons,
            layout={"display": "flex", "flex_flow": flow, "max_width": width},
        )

    def _on_click(self, clicked):
        self.choose(self.buttons.index(clicked))

    def choose(self, index):
        self.value = index
        for i, (button, text) in enumerate(zip(self.buttons, self.texts, strict=True)):
            button.description = f"{'●' if i == index else '○'} {text}"
            button.button_style = "info" if i == index else ""


class Question(widgets.VBox):
    """A question of the bank, open until an answer or "show me" locks it.

    commit   answers from code: a letter and a confidence
    skip     shows the answer without one
    answer   what was remembered, or None: choice, confidence, right

    `place` keeps the answers to a question that is asked more than once apart.
    Without `feedback` the right answer stays hidden.
    """

    def __init__(self, question, *, place="", feedback=True, on_lock=None):
        self.question, self.feedback, self._on_lock = question, feedback, on_lock
        self.key = question["id"] + (f"@{place}" if place else "")
        self.options = question["options"]
        self.letters = string.ascii_lowercase[: len(self.options)]
        lettered = zip(self.letters, self.options, strict=True)
        self._choice = Choice([f"{a}\u2002{plain(o['text'])}" for a, o in lettered])
        self._confidence = Choice(
            [
                f"{name} (about {100 * claim:.0f} %)"
                for name, claim in CONFIDENCES.items()
            ],
            across=True,
        )
        self._text = widgets.HTMLMath()
        self._text.add_class("softmax-lab-text")
        self._message = widgets.HTML()
        self._buttons = widgets.HBox(
            [
                self._button("commit", self._on_commit),
                self._button("show me", self.skip),
            ]
        )
        self._keeper = keeper()
        super().__init__()
        self.add_class("softmax-lab-question")
        self.show()

    def _button(self, text, act):
        button = widgets.Button(description=text, layout={"width": "8em"})
        button.on_click(lambda _: act())
        return button

    @property
    def answer(self):
        return first_answer(self.key)

    def commit(self, answer, confidence):
        """Answer with a letter, such as "b", and "guess", "fairly sure" or "certain"."""
        if answer not in tuple(self.letters):
            raise ValueError(f"answer={answer!r}: choose one of {list(self.letters)}")
        if confidence not in CONFIDENCES:
            raise ValueError(
                f"confidence={confidence!r}: choose one of {list(CONFIDENCES)}"
            )
        chosen = self.options[self.letters.index(answer)]
        self._lock(
            choice=answer,
            confidence=confidence,
            right=bool(chosen.get("right")),
            misconception=chosen.get("misconception"),
        )

    def skip(self):
        self._lock(choice=None, confidence=None, right=None, misconception=None)

    def _lock(self, **answer):
        if self.answer is None:  # the first answer counts
            store.remember("answer", self.key, of=len(self.options), **answer)
        self.show()
        if self._on_lock:
            self._on_lock()

    def _on_commit(self):
        choice, confidence = self._choice.value, self._confidence.value
        if choice is None or confidence is None:
            missing = "an answer" if choice is None else "how sure you are"
            self._message.value = f'<p role="alert">Choose {missing} first.</p>'
            return
        self.commit(self.letters[choice], list(CONFIDENCES)[confidence])

    def show(self):
        """Show the open question, or the answer and what there is to say of it."""
        asked = f"{STYLE}<p>{markup(self.question['question'])}</p>"
        if self.answer is None:
            self._text.value = asked
            sure = widgets.HTML(LINE.format("How sure are you?"))
            parts = [self._choice, sure, self._confidence, self._buttons, self._message]
            self.children = [self._text, self._keeper, *parts]
        else:
            told = store.notice()
            aside = f"<p><em>{html.escape(told)}</em></p>" if told else ""
            self._text.value = asked + self.verdict(self.answer) + aside
            self.children = [self._text, self._keeper]

    def verdict(self, answer):
        """The options with their marks, then the explanation of the chosen one."""
        if not self.feedback:
            said = "Committed." if answer["choice"] else "Skipped."
            return f'<p role="status">{said}</p>'
        right = catalogue.right_option(self.question)
        chosen = None
        if answer["choice"] in tuple(self.letters):  # an update may have fewer
            chosen = self.letters.index(answer["choice"])
        rows = []
        for i, option in enumerate(self.options):
            mark = "✓" if i == right else "✗" if i == chosen else ""
            yours = f" (your answer: {answer['confidence']})" if i == chosen else ""
            row = (
                f'<span style="display: inline-block; width: 1.3em">{mark}</span>'
                f"{self.letters[i]}&ensp;{markup(option['text'])}{yours}"
            )
            rows.append(f"<strong>{row}</strong>" if i == right else row)
        why = [self.options[i]["explanation"] for i in (chosen, right) if i is not None]
        said = [f"<p>{markup(text)}</p>" for text in dict.fromkeys(why)]
        heading = {True: "Right.", False: "Not so.", None: "Shown."}[answer["right"]]
        return (
            f'<div role="status"><p>{"<br>".join(rows)}</p>'
            f"<p><strong>{heading}</strong></p>{''.join(said)}</div>"
        )

    def _repr_mimebundle_(self, **kwargs):
        """The widget; for readers without a kernel the question, its answer folded."""
        bundle = super()._repr_mimebundle_(**kwargs)
        return bundle | {"text/plain": self.as_text(), "text/html": self.as_html()}

    def as_text(self):
        lettered = zip(self.letters, self.options, strict=True)
        options = [f"  {letter}  {option['text']}" for letter, option in lettered]
        return "\n".join([self.question["question"], *options])

    def as_html(self):
        right = catalogue.right_option(self.question)
        lettered = zip(self.letters, self.options, strict=True)
        options = [f"{letter}&ensp;{markup(o['text'])}" for letter, o in lettered]
        fold = ""
        if self.feedback:
            why = markup(self.options[right]["explanation"])
            fold = (
                f"<details><summary>answer</summary>{self.letters[right]}: "
                f"{why}</details>"
            )
        asked = markup(self.question["question"])
        return f"<p>{asked}</p><p>{'<br>'.join(options)}</p>{fold}"

    def __repr__(self):
        return f"<question {self.key!r}>"


class Quiz(widgets.VBox):
    """Several questions in a column."""

    def __init__(self, questions):
        self.questions = questions
        for question in questions[1:]:
            question.layout.margin = "1.2em 0 0 0"
        super().__init__(questions)

    def _repr_mimebundle_(self, **kwargs):
        bundle = super()._repr_mimebundle_(**kwargs)
        text = "\n\n".join(question.as_text() for question in self.questions)
        page = "\n".join(question.as_html() for question in self.questions)
        return bundle | {"text/plain": text, "text/html": page}

    def __repr__(self):
        return f"<quiz of {len(self.questions)} questions>"


class Inventory(widgets.VBox):
    """The twelve questions of the inventory, one at a time.

    time  "before": answers stay hidden; "after": each is explained at once
    """

    def __init__(self, time):
        if time not in ("before", "after"):
            raise ValueError(f"time={time!r}: choose 'before' or 'after'")
        self.time = time
        self.questions = [
            Question(q, place=time, feedback=time == "after", on_lock=self._on_lock)
            for q in catalogue.questions("inventory")
        ]
        self._next = widgets.Button(description="next", layout={"width": "8em"})
        self._next.on_click(lambda _: self._advance())
        self._place, self._keeper = widgets.HTML(), keeper()
        super().__init__()
        self.add_class("softmax-lab-inventory")
        self._show()

    @property
    def left(self):
        return [question for question in self.questions if question.answer is None]

    def _on_lock(self):
        if self.time == "before":
            self._advance()
        else:
            self.children = [*self.children, self._next]
            self._next.focus()

    def _advance(self):
        self._show()
        if self.left:
            self.left[0]._choice.buttons[0].focus()  # where the keyboard goes on

    def _show(self):
        total, left = len(self.questions), len(self.left)
        if left:
            self._place.value = LINE.format(f"Question {total - left + 1} of {total}")
            self.children = [self._place, self._keeper, self.left[0]]
            return
        later = "You will meet them again at the end of the course."
        done = later if self.time == "before" else "The report shows what you gained."
        said = f"✓ All {total} questions are answered. {done}"
        self._place.value = f'<p role="status">{said}</p>'
        self.children = [self._place, self._keeper]

    def _repr_mimebundle_(self, **kwargs):
        bundle = super()._repr_mimebundle_(**kwargs)
        text = f"Twelve questions, asked {self.time} the course, one at a time."
        return bundle | {"text/plain": text}

    def __repr__(self):
        return f"<inventory {self.time} the course>"


def inventory(time):
    """Ask the twelve questions that stand "before" and "after" the course."""
    return Inventory(time)


def markup(text):
    """Return a text of the bank as HTML: `code`, and $mathematics$ as it is."""
    return re.sub(r"`(.+?)`", r"<code>\1</code>", html.escape(text, quote=False))


def plain(text):
    return text.replace("`", "")
