"""The front page and CONTRIBUTING: every number, link and picture is true."""

import ast
import importlib.metadata
import math
import re
import sys
from pathlib import Path

import make_animation
import nbformat
import numpy as np
import pytest
import test_notebooks
import test_runs
from packaging.requirements import Requirement
from PIL import Image
from places import ROOT, WITH_TENSORFLOW
from test_questions import BELIEFS, QUESTIONS

import course
import softmax_lab
from softmax_lab import softmax
from softmax_lab.lessons import catalogue

README = (ROOT / "README.md").read_text(encoding="utf-8")
PAGES = ["README.md", "CONTRIBUTING.md"]
LESSONS = {path.stem[:2]: nbformat.read(path, 4) for path in test_notebooks.PATHS}
ROW = re.compile(r"^\| \[(\d+) · (.+?)\]\((.+?)\) \| (\d+) \|", re.M)
WORDS = {"twenty": 20, "an hour": 60}
OTHERS = {"For instructors"}  # tests/classroom/test_guide.py measures what it says


def live_figures():
    """The keywords of each call of `live` that has sliders."""
    for lesson in LESSONS.values():
        for cell in lesson.cells:
            nodes = ast.walk(ast.parse(cell.source)) if "outputs" in cell else []
            for node in nodes:
                if (
                    isinstance(node, ast.Call)
                    and getattr(node.func, "id", "") == "live"
                ):
                    keywords = {keyword.arg for keyword in node.keywords}
                    if keywords - {"size", "panels", "goals"}:
                        yield keywords


def megabytes_without_tensorflow():
    """The most that a test lets such a lesson have."""
    lessons = set(LESSONS) - WITH_TENSORFLOW
    return max(test_runs.LARGEST[name] for name in lessons)


def gigabytes_installed():
    """What the pinned packages take, where they are installed."""
    lines = (ROOT / "requirements.txt").read_text(encoding="utf-8").splitlines()
    wanted = [Requirement(line) for line in lines if line[0] not in "#-"]
    here = [pin.name for pin in wanted if not pin.marker or pin.marker.evaluate()]
    files = [file for name in here for file in importlib.metadata.files(name)]
    return sum(file.size or 0 for file in files) / 1e9


def minutes_said(lesson):
    """What stands after *Time* in the lesson's first cell."""
    said = re.search(
        r"\*Time\* (\d+|[a-z ]+?)(?: minutes)?[.,]", lesson.cells[0].source
    )
    return WORDS.get(said.group(1)) or int(said.group(1))


def total_in_words():
    hours = sum(map(minutes_said, LESSONS.values())) / 60
    return {6.5: "six and a half"}[round(2 * hours) / 2]


TENTH, SIXFOLD = (softmax(s * np.array([2.0, 1.0, 0.1])) for s in (0.1, 6))
# The line "live / interact" of `python course.py bench`, whose machine was busy.
PRINTED_BY_BENCH = ["0.26", "0.074"]
# What the page says, with {} for each number, and how the numbers come about.
# Whoever writes another number there adds a row here.
NUMBERS = [
    ("Python {}.{}, {}.{} or {}.{}", lambda: [n for p in course.PYTHONS for n in p]),
    ("loss is stuck at {:.2f}", lambda: [math.log(1 + 9 / math.e)]),
    ("ln({} + {}/e)", lambda: [1, 10 - 1]),
    ("`.venv`, about {} GB", lambda: [2]),  # below
    ("less than {} MB", lambda: [megabytes_without_tensorflow()]),
    ("Each of {} questions", lambda: [len(QUESTIONS)]),
    ("from {} beliefs", lambda: [len(BELIEFS)]),
    ("The {} exercises", lambda: [len(catalogue.exercises())]),
    (
        "know {} wrong answers",
        lambda: [sum(len(e.mistakes) for e in catalogue.exercises().values())],
    ),
    ("{} live figures", lambda: [len([*live_figures()])]),
    ("{} have goals", lambda: [sum("goals" in words for words in live_figures())]),
    ("slider goes to {}: three", lambda: [0.1]),
    ("almost equal, {:.2f}, {:.2f} and {:.2f},", lambda: TENTH),
    ("At {} the first bar is {:.2f}", lambda: [6, SIXFOLD[0]]),
    ("about {} hours", lambda: [total_in_words()]),
    ("{} of the {} need", lambda: ["Eight", "twelve"]),  # below
    ("{} of the time to pixels, and {} of", lambda: PRINTED_BY_BENCH),
]


def prose(text):
    """Without code, addresses, the table of lessons, and names with digits."""
    text = re.sub(r"```.*?```|`[^`]+`|<!--.*?-->", "", ROW.sub("", text), flags=re.S)
    text = re.sub(r"\]\([^)]+\)|\w+=\"(?:docs/|\d)[^\"]*\"", "", text)
    return re.sub(r"[Ll]esson \d+|CC BY [\d.]+", "", text)


def shown(page):
    return (ROOT / page).read_text(encoding="utf-8")


@pytest.mark.parametrize(("phrase", "values"), NUMBERS, ids=[n[0] for n in NUMBERS])
def test_a_number_on_the_front_page_is_recomputed(phrase, values):
    assert phrase.format(*values()) in " ".join(README.split())


