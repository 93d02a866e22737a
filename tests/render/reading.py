"""Read rendered reports back the way a browser or a Markdown viewer does."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from html.parser import HTMLParser

from markdown_it import MarkdownIt

VOID = {"meta", "link", "br", "img", "hr"}


@dataclass
class Element:
    """A start tag with its attributes."""

    name: str
    attributes: dict[str, str]


@dataclass
class Page:
    """A parsed page: its start tags, its visible text, and the content of its script."""

    elements: list[Element] = field(default_factory=list)
    texts: list[str] = field(default_factory=list)
    script: str = ""
    open: list[str] = field(default_factory=list)

    @property
    def text(self) -> str:
        """The visible text with single spaces."""
        return squeezed("".join(self.texts))

    @property
    def shape(self) -> list[str]:
        """The names of all start tags, in order."""
        return [element.name for element in self.elements]

    def named(self, name: str) -> list[Element]:
        """The elements of that name."""
        return [element for element in self.elements if element.name == name]

    @property
    def ids(self) -> list[str]:
        """All ids, in order."""
        return [e.attributes["id"] for e in self.elements if "id" in e.attributes]


class _Reader(HTMLParser):
    def __init__(self) -> None:
        super().__init__(convert_charrefs=True)
        self.page = Page()

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        given = {name: value or "" for name, value in attrs}
        assert len(given) == len(attrs), f"an attribute stands twice in <{tag}>"
        self.page.elements.append(Element(tag, given))
        if tag not in VOID:
            self.page.open.append(tag)
        if tag not in ("a", "b", "span", "strong", "em", "code"):
            self.page.texts.append(" ")

    def handle_startendtag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.handle_starttag(tag, attrs)
        if tag not in VOID:
            self.handle_endtag(tag)

    def handle_endtag(self, tag: str) -> None:
        assert self.page.open, f"</{tag}> closes nothing"
        assert self.page.open.pop() == tag, f"</{tag}> closes something else"

    def handle_data(self, data: str) -> None:
        inside = self.page.open[-1] if self.page.open else ""
        if inside == "script":
            self.page.script += data
        elif inside != "style":
            self.page.texts.append(data)


def read_html(html: str) -> Page:
    """The page in *html*; fails where tags are not balanced."""
    reader = _Reader()
    reader.feed(html)
    reader.close()
    assert not reader.page.open, f"never closed: {reader.page.open}"
    return reader.page


def read_markdown(markdown: str) -> Page:
    """The page that a viewer makes of *markdown*, tables and inline HTML included."""
    viewer = MarkdownIt("commonmark", {"html": True}).enable(["table", "strikethrough"])
    return read_html(viewer.render(markdown))


def squeezed(text: str) -> str:
    """*text* with single spaces."""
    return re.sub(r"\s+", " ", text).strip()
