"""What holds for every report that is written."""

import re
from html.parser import HTMLParser


class Page(HTMLParser):
    """What is in a page: tags in order, ids, and whether each tag is closed."""

    void = {"meta", "path", "use", "image"}  # noqa: RUF012

    def __init__(self, text):
        super().__init__()
        self.open, self.tags, self.ids, self.outside = [], [], [], []
        self.feed(text)
        self.close()

    def handle_starttag(self, tag, attrs):
        self.tags.append((tag, dict(attrs)))
        self.ids += [value for name, value in attrs if name == "id"]
        links = ("src", "href", "xlink:href")
        self.outside += [v for n, v in attrs if n in links and v[:1] != "#"]
        if tag not in ("meta",):
            self.open.append(tag)

    def handle_startendtag(self, tag, attrs):
        self.handle_starttag(tag, attrs)
        if tag not in ("meta",):
            self.open.pop()

    def handle_endtag(self, tag):
        assert self.open.pop() == tag


def look_at(text):
    """Assert what holds for every report, and return what is in it."""
    page = Page(text)
    assert page.open == []
    assert len(set(page.ids)) == len(page.ids)
    used = re.findall(r'(?:url\(|href=")#([\w-]+)', text)
    assert set(used) <= set(page.ids)
    assert all(link.startswith("data:image/png;base64,") for link in page.outside)
    assert "<script" not in text
    assert "@import" not in text
    names = [tag for tag, _ in page.tags]
    assert page.tags[0] == ("html", {"lang": "en"})
    assert [n for n in names if n in ("h1", "h2")] == ["h1"] + ["h2"] * names.count(
        "h2"
    )
    assert len(re.findall("<title>.+</title>", text)) >= 1
    assert names.count("figure") == names.count("figcaption")
    for tag, attrs in page.tags:
        if tag == "svg":
            assert attrs["role"] == "img"
            assert len(attrs["aria-label"]) > 20
        if tag == "th":
            assert attrs["scope"] in ("row", "col")
    return page
