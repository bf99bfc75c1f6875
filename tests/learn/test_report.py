"""The report that a learner keeps: one HTML file, whole or not at all."""

import os
from functools import cache

import pytest
from report_page import look_at

from softmax_lab import live, write_report
from softmax_lab.learn import report


def draw(ax, height=1.0):
    ax.bar([0], [height])
    ax.plot([0, 1], [0, height])
    return f"A single bar of the height {height}, and a line beside it."


@cache
def bars():
    return live(draw, height=(0.0, 2.0))


def test_a_report_holds_text_tables_and_figures(tmp_path):
    table = {"one": {"a < b": "1 & 2"}, "two": {"a < b": 3}}
    parts = ["First.\n\nSecond, with <b> & all.", table, bars(), bars()]
    path = write_report(tmp_path / "x.html", "A < B", {"One & two": parts, "None": []})
    assert path == tmp_path / "x.html"
    text = path.read_text("utf-8")
    page = look_at(text)
    assert "<title>A &lt; B</title>" in text
    assert "<p>First.</p>\n<p>Second, with &lt;b&gt; &amp; all.</p>" in text
    assert "<h2>One &amp; two</h2>" in text
    assert '<tr><th scope="row">one</th><td>1 &amp; 2</td></tr>' in text
    assert [tag for tag, _ in page.tags].count("svg") == 2
    assert "<figcaption>A single bar of the height 1.0" in text


def test_an_existing_report_is_left_alone(tmp_path):
    for title, name in [("1", "r.html"), ("2", "r-2.html"), ("3", "r-3.html")]:
        assert write_report(tmp_path / "r.html", title, {}).name == name
    assert "<h1>1</h1>" in (tmp_path / "r.html").read_text()
    assert "<h1>3</h1>" in (tmp_path / "r-3.html").read_text()
    assert len(list(tmp_path.iterdir())) == 3


def test_a_relative_path_lands_beside_the_notebook(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    assert str(write_report("r.html", "R", {})) == "r.html"
    assert (tmp_path / "r.html").is_file()


def test_everybody_who_may_read_the_folder_may_read_the_report(tmp_path):
    path = write_report(tmp_path / "r.html", "R", {})
    if os.name == "posix":
        assert path.stat().st_mode & 0o777 == 0o644


@pytest.mark.parametrize("place", ["no/such/folder", "file"])
def test_where_no_file_can_be_written_one_sentence_says_so(place, tmp_path):
    (tmp_path / "file").write_text("not a folder")
    with pytest.raises(report.ReportError) as caught:
        write_report(tmp_path / place / "r.html", "R", {})
    (said,) = caught.value._render_traceback_()
    assert said.startswith("✗ The report cannot be written")
    assert said.endswith("in a folder where you may write.")
    assert "r.html" in said
    assert caught.value.__suppress_context__


def test_a_read_only_folder_is_reported_in_one_sentence(tmp_path, monkeypatch):
    def refuse(*args, **kwargs):
        raise PermissionError(13, "Permission denied")

    monkeypatch.setattr(report.tempfile, "mkstemp", refuse)  # root may write anywhere
    with pytest.raises(OSError, match=r"cannot be written .*\(Permission denied\)"):
        write_report(tmp_path / "r.html", "R", {})


@pytest.mark.parametrize("step", ["chmod", "replace"])
def test_a_full_disk_leaves_nothing_behind(step, tmp_path, monkeypatch):
    def full(*args):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(report.os, step, full)
    with pytest.raises(report.ReportError, match="No space left"):
        write_report(tmp_path / "r.html", "R", {})
    assert list(tmp_path.iterdir()) == []


def test_what_is_no_part_of_a_report_is_refused_before_anything_is_written(tmp_path):
    with pytest.raises(TypeError, match="7 is no text, table, figure or summary"):
        write_report(tmp_path / "r.html", "R", {"x": [7]})
    assert list(tmp_path.iterdir()) == []