def test_no_other_number_is_on_the_front_page():
    sections = re.split(r"^## ", README, flags=re.M)
    mine = [text for text in sections if text.split("\n")[0] not in OTHERS]
    rest = " ".join(prose("\n".join(mine)).split())
    for phrase, _ in NUMBERS:
        parts = [re.escape(part) for part in re.split(r"\{.*?\}", prose(phrase))]
        rest = re.sub(r"[\w.]+".join(parts), "", rest)
    assert re.findall(r".{,20}\d+.{,20}", rest) == []


def test_the_table_of_lessons_agrees_with_the_lessons():
    rows = ROW.findall(README)
    assert [row[0] for row in rows] == [str(int(name)) for name in LESSONS]
    for (number, title, link, minutes), path in zip(
        rows, test_notebooks.PATHS, strict=True
    ):
        lesson = LESSONS[path.stem[:2]]
        assert lesson.cells[0].source.startswith(f"# {number} · {title}\n")
        assert ROOT / link == path
        assert int(minutes) == minutes_said(lesson)


def test_the_map_in_lesson_0_agrees_with_the_lessons():
    sources = [cell.source for cell in LESSONS["00"].cells]
    (text,) = [source for source in sources if source.startswith("## The map")]
    minutes = [minutes_said(lesson) for lesson in LESSONS.values()]
    assert (
        f"A lesson takes {min(minutes[1:-1])} to {max(minutes[1:-1])} minutes" in text
    )
    assert "the capstone an hour." in text
    for number, title, link, _ in ROW.findall(README)[1:]:
        assert f"| {number} | [{title}]({Path(link).name}) |" in text


@pytest.mark.skipif(sys.platform != "linux", reason="sizes differ by platform")
def test_what_is_installed_takes_about_2_gb():
    assert 1.5 < gigabytes_installed() < 2.5


def test_eight_lessons_need_no_tensorflow():
    assert len(LESSONS) == 12
    assert len(set(LESSONS) - WITH_TENSORFLOW) == 8


@pytest.mark.parametrize("page", PAGES)
def test_its_links_lead_somewhere(page):
    text = shown(page)
    headings = re.findall(r"^#+ (.+)$", text, re.M)
    anchors = {re.sub(r"[^\w -]", "", h).lower().replace(" ", "-") for h in headings}
    links = re.findall(r"\]\(([^)]+)\)|(?:src|srcset)=\"([^\"]+)\"", text)
    for link in filter(None, sum(links, ())):
        if link.startswith("#"):
            assert link[1:] in anchors, link
        elif not link.startswith("https://"):
            assert (ROOT / link).exists(), link


@pytest.mark.parametrize("page", PAGES)
def test_it_keeps_to_the_house_words(page):
    words = r"\b(simply|just|obviously|clearly the)\b|!(?!\[|-)"
    assert not re.search(words, re.sub(r"```.*?```", "", shown(page), flags=re.S))


def test_the_figure_of_your_own_draws_and_speaks():
    (code,) = re.findall(r"```python\n(.*?)```", README, re.S)
    goal = eval(re.search(r"`goals=(\{.*?\})`", README).group(1))
    here = {}
    exec(code.replace("\nlive(", "\nfigure = live("), here)
    figure = here["figure"]
    assert figure.sentence == "At temperature 1.0 cat has 0.66."
    again = softmax_lab.live(here["draw"], goals=goal, temperature=(0.1, 10.0))
    (sentence,) = goal
    for temperature in (1.0, 2.0, 2.1, 10.0):
        below = softmax([2.0, 1.0, 0.1], temperature=temperature)[0] < 0.5
        assert goal[sentence](temperature) is bool(below)
    again.set(temperature=3.0)
    assert again.error == ""
    assert again.goals.reached == {sentence}


# The picture


@pytest.fixture
def animation():
    with Image.open(make_animation.GIF) as picture:
        yield picture


def test_the_animation_shows_the_lesson_as_it_is(animation):
    """Else run tools/make_animation.py."""
    assert animation.info["comment"].decode() == make_animation.fingerprint()


def test_the_animation_is_small_crisp_and_short(animation):
    scale = make_animation.SCALE
    size = (make_animation.WIDTH * scale, make_animation.HEIGHT * scale)
    assert animation.size == size
    assert f'width="{make_animation.WIDTH}"' in README
    assert make_animation.GIF.stat().st_size < 1e6
    assert animation.n_frames > 40
    assert animation.info["loop"] == 0
    times, pictures = [], []
    for i in range(animation.n_frames):
        animation.seek(i)
        times.append(animation.info["duration"])
        pictures.append(animation.convert("L").resize((90, 79)))
    assert 4000 <= sum(times) <= 8000
    rests = [pictures[i] for i in range(len(times)) if times[i] >= make_animation.READ]
    assert len(rests) == 4
    for i, one in enumerate(rests):  # question, verdict, a tenth, six times
        for other in rests[i + 1 :]:
            assert np.abs(np.subtract(one, other, dtype=float)).mean() > 1


def test_the_still_picture_is_one_of_its_frames(animation):
    with Image.open(make_animation.STILL) as still:
        wanted = np.array(still.convert("RGB"))
    found = []
    for i in range(animation.n_frames):
        animation.seek(i)
        if animation.info["duration"] >= make_animation.READ:
            found.append(np.array_equal(np.array(animation.convert("RGB")), wanted))
    assert any(found)
