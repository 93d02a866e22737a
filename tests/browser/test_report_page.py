"""The report in Chromium as people open it: light, dark, narrow, printed, without scripts."""

from __future__ import annotations

import os
import re
import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from advisor.render.beside import Beside, Item, as_html
from advisor.render.html import render_html
from tests.render.records import record

pytestmark = pytest.mark.browser

CHROMIUM = next(
    (
        path
        for name in (
            os.environ.get("CHROMIUM", ""),
            "chromium",
            "chromium-browser",
            "google-chrome",
        )
        if name and (path := shutil.which(name))
    ),
    None,
)
NARROW, MIDDLE, WIDE = 420, 500, 1180


@pytest.fixture(scope="module")
def browser() -> Iterator[Any]:
    """A headless Chromium of the system."""
    if CHROMIUM is None:
        pytest.skip("no Chromium on PATH: install the package 'chromium', or name one in CHROMIUM")
    from playwright.sync_api import sync_playwright

    with sync_playwright() as playwright:
        made = playwright.chromium.launch(
            executable_path=CHROMIUM, args=["--no-sandbox", "--disable-gpu"]
        )
        yield made
        made.close()


@pytest.fixture(scope="module", params=["recommend", "no_clear_winner", "hostile", "unmeasured"])
def page_file(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A report as a file: two outcomes, one full of markup and long words, one without numbers."""
    made = {
        "recommend": lambda: record("recommend"),
        "no_clear_winner": lambda: record("no_clear_winner"),
        "hostile": lambda: record(
            "lean", lambda text: f"{text} <script>alert(1)</script>{'W' * 300}"
        ),
        "unmeasured": lambda: record("insufficient_evidence", measured=False),
    }[request.param]()
    path = tmp_path_factory.mktemp("page") / "report.html"
    path.write_text(render_html(made), encoding="utf-8")
    return path


def opened(browser: Any, path: Path, **context: Any) -> tuple[Any, list[str]]:
    """The page in a context of its own, and everything that went wrong or left the machine."""
    wrong: list[str] = []
    page = browser.new_context(**context).new_page()
    page.on("console", lambda message: wrong.append(f"console {message.type}: {message.text}"))
    page.on("pageerror", lambda error: wrong.append(f"error: {error}"))
    page.on("dialog", lambda dialog: wrong.append(f"dialog: {dialog.message}"))
    page.on("requestfailed", lambda request: wrong.append(f"failed: {request.url}"))
    page.on(
        "request",
        lambda r: (
            wrong.append(f"request: {r.url}") if not r.url.startswith(("file:", "data:")) else None
        ),
    )
    page.goto(path.as_uri())
    return page, wrong


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("width", [NARROW, MIDDLE, WIDE])
def test_the_page_is_quiet_and_fits(
    browser: Any, page_file: Path, tmp_path: Path, scheme: str, width: int
) -> None:
    viewport = {"width": width, "height": 900}
    page, wrong = opened(browser, page_file, viewport=viewport, color_scheme=scheme)
    assert wrong == []
    assert page.evaluate("document.documentElement.scrollWidth") <= width
    paper = page.evaluate("getComputedStyle(document.body).backgroundColor")
    assert (sum(map(int, paper[4:-1].split(","))) > 384) == (scheme == "light")
    assert page.screenshot(path=tmp_path / "page.png")
    for chart in page.query_selector_all(".chart svg"):
        box = chart.bounding_box()
        assert 250 < box["width"] <= width
        assert box["height"] > 40
    page.context.close()


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("opened_up", [False, True])
def test_axe_finds_nothing_serious(
    browser: Any, page_file: Path, scheme: str, opened_up: bool
) -> None:
    from axe_playwright_python.sync_playwright import Axe

    # axe is injected by the test; the page itself allows no script.
    page, _ = opened(browser, page_file, color_scheme=scheme, bypass_csp=True)
    if opened_up:
        page.evaluate("document.querySelectorAll('details').forEach(d => d.open = true)")
    violations = Axe().run(page).response["violations"]
    serious = [
        (v["id"], [node["html"][:200] for node in v["nodes"]][:3])
        for v in violations
        if v["impact"] in ("serious", "critical")
    ]
    assert serious == []
    page.context.close()


def test_every_internal_link_leads_to_something_visible(browser: Any, page_file: Path) -> None:
    page, wrong = opened(browser, page_file)
    links = page.eval_on_selector_all("a[href^='#']", "all => all.map(a => a.getAttribute('href'))")
    assert len(set(links)) > 10
    missing = [h for h in sorted(set(links)) if page.query_selector(f"[id='{h[1:]}']") is None]
    assert missing == []
    page.click("nav a[href='#method']")
    assert page.evaluate("document.querySelector('#method').getBoundingClientRect().top") < 900
    assert wrong == []
    page.context.close()


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_a_comparison_fits_and_axe_finds_nothing_serious(
    browser: Any, tmp_path: Path, scheme: str
) -> None:
    from axe_playwright_python.sync_playwright import Axe

    path = tmp_path / "beside.html"
    items = (Item(f"Task: image, then language{'W' * 200}", weighs=True), Item("the date"))
    path.write_text(as_html(Beside("Both decide alike.", items, ("a note",)), ["a.json", "b.json"]))
    page, wrong = opened(
        browser,
        path,
        viewport={"width": MIDDLE, "height": 900},
        color_scheme=scheme,
        bypass_csp=True,
    )
    assert page.evaluate("document.documentElement.scrollWidth") <= MIDDLE
    violations = Axe().run(page).response["violations"]
    assert [v["id"] for v in violations if v["impact"] in ("serious", "critical")] == []
    assert wrong == []
    page.context.close()


def test_charts_take_the_colours_of_the_scheme(browser: Any, page_file: Path) -> None:
    found = []
    for scheme in ("light", "dark"):
        page, _ = opened(browser, page_file, color_scheme=scheme)
        found.append(
            page.eval_on_selector_all(
                ".chart svg text",
                "all => [...new Set(all.map(t => getComputedStyle(t).fill))].sort()",
            )
        )
        page.context.close()
    assert found[0]
    assert set(found[0]).isdisjoint(found[1])


def pages_of(page: Any, place: Path) -> int:
    """On how many sheets of A4 *page* prints."""
    page.pdf(path=place, format="A4")
    return len(re.findall(rb"/Type\s*/Page\b", place.read_bytes()))


def test_the_first_page_prints_as_one_page_and_is_short(
    browser: Any, page_file: Path, tmp_path: Path
) -> None:
    page, _ = opened(browser, page_file, viewport={"width": WIDE, "height": 900})
    assert len(page.inner_text("main").split()) <= 1200
    if "W" * 40 not in page.inner_text("main"):
        assert pages_of(page, tmp_path / "page.pdf") == 1
    page.context.close()


def test_a_link_opens_what_it_leads_to(browser: Any, page_file: Path) -> None:
    page, _ = opened(browser, page_file)
    page.goto(f"{page_file.as_uri()}#criterion-team")
    top = page.locator("[id='criterion-team']").bounding_box()
    assert top is not None
    assert 0 <= top["y"] < 900
    opened_by_link = page.locator("details.part[open] > summary").all_inner_texts()
    assert opened_by_link == ["Decision drivers"]
    page.context.close()


def test_a_table_can_be_copied_as_markdown(browser: Any, page_file: Path) -> None:
    page, _ = opened(browser, page_file)
    page.goto(f"{page_file.as_uri()}#criteria")
    page.locator("#criteria").locator("xpath=../following-sibling::details").locator(
        "summary"
    ).first.click()
    text = page.locator("#criteria").locator("xpath=../following-sibling::details//pre").first
    lines = text.inner_text().splitlines()
    assert lines[0].startswith("| Criterion | Weight |")
    assert len(lines) == 2 + page.locator("#criteria tbody tr").count()
    page.context.close()


@pytest.fixture(scope="module")
def full_file(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A report with everything open."""
    path = tmp_path_factory.mktemp("page") / "full.html"
    path.write_text(render_html(record("recommend"), full=True), encoding="utf-8")
    return path


def test_it_reads_the_same_without_scripts(browser: Any, page_file: Path) -> None:
    page, _ = opened(browser, page_file)
    bare, _ = opened(browser, page_file, java_script_enabled=False)
    assert bare.inner_text("main") == page.inner_text("main")
    bare.context.close()
    page.context.close()


def test_a_full_report_prints_everything(browser: Any, full_file: Path, tmp_path: Path) -> None:
    page, _ = opened(browser, full_file)
    assert pages_of(page, tmp_path / "page.pdf") >= 3
    page.emulate_media(media="print")
    hidden = page.eval_on_selector_all(
        "details table", "all => all.filter(t => t.getBoundingClientRect().height < 5).length"
    )
    assert hidden == 0
    page.context.close()
