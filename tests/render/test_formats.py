"""Every format says what the view says, with its provenance, and nothing else."""

from __future__ import annotations

import itertools
import json
import re
from collections.abc import Iterator

import pytest
from rich.cells import cell_len

from advisor.record import Record, freeze
from advisor.render.adr import render_adr
from advisor.render.document import (
    Report,
    ReportFigure,
    ReportTable,
    Statement,
    anchors,
    statements,
    tables,
    walk,
)
from advisor.render.html import render_html
from advisor.render.markdown import render_markdown
from advisor.render.terminal import render_terminal
from advisor.render.view import view_of
from tests.render.reading import read_html, read_markdown, squeezed
from tests.render.records import STATUSES, UNSHOWN, as_it_is, record


def all_texts(report: Report) -> Iterator[str]:
    """Everything that a report states: statements, their origin, tables, headings, code."""
    for item in statements(report):
        yield item.text
        yield from (tag.text for tag in item.tags)
    for block in walk(report.sections):
        if isinstance(block, ReportTable):
            yield block.caption
            yield from (cell.text for row in block.rows for cell in row.cells.values())
        elif isinstance(block, ReportFigure):
            yield block.title
        elif hasattr(block, "text"):
            yield block.text
        elif hasattr(block, "lines"):
            yield from block.lines
        elif hasattr(block, "title"):
            yield block.title


def formats(made: Record) -> dict[str, str]:
    """All renderings of a record."""
    return {
        "html": render_html(made),
        "md": render_markdown(made)[0],
        "adr": render_adr(made),
        "txt": render_terminal(made, width=80, colour=False),
    }


@pytest.mark.parametrize("status", STATUSES)
@pytest.mark.parametrize("measured", [True, False])
def test_html_and_markdown_both_say_everything(status: str, measured: bool) -> None:
    made = record(status, measured=measured)
    report = view_of(made)
    markdown, _ = render_markdown(made)
    html_text, markdown_text = read_html(render_html(made)).text, read_markdown(markdown).text
    for text in all_texts(report):
        assert squeezed(text) in html_text, text
        assert squeezed(text) in markdown_text, text


@pytest.mark.parametrize("status", STATUSES)
def test_every_format_leads_with_the_verdict_and_how_sure_it_is(status: str) -> None:
    made = record(status)
    verdict, sure = view_of(made).verdict.text, view_of(made).confidence.text
    for name, text in formats(made).items():
        shown = squeezed(re.sub(r"[#>*\\]", "", text))
        assert verdict in shown, name
        assert sure in shown, name


@pytest.mark.parametrize("status", STATUSES)
@pytest.mark.parametrize("measured", [True, False])
def test_every_statement_says_where_it_comes_from_and_leads_there(
    status: str, measured: bool
) -> None:
    report = view_of(record(status, measured=measured))
    targets = anchors(report)
    said = list(statements(report))
    assert len(said) > 20
    for item in said:
        assert item.tags, f"without provenance: {item.text}"
        for tag in item.tags:
            assert tag.text
            internal = tag.href.startswith("#") and tag.href[1:] in targets
            assert internal or tag.href.startswith("https://") or not tag.href, tag
        assert any(tag.href for tag in item.tags), f"leads nowhere: {item.text}"


def test_provenance_names_rule_source_and_date_or_the_answer_or_the_measurement() -> None:
    report = view_of(record())
    good = {i.text: i for i in statements(report) if i.lead == "Good, because"}
    by_rule = next(i for text, i in good.items() if "claim.ecosystem.models" in text)
    told = " | ".join(tag.text for tag in by_rule.tags)
    assert "rule claim.ecosystem.models, 2026-10-01" in told
    assert "Guide, 2026-09-01" in told
    assert "your answer: task" in told
    measured = next(i for text, i in good.items() if text.startswith("JAX 1.30 times as fast"))
    assert [tag.text for tag in measured.tags] == ["measured here: mlp_train"]


def test_answers_show_their_source() -> None:
    text = read_html(render_html(record())).text
    for said in ("detected here", "default, not confirmed", "your answer (flag)", "not sure"):
        assert said in text


def test_a_withheld_ratio_is_shown_nowhere() -> None:
    made = record()
    shown = f"{UNSHOWN:.2f}"
    inverse = f"{1 / UNSHOWN:.2f}"
    markdown, files = render_markdown(made)
    page = render_html(made).split('<script type="application/json"')[0]
    texts = [page, markdown, *files.values(), render_adr(made)]
    texts.append(render_terminal(made, width=100, colour=False))
    for text in texts:
        assert shown not in text
        assert inverse not in text
    assert "no ratio given" in page


def test_failures_are_told_with_their_reason_and_the_way_out() -> None:
    text = read_html(render_html(record())).text
    for mode, status in (("pytorch.compile", "timeout"), ("jax.jit", "skipped")):
        assert f"{mode}: {status}" in text
    assert "The worker stopped (see doctor)." in text


def test_default_settings_stand_beside_the_matched_ones() -> None:
    report = view_of(record())
    table = tables(report.section("measured"))["defaults"]
    assert [c.title for c in table.columns[2:]] == [
        "Matched (95 % interval)",
        "Default (95 % interval)",
    ]
    row = next(
        r.cells
        for r in table.rows
        if "batch 64" in r.cells["work"].text
        and r.cells["compared"].text == "jax.jit to pytorch.compile"
    )
    assert row["matched"].text.startswith("1.30 (")
    assert row["default"].text.startswith("1.56 (")
    assert "defaults" not in tables(view_of(record(twice=False)).section("measured"))


