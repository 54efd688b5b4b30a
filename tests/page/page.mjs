// What a browser makes of the page: node page.mjs FOLDER, which holds run.html, large.html and hostile.html.
import assert from "node:assert/strict";
import { readFileSync, statSync } from "node:fs";
import { createRequire } from "node:module";
import { after, before, test } from "node:test";
import { chromium } from "playwright-core";

const folder = process.argv[2];
const axe = readFileSync(createRequire(import.meta.url).resolve("axe-core/axe.min.js"), "utf8");
let browser;

before(async () => {
  browser = await chromium.launch({
    executablePath: process.env.CHROMIUM ?? "/usr/bin/chromium",
    args: ["--no-sandbox", "--disable-gpu", "--disable-background-networking"],
  });
});
after(() => browser.close());

// A page, and everything that should not happen while it is open; how long the processor was busy with it.
async function open(name, hash = "", options = {}) {
  const page = await browser.newPage({ viewport: { width: 1280, height: 900 }, ...options });
  const session = await page.context().newCDPSession(page);
  await session.send("Performance.enable", { timeDomain: "threadTicks" });
  const busy = async () => {
    const { metrics } = await session.send("Performance.getMetrics");
    return 1000 * metrics.find(({ name }) => name === "TaskDuration").value;
  };
  const wrong = [];
  page.on("request", (request) => {
    const url = request.url();
    if (!url.startsWith("data:") && !url.startsWith(`file://${folder}/${name}.html`)) wrong.push(`request ${url}`);
  });
  page.on("console", (message) => wrong.push(`console ${message.type()}: ${message.text()}`));
  page.on("pageerror", (error) => wrong.push(`error ${error.message}`));
  await page.goto(`file://${folder}/${name}.html${hash}`);
  return { page, wrong, busy };
}

async function close({ page, wrong }) {
  assert.deepEqual(wrong, []);
  await page.close();
}

const count = (page, selector) => page.locator(`${selector}:visible`).count();
const rows = "tr.item";
const scenarios = "details.scenario";

test("verdict and score come first, and nothing is fetched", async () => {
  const opened = await open("run");
  const { page } = opened;
  assert.match(await page.locator(".verdict strong").innerText(), /Not conforming/);
  const [verdict, score, matrix] = await Promise.all(
    [".verdict", "table.score", "#statements"].map(async (it) => (await page.locator(it).boundingBox()).y),
  );
  assert.ok(verdict < score && score < matrix);
  assert.ok(score < 900, "the score is on the first screen");
  await page.screenshot({ path: `${folder}/run.png` });
  await close(opened);
});

test("search and filters narrow what is shown, and live in the address", async () => {
  const opened = await open("run");
  const { page } = opened;
  const [allRows, allScenarios] = [await count(page, rows), await count(page, scenarios)];
  assert.ok(allRows > 600 && allScenarios > 300);
  await page.locator("#search").fill("retained");
  assert.ok((await count(page, rows)) < allRows && (await count(page, rows)) > 3);
  await page.locator("#show").selectOption("broken");
  await page.locator("#version").selectOption("5.0");
  const broken = await count(page, rows);
  assert.equal(new URL(page.url()).hash, "#?q=retained&show=broken&version=5.0");
  const again = await open("run", new URL(page.url()).hash);
  assert.equal(await count(again.page, rows), broken);
  assert.equal(await again.page.locator("#search").inputValue(), "retained");
  await close(again);
  await page.locator("#reset").click();
  assert.equal(await count(page, rows), allRows);
  assert.equal(new URL(page.url()).hash, "");
  await close(opened);
});

test("every place can be linked to", async () => {
  const statement = await open("run", "#v5.0:3.3.1-5");
  const row = statement.page.locator('[id="v5.0:3.3.1-5"]');
  assert.ok(await row.locator("details").evaluate((details) => details.open));
  assert.ok(await row.evaluate((it) => it.getBoundingClientRect().top >= 0 && it.getBoundingClientRect().bottom < 900));
  await close(statement);

  const opened = await open("run");
  const { page } = opened;
  const passed = await page.locator("details.run[data-s=kept]").first().getAttribute("id");
  await page.goto(`file://${folder}/run.html#${passed}?show=broken`);
  const run = page.locator(`[id="${passed}"]`);
  await run.locator("svg.ladder").waitFor();
  assert.ok(await run.isVisible(), "a place that is linked to is shown whatever is filtered");
  assert.ok((await run.locator("svg.ladder .to").count()) > 0);
  await close(opened);
});

test("failures are readable without scripts", async () => {
  const opened = await open("run", "", { javaScriptEnabled: false });
  const { page } = opened;
  assert.ok(!(await page.locator("#toolbar").isVisible()));
  const failure = page.locator("article.run").first();
  assert.ok(await failure.isVisible());
  assert.ok(await failure.locator("svg.ladder .to").first().isVisible());
  assert.match(await failure.textContent(), /Expected[\s\S]+Observed[\s\S]+mqttspec run/);
  await page.close();
});

