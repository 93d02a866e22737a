"""The page of claims in Chromium: both themes, narrow and wide, printed, nothing serious by axe."""

from __future__ import annotations

import shutil

import pytest

from advisor.cli.claims import load_table
from advisor.decide.article import judge_claims
from advisor.render.claims_page import claims_html
from tests.decide.claim_evidence import evidence, speed

pytestmark = pytest.mark.browser
CHROMIUM = shutil.which("chromium") or shutil.which("google-chrome")


@pytest.fixture(scope="module")
def browser():
    if CHROMIUM is None:
        pytest.skip("no Chromium on PATH")
    from playwright.sync_api import sync_playwright

    with sync_playwright() as playwright:
        made = playwright.chromium.launch(
            executable_path=CHROMIUM, args=["--no-sandbox", "--disable-gpu"]
        )
        yield made
        made.close()


@pytest.fixture(scope="module")
def page_file(tmp_path_factory):
    table = load_table()
    found = [evidence(None, speed("matmul", 3.0), speed("mlp_train", 0.4))]
    path = tmp_path_factory.mktemp("page") / "claims.html"
    path.write_text(claims_html(judge_claims(table, found), table, found), "utf-8")
    return path


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("width", [390, 1180])
def test_the_page_fits_says_nothing_wrong_and_follows_the_theme(browser, page_file, scheme, width):
    viewport = {"width": width, "height": 900}
    page = browser.new_context(viewport=viewport, color_scheme=scheme).new_page()
    wrong = []
    page.on("console", lambda message: wrong.append(message.text))
    page.on("request", lambda r: None if r.url.startswith("file:") else wrong.append(r.url))
    page.goto(f"{page_file.as_uri()}#C-31")
    assert wrong == []
    assert page.evaluate("document.documentElement.scrollWidth") <= width
    paper = page.evaluate("getComputedStyle(document.body).backgroundColor")
    assert (sum(map(int, paper[4:-1].split(","))) > 384) == (scheme == "light")
    assert 0 <= page.locator("#C-31").bounding_box()["y"] < 900
    page.context.close()


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_axe_finds_nothing_serious(browser, page_file, scheme):
    from axe_playwright_python.sync_playwright import Axe

    # axe is injected by the test; the page itself allows no script.
    context = browser.new_context(color_scheme=scheme, bypass_csp=True)
    page = context.new_page()
    page.goto(page_file.as_uri())
    found = Axe().run(page).response["violations"]
    assert [f["id"] for f in found if f["impact"] in ("serious", "critical")] == []
    context.close()


def test_printed_it_is_black_on_white_in_the_dark_too(browser, page_file):
    context = browser.new_context(color_scheme="dark")
    page = context.new_page()
    page.goto(page_file.as_uri())
    page.emulate_media(media="print", color_scheme="dark")
    colours = page.evaluate("(s => [s.backgroundColor, s.color])(getComputedStyle(document.body))")
    assert colours == ["rgb(255, 255, 255)", "rgb(0, 0, 0)"]
    context.close()
