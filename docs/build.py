"""Build a static site of the stored lessons in the folder `site`.

    python course.py site

Nothing is executed: the site shows what the notebooks hold.
"""

import html
import itertools
import re
import shutil
import tempfile
from pathlib import Path

import nbformat
from conf import SOURCE
from sphinx.cmd.build import build_main

ROOT = Path(__file__).resolve().parent.parent
LESSON_ROW = re.compile(r"^\| \[\d+ · .+?\]\(notebooks/.+\|$", re.MULTILINE)


def build(target):
    """Build the site in `target`; return 0, or what Sphinx returns if it fails.

    Sphinx finds its sources in one folder of their own, so that each lesson
    has the address it has in `notebooks`. A warning is a failure, and leaves
    an older site as it was.
    """
    with tempfile.TemporaryDirectory() as folder:
        pages, made = Path(folder, "pages"), Path(folder, "made")
        shutil.copytree(ROOT / "docs", pages)
        index = pages / "index.md"
        index.write_text(front_page(index.read_text("utf-8")), "utf-8")
        for path in sorted((ROOT / "notebooks").glob("*.ipynb")):
            notebook = nbformat.read(path, as_version=4)
            nbformat.write(with_sentences(notebook), pages / path.name)
        options = ["-q", "-W", "--keep-going", "-c", str(ROOT / "docs")]
        options += ["-d", str(Path(folder, "doctrees"))]
        failed = build_main([*options, str(pages), str(made)])
        if not failed:
            shutil.rmtree(target, ignore_errors=True)
            shutil.move(made, target)
        return failed


def front_page(text):
    """The table of lessons is the README's; only its links are other ones."""
    rows = LESSON_ROW.findall((ROOT / "README.md").read_text("utf-8"))
    table = ["| lesson | minutes | you will be able to |", "|---|--:|---|", *rows]
    lessons = "\n".join(table).replace("](notebooks/", "](")
    return text.replace("{lessons}", lessons).replace("{source}", SOURCE)


def with_sentences(notebook):
    """Give each picture its sentence as alt text, and let the one below it wrap."""
    for cell in notebook.cells:
        for picture, text in itertools.pairwise(cell.get("outputs", [])):
            if "image/svg+xml" in picture.get("data", {}):
                sentence, *goals = text.data["text/plain"].split("\n")
                cell.metadata["mystnb"] = {"image": {"alt": sentence}}
                lines = "<br>".join(html.escape(line) for line in [sentence, *goals])
                text.data = {"text/html": f"<p>{lines}</p>"}
    return notebook


if __name__ == "__main__":
    site = ROOT / "site"
    failed = build(site)
    if failed:
        raise SystemExit(failed)
    print(f"The site is built: open {site / 'index.html'} in a browser.")