test("the keyboard is enough", async () => {
  const opened = await open("run");
  const { page } = opened;
  await page.keyboard.press("/");
  assert.equal(await page.evaluate(() => document.activeElement.id), "search");
  await page.keyboard.type("v5.0");
  await page.keyboard.press("Escape");
  await page.keyboard.press("j");
  const first = await page.evaluate(() => document.activeElement.closest(".run").id);
  await page.keyboard.press("j");
  const second = await page.evaluate(() => document.activeElement.closest(".run").id);
  assert.notEqual(first, second);
  await page.keyboard.press("k");
  assert.equal(await page.evaluate(() => document.activeElement.closest(".run").id), first);
  const scenario = page.locator("details.scenario:not([open]):visible").first();
  const summary = scenario.locator("summary").first();
  await summary.focus();
  await page.keyboard.press("Enter");
  assert.ok(await scenario.evaluate((it) => it.open) || (await page.locator("details.scenario[open]").count()) > 0);
  await close(opened);
});

for (const colorScheme of ["light", "dark"]) {
  for (const name of ["run", "matrix"]) {
    test(`${name} in ${colorScheme} breaks no rule of WCAG A and AA`, async () => {
      const opened = await open(name, "", { colorScheme });
      const { page } = opened;
      const background = await page.evaluate(() => getComputedStyle(document.body).backgroundColor);
      const [red] = background.match(/\d+/g).map(Number);
      assert.ok(colorScheme === "dark" ? red < 60 : red > 200, background);
      await page.locator("details.run").first().evaluate((run) => {
        for (let at = run; at; at = at.parentElement) if (at.localName === "details") at.open = true;
      });
      // A part of the page is as good as all of it, and takes seconds less.
      await page.evaluate(() => {
        for (const kind of ["tr.item", "details.scenario"]) {
          [...document.querySelectorAll(kind)].slice(40).forEach((item) => item.open || item.remove());
        }
        [...document.querySelectorAll("article.run")].slice(4).forEach((run) => run.remove());
        document.querySelectorAll("section.chapter").forEach((it) => it.querySelector(".scenario, .item") || it.remove());
      });
      // What is not drawn has no size.
      await page.evaluate(() => document.querySelectorAll(".scenario, .chapter").forEach((it) => (it.style.contentVisibility = "visible")));
      await page.evaluate(axe);
      const tags = ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa"];
      const { violations } = await page.evaluate((tags) => window.axe.run({ runOnly: tags }), tags);
      assert.deepEqual(
        violations.map(({ id, nodes }) => [id, nodes.slice(0, 3).map((node) => `${node.html.slice(0, 160)} ${node.failureSummary}`)]),
        [],
      );
      await page.screenshot({ path: `${folder}/${name}-${colorScheme}.png` });
      await page.close();
    });
  }
}

test("on paper there are no controls, and failures are there", async () => {
  const opened = await open("run");
  const { page } = opened;
  await page.emulateMedia({ media: "print" });
  assert.ok(!(await page.locator("#toolbar").isVisible()));
  assert.ok(await page.locator("article.run svg.ladder").first().isVisible());
  const { width } = await page.locator("article.run svg.ladder").first().boundingBox();
  assert.ok(width <= 1280, `${width}`);
  await close(opened);
});

test("1,500 scenarios of six brokers are small and fast", async () => {
  assert.ok(statSync(`${folder}/large.html`).size < 10_000_000, `${statSync(`${folder}/large.html`).size} bytes`);
  const opened = await open("large");
  const { page, busy } = opened;
  const loaded = await busy();
  assert.ok(loaded > 0 && loaded < 2000, `loaded in ${loaded} ms`);
  assert.ok((await page.locator(scenarios).count()) >= 1500);
  const filtered = [];
  for (const words of ["r", "retained", "retained zero", ""]) {
    const before = await busy();
    await page.evaluate((words) => {
      const search = document.getElementById("search");
      search.value = words;
      search.dispatchEvent(new Event("input"));
      document.body.offsetHeight;
    }, words);
    filtered.push((await busy()) - before);
  }
  assert.ok(Math.max(...filtered) < 100, `filtered in ${filtered} ms`);
  console.log(`large: ${statSync(`${folder}/large.html`).size} bytes, loaded in ${loaded} ms, filtered in ${filtered} ms`);
  await close(opened);
});

test("a hostile broker is shown, and does nothing", async () => {
  const opened = await open("hostile");
  const { page } = opened;
  assert.equal(await page.evaluate(() => window.hacked), undefined);
  await page.locator("details.run, article.run").evaluateAll((runs) => runs.forEach((run) => (run.open = true)));
  assert.equal(await page.evaluate(() => window.hacked), undefined);
  assert.equal(await page.locator("img").count(), 0);
  assert.match(await page.locator("article.run .observed").first().textContent(), /<script>window\.hacked=1<\/script>/);
  await close(opened);
});
