"""A page to keep: the learner's own numbers and figures in one HTML file.

The file asks for nothing from elsewhere: its pictures are inside it, it reads in
any browser, with the style sheet and without, and nothing leaves the machine.
"""

import html
import os
import re
import tempfile
from itertools import count
from pathlib import Path

from softmax_lab.base.errors import Told

PAGE = """<!DOCTYPE html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>{title}</title>
<style>
body {{ max-width: 46em; margin: 2em auto; padding: 0 1em; color: #222222;
  font: 16px/1.45 "Liberation Sans", Helvetica, Arial, sans-serif; }}
h1 {{ font-size: 1.5em; }} h2 {{ font-size: 1.1em; margin: 1.4em 0 0.4em; }}
p, ul {{ margin: 0.4em 0; }}
table {{ border-collapse: collapse; margin: 0.6em 0; }}
th, td {{ padding: 0.15em 1.2em 0.15em 0; text-align: right; }}
th:first-child {{ text-align: left; }}
thead {{ border-bottom: 1px solid #888888; }}
figure {{ margin: 0.8em 0; }} figcaption {{ font-size: 0.9em; }}
@media print {{ body {{ margin: 0; font-size: 12px; }} figure {{ max-width: 30em; }} }}
</style>
</head>
<body>
<main>
<h1>{title}</h1>
{body}
</main>
</body>
</html>
"""


class ReportError(Told, OSError):
    """The report cannot be written; the text says why."""


def write_report(path, title, sections):
    """Write a page of your own as one HTML file and return the path of the file.

    path      such as "my-report.html"; a file that is there is left alone, and the
              new one gets the next free name, such as "my-report-2.html"
    sections  {heading: list of parts}; a part is
              a text                              -> paragraphs, an empty line between
              {name: {column: value}}             -> a table, a row for each name
              a figure of `live`                  -> its picture as it stands
              what `progress.report()` returns    -> its sentences and its picture
    Raises ReportError, in one sentence, where no file can be written.
    """
    body = []
    numbers = count(1)
    for heading, parts in sections.items():
        body.append(f"<section>\n<h2>{html.escape(heading)}</h2>")
        body += [as_html(part, numbers) for part in parts]
        body.append("</section>")
    page = PAGE.format(title=html.escape(title), body="\n".join(body))
    return save(Path(path), page)


def as_html(part, numbers):
    """Return one part of a section as HTML."""
    if isinstance(part, str):
        texts = filter(None, map(str.strip, re.split(r"\n\s*\n", part)))
        return "\n".join(f"<p>{html.escape(text)}</p>" for text in texts)
    if isinstance(part, dict):
        return table(part)
    if hasattr(part, "still"):
        return figure(part.still(), part.sentence, next(numbers))
    if hasattr(part, "lines"):
        return summary(part, numbers)
    raise TypeError(f"{part!r:.60} is no text, table, figure or summary")


def table(rows):
    """A table from {name: {column: value}}; the columns are those of the first row."""
    columns = list(next(iter(rows.values())))
    head = "".join(f'<th scope="col">{html.escape(name)}</th>' for name in columns)
    lines = [
        f'<tr><th scope="row">{html.escape(name)}</th>'
        + "".join(f"<td>{html.escape(str(row[column]))}</td>" for column in columns)
        + "</tr>"
        for name, row in rows.items()
    ]
    body = "\n".join(lines)
    return (
        f"<table>\n<thead><tr><td></td>{head}</tr></thead>\n"
        f"<tbody>\n{body}\n</tbody>\n</table>"
    )


def figure(svg, sentence, number):
    """A picture and its sentence, with ids that nothing else on the page has."""
    used = set(re.findall(r'(?:url\(|href=")#([^")]+)', svg))
    given = set()

    def rename(match):
        """Keep an id once, if something refers to it: equal ones are equal shapes."""
        name = match[1]
        if name not in used or name in given:
            return ""
        given.add(name)
        return f' id="figure-{number}-{name}"'

    svg = re.sub(r' id="([^"]+)"', rename, svg)
    svg = re.sub(r'(url\(|href=")#', rf"\1#figure-{number}-", svg)
    caption = html.escape(sentence)
    return f"<figure>\n{svg}\n<figcaption>{caption}</figcaption>\n</figure>"


def summary(report, numbers):
    """What `progress.report()` says, as paragraphs, picture and list."""
    body = [f"<p>{html.escape(line)}</p>" for line in report.lines]
    if report.temperature:
        sentence = "Dots on the dashed line are honest claims, those below too bold."
        body.append(figure(report.picture(), sentence, next(numbers)))
    if report.advice:
        items = "".join(f"<li>{html.escape(line)}</li>" for line in report.advice)
        body.append(f"<p>Worth another look:</p>\n<ul>{items}</ul>")
    return "\n".join(body)


def save(path, text):
    """Write a whole file or none, under a name that is free, and return its path."""
    path = path.expanduser()
    made = []
    try:
        handle, temporary = tempfile.mkstemp(dir=path.parent, suffix=".part")
        made.append(Path(temporary))
        with os.fdopen(handle, "w", encoding="utf-8", newline="\n") as file:
            file.write(text)
        os.chmod(temporary, 0o644)  # mkstemp hides it from everybody else
        made.append(reserve(path))
        os.replace(*made)
    except OSError as error:
        for file in made:
            file.unlink(missing_ok=True)
        reason = error.strerror or error
        raise ReportError(
            f"The report cannot be written to {str(path)!r} ({reason}): give it a path "
            "in a folder where you may write."
        ) from None
    return made[1]


def reserve(path):
    """Make an empty file under the first free name, so that nobody else takes it."""
    for number in count(1):
        tried = path if number == 1 else path.with_stem(f"{path.stem}-{number}")
        try:
            tried.open("x").close()
        except FileExistsError:
            continue
        return tried