def test_the_winner_that_changes_with_size_is_named() -> None:
    points = [i.text for i in statements(view_of(record())) if i.lead == "mlp_train"]
    told = (
        "At 1 core, JAX is faster with batch 64 and PyTorch with batch 1024; interpolated between "
        "the two, they are equally fast at about batch 210."
    )
    assert told in points


def test_the_record_in_the_page_is_the_record() -> None:
    made = record()
    page = read_html(render_html(made))
    script = [e for e in page.elements if e.name == "script"]
    assert [e.attributes["type"] for e in script] == ["application/json"]
    assert json.loads(page.script) == json.loads(json.dumps(freeze(made)))


def test_the_page_needs_nothing_from_outside_and_runs_nothing() -> None:
    html = render_html(record())
    page = read_html(html)
    policy = next(
        e.attributes["content"] for e in page.named("meta")
        if e.attributes.get("http-equiv") == "Content-Security-Policy"
    )  # fmt: skip
    assert policy.startswith("default-src 'none'")
    assert "script-src" not in policy
    for element in page.elements:
        assert not {a for a in element.attributes if a.startswith("on")}
        for name in ("src", "srcset", "poster", "action", "xlink:href"):
            assert name not in element.attributes
        if element.name == "link":
            assert element.attributes["href"].startswith("data:")
    style = html.split("<style>")[1].split("</style>")[0]
    assert "url(" not in style
    assert "@import" not in style


def test_headings_tables_and_ids_are_in_order() -> None:
    page = read_html(render_html(record()))
    levels = [int(e.name[1]) for e in page.elements if re.fullmatch(r"h[1-6]", e.name)]
    assert levels[0] == 1
    assert levels.count(1) == 1
    assert all(b - a <= 1 for a, b in itertools.pairwise(levels))
    assert len(page.ids) == len(set(page.ids))
    assert len(page.named("caption")) == len(page.named("table")) > 10
    assert all(e.attributes["scope"] in ("row", "col") for e in page.named("th"))
    assert page.named("html")[0].attributes["lang"] == "en"


def test_links_within_the_page_and_within_markdown_resolve() -> None:
    made = record()
    for page in (read_html(render_html(made)), read_markdown(render_markdown(made)[0])):
        links = [e.attributes["href"] for e in page.named("a") if "href" in e.attributes]
        inside = {link[1:] for link in links if link.startswith("#")}
        assert len(inside) > 10
        assert inside <= set(page.ids)
        assert all(link.startswith(("#", "https://")) for link in links)


def test_markdown_shows_its_charts_and_says_them_in_words() -> None:
    markdown, files = render_markdown(record(), assets="x_assets")
    page = read_markdown(markdown)
    images = page.named("img")
    assert {e.attributes["src"] for e in images} == set(files)
    assert len(files) == 4
    for image in images:
        assert len(image.attributes["alt"]) > 60
        assert image.attributes["alt"] in page.text


def test_the_decision_record_has_the_headings_of_madr() -> None:
    text = render_adr(record())
    front, body = text.removeprefix("---\n").split("\n---\n", 1)
    assert 'status: "proposed"' in front
    assert 'date: "2026-11-24"' in front
    wanted = [
        "## Context and Problem Statement", "## Decision Drivers", "## Considered Options",
        "## Decision Outcome", "### Consequences", "### Confirmation",
        "## Pros and Cons of the Options", "### PyTorch", "### JAX", "## More Information",
    ]  # fmt: skip
    places = [body.index(f"\n{heading}\n") for heading in wanted]
    assert places == sorted(places)
    assert "Chosen option: PyTorch, because" in body
    assert "Chosen option: None yet, because" in render_adr(record("no_clear_winner"))


@pytest.mark.parametrize("width", [40, 60, 80, 200])
def test_the_terminal_keeps_within_its_width(width: int) -> None:
    def wide(text: str) -> str:
        return f"{text} 麻雀プロジェクト推論"

    told = render_terminal(record(text=wide), width=width, colour=False)
    assert max(cell_len(line) for line in told.split("\n")) <= min(width, 100)
    assert "\x1b" not in told
    assert "麻雀" in told


@pytest.mark.parametrize("rows", [18, 22, 60])
@pytest.mark.parametrize("status", ["recommend", "no_clear_winner", "insufficient_evidence"])
def test_a_screen_holds_the_verdict_how_sure_and_what_matters_most(status: str, rows: int) -> None:
    made = record(status)
    report = view_of(made)
    screen = render_terminal(made, width=80, colour=False, rows=rows, full=False).split("\n")
    assert len(screen) <= rows
    shown = " ".join(" ".join(screen).split())
    assert report.verdict.text in shown
    assert report.confidence.text in shown
    [speed] = [i for i, line in enumerate(screen) if line == report.section("measured").title]
    assert screen[speed + 1].strip()
    # Even where all of it has room, its sources have not.
    assert "--full" in screen[-1]
    if rows == 60:
        assert len(screen) > 22


def test_colour_changes_no_word() -> None:
    made = record()
    coloured = render_terminal(made, width=80, colour=True)
    assert "\x1b[" in coloured
    plain = re.sub(r"\x1b\[[0-9;]*m", "", coloured)
    assert [line.rstrip() for line in plain.split("\n")] == render_terminal(
        made, width=80, colour=False
    ).split("\n")


def test_a_statement_without_words_for_its_kind_is_not_capitalised_in_code() -> None:
    report = view_of(record("recommend", as_it_is))
    mode = next(i for i in statements(report) if i.lead == "Run it as")
    assert isinstance(mode, Statement)
    assert mode.text.startswith("torch.compile: ")
