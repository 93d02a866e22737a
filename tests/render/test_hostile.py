"""Texts that mean harm change no structure, leave no control character, and run nothing."""

from __future__ import annotations

import json
import re
from dataclasses import replace
from functools import lru_cache

import pytest

from advisor.record import Record
from advisor.render.adr import render_adr
from advisor.render.charts import svg_of
from advisor.render.document import ReportFigure, walk, web_address
from advisor.render.html import render_html
from advisor.render.markdown import escaped, render_markdown
from advisor.render.terminal import render_terminal
from advisor.render.view import view_of
from tests.render.reading import read_html, read_markdown
from tests.render.records import record

PAYLOADS = {
    "script": "<script>alert(1)</script>",
    "end of script": "</script><script>alert(1)</script>",
    "comment": "<!--<script>",
    "attribute": '"\' onmouseover=alert(1) x="',
    "image": "<img src=x onerror=alert(1)>",
    "template": "{{ 7*7 }} {% raw %} {# x #} ${7*7} <%= 7 %>",
    "pipes": "a | b || c \\| d |",
    "ticks": "``` `code` ~~~ ````",
    "links": "[click](javascript:alert(1)) ![x](http://evil.example/x.png) <http://evil.example>",
    "reference": "[x]: http://evil.example\n[x]",
    "autolink": "https://evil.example www.evil.example mailto:a@evil.example @someone",
    "heading": "# Heading\n## Another\n===\n---",
    "list": "- item\n1. item\n+ item",
    "emphasis": "**bold** __bold__ *it* _it_ ~~gone~~",
    "entities": "&lt;b&gt; &#60; &amp;",
    "right to left": "safe \u202egnp.exe\u202c \u2066x\u2069 \u200f",
    "zero width": "a\u200bb\u2060c\ufeffd",
    "control": "a\x00b\x1b[31mred\x1b]0;title\x07\x08\r\n\x7f\x9b1m",
    "separators": "a\u2028b\u2029c\u0085d",
    "markup": "[bold red]rich[/] [link=file:///etc/passwd]x[/link] :smile:",
    "math": "$$x$$ $`y`$",
    "long": "W" * 10_000,
    "long words": "<b>word</b> " * 1_000,
    "html block": "<details open><summary>x</summary>",
    "front matter": "---\nstatus: accepted\n---",
    "footnote": "[^1] [^1]: x",
    "quote": "> quoted\n>> twice",
}
HIDDEN = re.compile(
    "[\x00-\x08\x0b-\x1f\x7f-\x9f\u200b-\u200f\u202a-\u202e\u2028\u2029\u2060-\u2069\ufeff\ud800-\udfff]"
)


LONG = ("long", "long words")
GROUPS = {
    **{name: PAYLOADS[name] for name in LONG},
    "first": " ".join(PAYLOADS[k] for k in sorted(PAYLOADS)[::2] if k not in LONG),
    "second": "\n".join(PAYLOADS[k] for k in sorted(PAYLOADS)[1::2] if k not in LONG),
}


@pytest.fixture(params=sorted(GROUPS))
def payload(request: pytest.FixtureRequest) -> str:
    """Texts that mean harm, several at once: each rendering takes a second."""
    return GROUPS[request.param][:3900]


@lru_cache(maxsize=1)
def calm_record() -> Record:
    """A record with texts that mean no harm."""
    return record(text=marked)


def marked(text: str) -> str:
    """A text of the same kind that means no harm: structure must be as with this one."""
    return f"{text} harmless"


def test_html_keeps_its_structure(payload: str) -> None:
    hostile = render_html(record(text=lambda text: f"{text} {payload}"))
    calm = render_html(calm_record())
    page, expected = read_html(hostile), read_html(calm)
    assert page.shape == expected.shape
    assert page.ids == expected.ids
    for element in page.elements:
        assert not [name for name in element.attributes if name.startswith("on")]
        assert element.attributes.get("href", "#").startswith(("#", "https://", "data:,"))
    assert not HIDDEN.search(hostile)
    assert "</script" not in hostile.split('id="record">')[1].split("</script>\n</body>")[0]
    json.loads(page.script)


def test_markdown_keeps_its_structure(payload: str) -> None:
    hostile, files = render_markdown(record(text=lambda text: f"{text} {payload}"))
    calm, _ = render_markdown(calm_record())
    page, expected = read_markdown(hostile), read_markdown(calm)
    assert page.shape == expected.shape
    links = [e.attributes.get("href", "#") for e in page.named("a")]
    assert links == [e.attributes.get("href", "#") for e in expected.named("a")]
    assert not HIDDEN.search(hostile)
    assert "<script" not in hostile
    without_code = re.sub(r"(?s)<pre>.*?</pre>", "", hostile)
    assert not re.search(r"https?://evil", without_code)
    for svg in files.values():
        read_html(svg)
        assert "alert(1)>" not in svg
        assert not HIDDEN.search(svg)


@pytest.mark.parametrize("start", ["", "x "])
@pytest.mark.parametrize("name", sorted(PAYLOADS))
def test_escaped_text_is_shown_as_it_is(name: str, start: str) -> None:
    clean = (
        re.sub(HIDDEN, "", f"{start}{PAYLOADS[name]}"[:2000]).replace("\n", " ").replace("\t", " ")
    )
    page = read_markdown(escaped(clean) + "\n")
    assert page.shape == ["p"]
    assert page.text == " ".join(clean.split())


