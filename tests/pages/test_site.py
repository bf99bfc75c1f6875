"""Reading without a kernel: the site, and the notebooks as GitHub shows them."""

import html
import itertools
import os
import re
import shutil
import subprocess
import sys
from pathlib import Path
from urllib.parse import unquote, urldefrag, urljoin, urlparse
from urllib.request import url2pathname

import nbformat
import pytest
from nbconvert import HTMLExporter
from opened import ACCESS, TEXT
from places import NOTEBOOKS, ROOT

LESSONS = {
    path.stem: nbformat.read(path, as_version=4) for path in NOTEBOOKS.glob("*.ipynb")
}
NAMES = sorted(LESSONS)
SVG = "image/svg+xml"
each_lesson = pytest.mark.parametrize("name", NAMES)


def bundles(name):
    cells = [cell for cell in LESSONS[name].cells if cell.cell_type == "code"]
    return [output.get("data", {}) for cell in cells for output in cell.outputs]


def outputs(name, kind):
    """The stored outputs of one kind, in order."""
    return [bundle[kind] for bundle in bundles(name) if kind in bundle]


def captions(name):
    """What stands for each live figure, as text: a sentence, then its goals."""
    return [bundle["text/plain"] for bundle in bundles(name) if SVG in bundle]


def prose(name):
    return [cell.source for cell in LESSONS[name].cells if cell.cell_type == "markdown"]


def bare(text):
    """Letters and digits alone: quotes, dashes and spaces are the page's own."""
    return re.sub(r"[\W_]", "", text)


def text_of(page):
    return bare(html.unescape(re.sub(r"<[^>]+>", "", page)))


# --- the page that GitHub and nbviewer make of a stored notebook ---------------


@each_lesson
def test_a_stored_notebook_has_no_empty_boxes(name):
    """Each live figure is a picture, and under it its sentence and goals."""
    exporter = HTMLExporter(template_name="classic", exclude_input=True)
    page, _ = exporter.from_notebook_node(LESSONS[name])
    body = page.partition("<body")[2]
    shown = re.findall(
        r'<img [^>]*src="data:image/svg.*?<pre>(.*?)</pre>', body, re.DOTALL
    )
    assert [html.unescape(text).strip() for text in shown] == captions(name)
    assert not re.search(r"Loading widget|[A-Z]\w*\(children=|widget-view", body)
    words = text_of(body)
    questions = outputs(name, "text/html")
    assert questions
    assert [text for text in map(text_of, questions) if text not in words] == []


# --- the site -----------------------------------------------------------------


def build(root, notebooks):
    """Run the site's builder in a copy of what it needs; the site is in `site`."""
    shutil.copytree(ROOT / "docs", root / "docs", dirs_exist_ok=True)
    for name in ("pyproject.toml", "README.md"):
        shutil.copy(ROOT / name, root)
    (root / "notebooks").mkdir()
    for name, notebook in notebooks.items():
        nbformat.write(notebook, root / "notebooks" / f"{name}.ipynb")
    return subprocess.run(
        [sys.executable, "docs/build.py"],
        cwd=root,
        env={**os.environ, "PYTHONUTF8": "1"},
        capture_output=True,
        text=True,
        encoding="utf-8",
    )


@pytest.fixture(scope="module")
def site(tmp_path_factory):
    root = tmp_path_factory.mktemp("un dépôt")
    run = build(root, LESSONS)
    assert run.returncode == 0, run.stdout + run.stderr
    assert str(root / "site" / "index.html") in run.stdout
    return root / "site"


def test_a_warning_fails_the_build_and_leaves_the_old_site(tmp_path):
    (tmp_path / "site").mkdir()
    (tmp_path / "site" / "index.html").write_text("old")
    lost = nbformat.v4.new_markdown_cell("# A\n\n[nowhere](99_nowhere.ipynb)")
    run = build(tmp_path, {"00_a": nbformat.v4.new_notebook(cells=[lost])})
    assert run.returncode != 0
    assert "99_nowhere" in run.stderr
    assert (tmp_path / "site" / "index.html").read_text() == "old"


