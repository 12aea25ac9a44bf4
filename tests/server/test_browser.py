"""The pages in a real Chromium: the main paths by clicks, no console errors, films that play."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from importlib.util import find_spec
from pathlib import Path
from typing import TYPE_CHECKING

import httpx2 as httpx
import pytest

from tests.real_data import ROOT
from tests.server.running import Running, running
from tests.video.clips import thirds, write_clip
from vireo.workspace import CONFIG, Workspace

if TYPE_CHECKING:
    from playwright.sync_api import Browser, Page, Request

CHROMIUM = shutil.which("chromium")
pytestmark = [
    pytest.mark.skipif(CHROMIUM is None, reason="Chromium is not installed"),
    pytest.mark.skipif(find_spec("playwright") is None, reason="Playwright is not installed"),
]


@pytest.fixture(scope="module")
def service(_built: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Running]:
    home = tmp_path_factory.mktemp("browser")
    workspace = Path(shutil.copytree(_built, home / "workspace"))
    (home / "media").mkdir()
    write_clip(home / "media" / "soup.mp4", thirds, frames=40, size=(256, 144), codec="libx264")
    text = (workspace / CONFIG).read_text(encoding="utf-8")
    text = text.replace("[server]", f'[server]\nmedia_roots = ["{home / "media"}"]')
    (workspace / CONFIG).write_text(text, encoding="utf-8")
    work = Workspace.open(workspace)
    work.save_report(work.evaluate("2026-03-01", systems=["popularity", "fused"]))
    work.close()
    with running(workspace) as one:
        with httpx.Client(base_url=one.url, timeout=60) as client:
            body = {
                "title": "Gnocchi with Sage Butter",
                "description": "Potato dough cooked in a pot, tossed in butter: fresh pasta.",
                "path": "soup.mp4",
                "published_at": 1_790_000_000_000,
            }
            assert client.put("/v1/videos/new-1", json=body).status_code == 202
            for _ in range(100):
                if client.get("/v1/videos/new-1/similar").status_code == 200:
                    break
        yield one


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    from playwright.sync_api import sync_playwright

    with sync_playwright() as play:
        made = play.chromium.launch(executable_path=CHROMIUM, args=["--no-sandbox"])
        yield made
        made.close()


@pytest.fixture
def page(browser: Browser, service: Running) -> Iterator[Page]:
    """A fresh browser window; whatever it complains of fails the test."""
    context = browser.new_context(base_url=service.url, viewport={"width": 1280, "height": 800})
    made = context.new_page()
    made.set_default_timeout(20_000)
    complaints: list[str] = []
    made.on(
        "console", lambda m: complaints.append(m.text) if m.type in ("error", "warning") else None
    )
    made.on("pageerror", lambda error: complaints.append(str(error)))

    # What is still loading when a test goes on to the next page is broken off.
    def lost(request: Request) -> bool:
        return "/static/" in request.url and request.failure != "net::ERR_ABORTED"

    made.on("requestfailed", lambda r: complaints.append(r.url) if lost(r) else None)
    yield made
    context.close()
    assert not complaints


def look_as(page: Page, user: str) -> None:
    page.goto("/")
    page.get_by_label("Look as").fill(user)
    page.get_by_role("button", name="Show").click()
    page.get_by_role("heading", name=f"Hello, {user}").wait_for()


def test_a_viewer_s_path_by_clicks(page: Page) -> None:
    look_as(page, "ana")
    page.get_by_role("heading", name="For you").wait_for()
    titles = page.locator("section >> nth=0").locator("h3 a")
    first = titles.first.inner_text()
    page.locator(".card").first.get_by_role("button", name="Less of this").click()
    page.wait_for_load_state()
    assert first not in titles.all_inner_texts()
    page.locator(".card").first.get_by_role("link", name="Why?").click()
    page.get_by_role("heading", name="Why?").wait_for()
    assert page.locator(".bars rect").count() > 2
    page.get_by_label("Search in words").fill("boats on the sea")
    page.keyboard.press("Enter")
    page.get_by_role("heading", name="“boats on the sea”").wait_for()
    assert page.locator(".grid .card").count() > 5


def test_a_new_viewer_says_a_taste_and_gets_it(page: Page) -> None:
    look_as(page, "nina")
    page.get_by_role("link", name="nina").click()
    page.get_by_label("A sentence that steers every list").fill("sailing boats on the sea")
    page.get_by_role("button", name="Keep it").click()
    page.get_by_text("Fits your words “sailing boats on the sea”").first.wait_for()


def test_a_film_plays_and_watching_it_counts(page: Page) -> None:
    look_as(page, "cook-02")
    page.get_by_role("link", name="Gnocchi with Sage Butter").first.click()
    film = page.locator("video")
    film.wait_for()
    film.evaluate("film => { film.muted = true; return film.play(); }")
    for _ in range(100):
        if film.evaluate("film => film.currentTime") > 1.5:
            break
        page.wait_for_timeout(100)
    natural = page.locator("video").evaluate("film => [film.videoWidth, film.duration]")
    assert natural[0] > 0
    page.goto("/")
    for _ in range(50):
        page.goto("/me")
        if "Gnocchi" in page.locator("main").inner_text():
            return
    raise AssertionError("the film that was watched is not known")


def test_the_keyboard_reaches_everything(page: Page) -> None:
    look_as(page, "ana")
    page.keyboard.press("Tab")
    assert page.evaluate("document.activeElement.textContent") == "To the content"
    page.keyboard.press("Enter")
    seen = set()
    for _ in range(60):
        page.keyboard.press("Tab")
        seen.add(page.evaluate("document.activeElement.textContent.trim().split(':')[0]"))
    assert {"Like", "Less of this"} <= seen
    outlined = "getComputedStyle(document.activeElement).outlineStyle !== 'none'"
    assert page.evaluate(outlined), "where the focus is can be seen"


CONTRAST = """() => {
  const light = (c) => { const [r, g, b] = c.match(/[\\d.]+/g).map(Number).map((v) => {
      v /= 255; return v <= 0.03928 ? v / 12.92 : ((v + 0.055) / 1.055) ** 2.4; });
    return 0.2126 * r + 0.7152 * g + 0.0722 * b; };
  const ground = (e) => { for (; e; e = e.parentElement) {
      const c = getComputedStyle(e).backgroundColor;
      if (!/, 0\\)$|transparent/.test(c)) return c; } return 'rgb(255, 255, 255)'; };
  const low = [];
  for (const e of document.querySelectorAll('main *, header *')) {
    const own = [...e.childNodes].some((n) => n.nodeType === 3 && n.textContent.trim());
    if (!own || e.closest('.hidden, svg, option, video')) continue;
    const a = light(getComputedStyle(e).color), b = light(ground(e));
    const ratio = (Math.max(a, b) + 0.05) / (Math.min(a, b) + 0.05);
    if (ratio < 4.5) low.push(`${ratio.toFixed(2)} ${e.tagName} ${e.textContent.trim()}`);
  }
  return low;
}"""
STRUCTURE = """() => {
  const bad = [], seen = new Set(), levels = [];
  if (!document.documentElement.lang) bad.push('the page says no language');
  if (!document.title.trim()) bad.push('the page has no title');
  for (const mark of ['main', 'header', 'footer'])
    if (document.querySelectorAll(mark).length !== 1) bad.push(`not one ${mark}`);
  for (const e of document.querySelectorAll('[id]')) {
    if (seen.has(e.id)) bad.push(`id ${e.id} twice`); seen.add(e.id); }
  for (const e of document.querySelectorAll('[aria-labelledby], [for], [list]'))
    for (const name of ['aria-labelledby', 'for', 'list'])
      for (const id of (e.getAttribute(name) || '').split(' ').filter(Boolean))
        if (!document.getElementById(id)) bad.push(`${name} ${id} leads nowhere`);
  for (const h of document.querySelectorAll('h1, h2, h3, h4')) levels.push(Number(h.tagName[1]));
  levels.forEach((level, n) => {
    if (n && level > levels[n - 1] + 1) bad.push(`h${level} after h${levels[n - 1]}`); });
  for (const t of document.querySelectorAll('table'))
    if (t.rows.length && !t.querySelector('th[scope]')) bad.push('a table without headers');
  for (const u of document.querySelectorAll('ul, ol'))
    for (const c of u.children) if (c.tagName !== 'LI') bad.push(`${c.tagName} in a list`);
  for (const n of document.querySelectorAll('nav'))
    if (!n.getAttribute('aria-label')) bad.push('a nav without a name');
  for (const e of document.querySelectorAll('[tabindex]'))
    if (Number(e.getAttribute('tabindex')) > 0) bad.push('a tab order of its own');
  for (const e of document.querySelectorAll('[aria-hidden=true]'))
    if (e.matches('a, button, input') && e.tabIndex >= 0)
      bad.push('hidden, but reached by keyboard');
  for (const e of document.querySelectorAll('main button, main input, main textarea, nav a')) {
    const box = e.getBoundingClientRect();
    if (e.type !== 'hidden' && box.width && (box.height < 24 || box.width < 24))
      bad.push(`too small to touch: ${e.outerHTML.slice(0, 60)}`); }
  return bad;
}"""


def test_the_owner_sees_the_plots_of_an_evaluation(page: Page) -> None:
    page.goto("/owner/reports")
    plots = page.frame_locator("iframe.report").locator("figure svg")
    plots.first.wait_for()
    assert plots.count() >= 2
    points = plots.first.locator("title").all_text_contents()
    assert {text.partition(":")[0] for text in points} == {"popularity", "fused"}
    spots = [use.bounding_box() for use in plots.first.locator("g:has(> title) use").all()]
    assert len(spots) == 2, "a point per system"
    assert all(spot and spot["width"] > 3 for spot in spots), "that the page's policy lets through"
    page.get_by_role("link", name="with plots").click()
    page.get_by_role("heading", name="Evaluation: time").wait_for()


AXE = ROOT / "node_modules" / "axe-core" / "axe.min.js"
NAMELESS = """() => [
    ...document.querySelectorAll('a, button, input:not([type=hidden]), textarea, img, video')]
  .filter((e) => !e.closest('[aria-hidden=true]'))
  .filter((e) => e.tagName === 'IMG' ? !e.hasAttribute('alt')
    : !(e.textContent.trim() || e.getAttribute('aria-label') || (e.labels && e.labels.length)))
  .map((e) => e.outerHTML.slice(0, 80))"""
PAGES = (
    "/",
    "/watch/v-1042",
    "/search?q=soup",
    "/me",
    "/owner",
    "/owner/videos",
    "/owner/try?user=ana",
    "/owner/exposure",
    "/owner/variants",
    "/owner/requests",
    "/owner/audit",
    "/owner/reports",
    "/owner/rejects",
)


def test_the_structure_holds_for_readers_and_keyboards(page: Page) -> None:
    look_as(page, "ana")
    found = {}
    for path in PAGES:
        page.goto(path)
        found[path] = page.evaluate(STRUCTURE)
    assert not {path: bad for path, bad in found.items() if bad}


@pytest.mark.skipif(not AXE.exists(), reason="axe-core is not installed: npm install axe-core")
def test_axe_finds_nothing(page: Page) -> None:
    look_as(page, "ana")
    told = "axe.run().then((r) => r.violations.map((v) => [v.id, v.nodes[0].html]))"
    found = {}
    for path in PAGES:
        page.goto(path)
        page.evaluate(AXE.read_text(encoding="utf-8"))
        found[path] = page.evaluate(told)
    assert not {path: bad for path, bad in found.items() if bad}


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_text_can_be_read_and_everything_has_a_name(page: Page, scheme: str) -> None:
    page.emulate_media(color_scheme="dark" if scheme == "dark" else "light")
    look_as(page, "ana")
    for path in PAGES:
        page.goto(path)
        assert page.evaluate(CONTRAST) == [], path
        assert page.evaluate(NAMELESS) == [], path
        assert page.locator("h1").count() == 1, path


def test_a_phone_shows_everything_without_scrolling_sideways(
    browser: Browser, service: Running
) -> None:
    context = browser.new_context(
        base_url=service.url, viewport={"width": 360, "height": 740}, is_mobile=True, has_touch=True
    )
    page = context.new_page()
    look_as(page, "ana")
    for path in PAGES:
        page.goto(path)
        wide = "document.documentElement.scrollWidth > document.documentElement.clientWidth"
        assert not page.evaluate(wide), path
    context.close()


def test_nothing_comes_from_another_host(page: Page, service: Running) -> None:
    asked: list[str] = []
    page.on("request", lambda request: asked.append(request.url))
    look_as(page, "ana")
    page.goto("/watch/v-1042")
    assert asked
    assert all(url.startswith((service.url, "data:")) for url in asked)