def test_decision_record_keeps_its_structure(payload: str) -> None:
    hostile = render_adr(record(text=lambda text: f"{text} {payload}"))
    calm = render_adr(calm_record())
    assert hostile.split("\n---\n")[0] == calm.split("\n---\n")[0]
    body = [text.split("\n---\n", 1)[1] for text in (hostile, calm)]
    assert read_markdown(body[0]).shape == read_markdown(body[1]).shape
    assert not HIDDEN.search(hostile)


@pytest.mark.parametrize("colour", [True, False])
def test_terminal_prints_no_foreign_control_character(payload: str, colour: bool) -> None:
    told = render_terminal(record(text=lambda text: f"{text} {payload}"), width=80, colour=colour)
    without_ours = re.sub(r"\x1b\[[0-9;]*m", "", told) if colour else told
    assert not HIDDEN.search(without_ours)
    assert "[31mred" not in without_ours.replace("\ufffd[31mred", "")
    assert "use pytorch rather than jax" in told.lower().replace("\n", " ")


def test_hidden_and_reordering_characters_are_made_visible() -> None:
    def reordered(text: str) -> str:
        return f"{text} \u202egnp.exe"

    assert "\ufffdgnp.exe" in read_html(render_html(record(text=reordered))).text


def test_only_web_addresses_become_links() -> None:
    for url in (
        "javascript:alert(1)", "JAVASCRIPT:x", " https://x.example", "data:text/html,x",
        "file:///etc/passwd", "//x.example", "https://x.example/ y", 'https://x.example/"x',
        "https://x.example/<x>", "https://x.example/\u202ex", "ftp://x.example", "", None,
    ):  # fmt: skip
        assert web_address(url) == ""
    assert web_address("https://x.example/a?b=c&d=(e)#f") == "https://x.example/a?b=c&d=(e)#f"


def test_nothing_private_is_in_any_format() -> None:
    secrets = {
        "home": "/home/alice/project/run.py",
        "mac": "/Users/alice/x",
        "token": "hf_abcdefghijklmnopqrstuvwxyz",
        "key": "sk-proj-abcdefghijklmnopqrstuvwxyz012345",
        "url": "https://alice:hunter22@registry.example/simple",
    }

    def leaky(text: str) -> str:
        return f"{text} {' '.join(secrets.values())}"

    made = record(text=leaky)
    markdown, files = render_markdown(made)
    texts = [render_html(made), markdown, *files.values(), render_adr(made)]
    texts.append(render_terminal(made, width=100, colour=False))
    for text in texts:
        for secret in ("alice", "hf_abc", "sk-proj", "hunter22"):
            assert secret not in text


def test_every_chart_is_well_formed_with_hostile_numbers_and_labels() -> None:
    label = "</text><script>alert(1)</script>\u202e&\"'" * 20
    kinds = {
        "contributions": {"rows": [{"label": label, "note": label, "value": v, "shown": label}
                                   for v in (0.0, 1e9, -1e-9, 50.0)]},
        "flips": {"now": 2, "rows": [{"label": label, "place": p} for p in range(5)]},
        "ratios": {"margin": 0.05, "rows": [
            {"label": label, "note": "", "ratio": r, "ci": ci, "called": True, "side": "jax",
             "verdict": label}
            for r, ci in ((1e9, [1e-9, 1e9]), (1.0, None), (None, None))
        ]},
        "times": {"rows": [{"label": label, "marks": [
            {"mode": m, "median_s": s, "interval_s": i, "shown": label}
            for m, s, i in (("pytorch.eager", 1e-9, None), (label, 1e6, [1e-9, 1e6]),
                            ("jax.jit", 1.0, [0.0, 2.0]))
        ]}]},
    }  # fmt: skip
    for kind, data in kinds.items():
        figure = ReportFigure("figure", label, label, kind, data, "table")
        page = read_html(svg_of(figure))
        assert not page.named("script")
        assert page.named("svg")[0].attributes["role"] == "img"


def test_figures_of_a_hostile_record_have_a_name_and_a_description() -> None:
    report = view_of(record(text=lambda text: f"{text} <b>&"))
    figures = [b for b in walk(report.sections) if isinstance(b, ReportFigure)]
    assert len(figures) == 4
    for figure in figures:
        page = read_html(svg_of(figure))
        assert page.shape[:3] == ["svg", "title", "desc"]
        assert page.named("svg")[0].attributes["aria-labelledby"] == " ".join(page.ids[:2])


def test_half_a_character_in_an_answer_is_survived() -> None:
    made = record()
    inputs = made.inputs
    answers = replace(inputs.answers, values={**inputs.answers.values, "must_use": ["a\ud800b"]})
    broken = replace(made, inputs=replace(inputs, answers=answers))
    texts = [render_html(broken), render_markdown(broken)[0], render_adr(broken)]
    texts.append(render_terminal(broken, width=80, colour=False))
    for text in texts:
        text.encode("utf-8")