FACTS = """
async () => {
  await MathJax.startup.promise;
  const all = (selector, tell) => [...document.querySelectorAll(selector)].map(tell);
  const text = node => node.textContent.trim();
  const name = node => (
    node.getAttribute('aria-label') || node.textContent.trim() || node.title
    || (node.labels && node.labels.length && text(node.labels[0])) || node.placeholder
  );
  return {
    lang: document.documentElement.lang,
    title: document.title,
    mains: document.querySelectorAll('main').length,
    headings: all('article h1, article h2, article h3', node => [node.tagName, text(node)]),
    ids: all('[id]', node => node.id),
    links: all('a[href]', node => node.href),
    contents: all('.bd-sidebar-primary nav a', node => node.href),
    on: all('.prev-next-footer a.right-next', node => node.href),
    back: all('.prev-next-footer a.left-prev', node => node.href),
    pictures: all('main .cell_output img', node => [node.src, node.alt, node.naturalWidth]),
    code: all('main pre', text),
    open: all('details[open] summary', text),
    folded: document.querySelectorAll('main details').length,
    equations: document.querySelectorAll('mjx-container').length,
    broken: all('mjx-merror, .problematic, .error', text),
    unsaid: all('img:not([alt])', node => node.src),
    nameless: all('a[href], button, input, summary', node => [node, name(node)])
      .filter(([node, name]) => !name && node.checkVisibility())
      .map(([node]) => node.outerHTML),
    text: document.querySelector('main').innerText,
  };
}
"""


@pytest.fixture(scope="module")
def pages(site, browser):
    """What a reader finds on each page, and what the page has asked for."""
    found = {}
    page = browser.new_page()
    page.set_viewport_size({"width": 1200, "height": 900})
    asked, said = [], []
    page.on("request", lambda request: asked.append(request.url))
    page.on("console", lambda message: said.append((message.type, message.text)))
    page.on("pageerror", lambda error: said.append(("error", str(error))))
    for name in ["index", *NAMES]:
        page.goto((site / f"{name}.html").as_uri())
        found[name] = page.evaluate(FACTS)
        page.set_viewport_size({"width": 400, "height": 900})
        found[name]["phone"] = page.evaluate("document.documentElement.scrollWidth")
        page.set_viewport_size({"width": 1200, "height": 900})
        found[name] |= {"asked": asked.copy(), "said": said.copy()}
        asked.clear()
        said.clear()
    page.close()
    return found


each_page = pytest.mark.parametrize("name", ["index", *NAMES])


@each_page
def test_a_page_asks_for_nothing_from_elsewhere(pages, name):
    assert len(pages[name]["asked"]) > 5
    schemes = {urlparse(url).scheme for url in pages[name]["asked"]}
    assert schemes <= {"file", "data"}
    assert [text for kind, text in pages[name]["said"] if kind != "log"] == []


@each_page
def test_a_page_can_be_read_by_everyone(pages, name):
    facts = pages[name]
    assert facts["lang"] == "en-GB"
    assert facts["mains"] == 1
    levels = [int(tag[1]) for tag, _ in facts["headings"]]
    assert levels.count(1) == 1
    assert all(after - before <= 1 for before, after in itertools.pairwise(levels))
    assert facts["unsaid"] == []
    assert facts["nameless"] == []
    assert len(facts["ids"]) == len(set(facts["ids"]))
    assert facts["phone"] <= 400


@each_lesson
def test_a_page_has_the_title_and_the_headings_of_its_lesson(pages, name):
    source = "\n".join(prose(name))
    headings = re.findall(r"^(#{1,3}) (.+)$", source, re.MULTILINE)
    expected = [(f"H{len(marks)}", bare(text)) for marks, text in headings]
    shown = [(tag, bare(text)) for tag, text in pages[name]["headings"]]
    assert shown == expected
    assert bare(pages[name]["title"]).startswith(expected[0][1])


@each_lesson
def test_every_live_figure_is_a_picture_and_its_sentence(pages, name):
    sentences = [caption.split("\n")[0] for caption in captions(name)]
    assert [alt for _, alt, _ in pages[name]["pictures"]] == sentences
    assert all(width > 0 for _, _, width in pages[name]["pictures"])
    lines = "\n".join(captions(name)).split("\n")
    assert [line for line in lines if line not in pages[name]["text"]] == []


@each_lesson
def test_a_page_has_all_code_and_all_that_it_printed(pages, name):
    code = [cell for cell in LESSONS[name].cells if cell.cell_type == "code"]
    expected = [cell.source for cell in code]
    expected += [o.text for c in code for o in c.outputs if o.output_type == "stream"]
    shown = {text.strip() for text in pages[name]["code"]}
    assert [text for text in expected if text.strip() not in shown] == []


@each_lesson
def test_answers_are_folded_away_as_in_the_notebook(pages, name):
    stored = prose(name) + outputs(name, "text/html")
    assert pages[name]["open"] == []
    assert pages[name]["folded"] == sum(text.count("<details") for text in stored)


@each_lesson
def test_every_equation_is_typeset(pages, name):
    stored = [re.sub(r"`[^`]*`", "", text) for text in prose(name)]
    stored += outputs(name, "text/html")
    pattern = re.compile(r"\$\$.+?\$\$|\$[^$]+?\$", re.DOTALL)
    expected = sum(len(pattern.findall(text)) for text in stored)
    assert pages[name]["equations"] == expected
    assert pages[name]["broken"] == []


def test_every_link_within_the_site_leads_somewhere(pages, site):
    ids = {name: set(facts["ids"]) for name, facts in pages.items()}
    lost, seen = [], set()
    for name, facts in pages.items():
        for link in facts["links"]:
            address, place = urldefrag(link)
            if urlparse(address).scheme != "file":
                continue
            path = Path(url2pathname(urlparse(address).path))
            seen.add(path.stem)
            known = not place or unquote(place) in ids.get(path.stem, [])
            if not (path.is_file() and known):
                lost.append((name, link))
    assert lost == []
    assert set(NAMES) <= seen


def stems(links):
    return [Path(urlparse(link).path).stem for link in links]


def test_contents_and_arrows_lead_through_all_lessons(pages):
    order = ["index", *NAMES]
    for name, facts in pages.items():
        here = (facts["contents"], facts["on"], facts["back"])
        contents, on, back = map(stems, here)
        place = order.index(name)
        assert contents == NAMES
        assert on == order[place + 1 : place + 2]
        assert back == order[max(place - 1, 0) : place]


def test_the_front_page_has_the_table_of_the_readme(pages):
    readme = (ROOT / "README.md").read_text("utf-8")
    for name in NAMES:
        row = re.search(rf"^\|.*\(notebooks/{name}\.ipynb\) \|(.*)\|$", readme, re.M)
        assert bare(row[1]) in bare(pages["index"]["text"])


@each_lesson
def test_a_lesson_opens_on_binder(pages, name):
    readme = (ROOT / "README.md").read_text("utf-8")
    badge = re.search(r"https://mybinder\.org/v2/\S+?ipynb", readme)[0]
    assert urljoin(badge, badge.replace("00_start_here", name)) in pages[name]["links"]


def test_search_finds_a_lesson_by_a_word_from_the_keyboard(site, browser):
    page = browser.new_page()
    page.goto((site / "index.html").as_uri())
    page.keyboard.press("Control+k")
    page.keyboard.type("reliability")
    page.keyboard.press("Enter")
    found = page.locator("#search-results li a[href*='08_calibration']")
    found.first.wait_for(timeout=30_000)
    assert "Calibration" in found.first.inner_text()
    assert page.locator("#search-results li a[href*='02_numerical']").count() == 0
    page.close()


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_text_stands_out_in_the_light_and_in_the_dark(site, browser, scheme):
    page = browser.new_page()
    page.emulate_media(color_scheme=scheme)
    page.goto((site / "08_calibration.html").as_uri())
    assert page.locator("html").get_attribute("data-theme") == scheme
    page.evaluate(ACCESS)
    contrasts = page.evaluate("access.contrasts('main, nav a')")
    page.close()
    assert len(contrasts) > 500
    assert [text for text, contrast in contrasts if contrast < TEXT] == []
