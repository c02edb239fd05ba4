/* Reads a study in a real browser as a person would: node review.mjs PAGE FOLDER. Writes FOLDER/review.json, the
 * file that the page saved, and FOLDER/done.json: where what was drawn, by the place that the page shows. */
import { createRequire } from "node:module";
import { readFileSync, writeFileSync } from "node:fs";
const [page_file, folder, timed_file] = process.argv.slice(2);
const require = createRequire(process.env.HEPAR_BROWSER + "/node_modules/");
const { chromium } = require("playwright-core");
const HOSTILE = "</script><img src=x onerror=\"document.title='owned'\">\t=1+1\n<b>bold</b>";
const done = {};
function same(got, want, what) {
  if (JSON.stringify(got) !== JSON.stringify(want)) { console.log(`FAILED: ${what}: ${JSON.stringify(got)} is not ${JSON.stringify(want)}`); process.exitCode = 1; }
}
const browser = await chromium.launch({ executablePath: process.env.CHROMIUM || "/usr/bin/chromium", args: ["--no-sandbox", "--use-angle=swiftshader", "--enable-unsafe-swiftshader"] });
const context = await browser.newContext({ viewport: { width: 1280, height: 800 }, acceptDownloads: true });
const page = await context.newPage();
page.setDefaultTimeout(120000);
page.on("pageerror", (e) => same(e.message, null, "an error of the page"));
page.on("console", (m) => { if (m.type() === "error") same(m.text(), null, "a message of the browser"); });
page.on("request", (r) => { if (!/^(file|data|blob):/.test(r.url())) same(r.url(), null, "a request to a network"); });
page.on("dialog", (d) => d.accept());

const ready = () => page.waitForSelector("body[data-ready='1'] canvas[data-ready]");
const axial = page.locator("canvas").first();
const slice = async () => Number(/slice (\d+) of/.exec(await axial.getAttribute("aria-label"))[1]);
const place = async () => (await page.locator("#place").textContent()).split(" mm")[0].split(", ").map(Number);
const frame = () => page.evaluate(() => new Promise((r) => requestAnimationFrame(() => requestAnimationFrame(r))));
const press = async (...keys) => { for (const k of keys) await page.keyboard.press(k); await frame(); };
const fieldset = (legend) => page.locator("fieldset", { has: page.locator("legend", { hasText: new RegExp("^" + legend + "$", "i") }) });
async function axe(what) {
  await page.evaluate(readFileSync(require.resolve("axe-core/axe.min.js"), "utf8"));
  const found = await page.evaluate(() => axe.run().then((r) => r.violations.map((v) => v.id + ": " + v.nodes.map((n) => n.target).join(" "))));
  same(found, [], "axe, " + what);
}

await page.goto("file://" + page_file);
await ready();
done.first_picture = await axial.getAttribute("data-ready");
done.lesions = await page.locator("#list button").count();

/* Scroll, window, zoom. */
const before = await slice();
await axial.hover();
await page.mouse.wheel(0, -100);
await frame();
same(Math.abs((await slice()) - before), 1, "slices that one step of the wheel moves");
const window_before = await page.locator("#window").textContent(), box = await axial.boundingBox();
await page.mouse.move(box.x + 100, box.y + 100);
await page.mouse.down({ button: "right" });
await page.mouse.move(box.x + 160, box.y + 130, { steps: 4 });
await page.mouse.up({ button: "right" });
await frame();
same((await page.locator("#window").textContent()) === window_before, false, "the window is as before");

/* The view in three dimensions. */
await page.getByRole("button", { name: "Show in 3-D" }).click();
await page.waitForSelector(".solid canvas[data-ready='1']", { timeout: 120000 });

/* Lesion 2: blind, class, one flag present, one that cannot be said, confidence, a hostile comment. */
await axial.focus();
await press("n");
same(await page.locator("#lesion h3").first().textContent(), "Lesion 2", "the next lesion");
same(await page.locator("#lesion summary").count(), 0, "answers of Hepar that are seen blind");
same(await page.getByText("Hepar's class comes after yours.").count(), 1, "the class is hidden");
await page.getByLabel("Class").selectOption("metastasis");
same(await page.getByText("Hepar's class comes after yours.").count(), 0, "the class after the answer");
await fieldset("ring enhancement").getByLabel("present").check();
await fieldset("washout").getByLabel("cannot say").check();
await fieldset("This finding").getByLabel("accept").check();
await fieldset("Confidence").getByLabel("4 sure").check();
same(await page.locator("#lesion summary").allTextContents().then((t) => t.every((x) => x.startsWith("Hepar: "))), true, "answers after the reader's");
same(await page.locator("#lesion summary").count(), 2, "answers of Hepar after two of the reader");
await page.getByLabel("Comment on lesion 2").fill(HOSTILE);

/* Pen and eraser at the crosshair, by keys: a disc beside the centre, another taken away at it; a stroke that is undone. */
await page.getByLabel("Radius of pen and eraser, mm").fill("5");
await axial.focus();
done.centre = await place();
await press("e", "Enter");
await press(...Array(8).fill("ArrowRight"), "d", "Enter");
done.pen = await place();
await page.mouse.move(box.x + 150, box.y + 150);
await page.mouse.down();
await page.mouse.move(box.x + 190, box.y + 160, { steps: 5 });
await page.mouse.up();
await axial.focus();
await press("z");

/* Lesion 1 is rejected, lesion 3 left alone; a distance; a new lesion by a click. */
await press("p", "x", "n", "n", "l");
const corner = await place();
await press("m", "Enter", ...Array(10).fill("ArrowDown"), "Enter");
done.distance = [corner, await place()];
await page.getByLabel("Diameter of a new lesion, mm").fill("12");
await page.getByLabel("Diameter of a new lesion, mm").blur();
await axial.focus();
await press("a");
await page.mouse.click(box.x + box.width * 0.3, box.y + box.height * 0.45);
await frame();
done.ball = await place();
same(await page.locator("#list button").count(), done.lesions + 1, "lesions after one is added");
await page.getByLabel("Class").selectOption("cyst");
await fieldset("Outline of the liver").getByLabel("right").check();
await page.getByRole("button", { name: "4 series" }).click();
await frame();
await page.waitForTimeout(500);
await axe("1280 x 800");

/* Help, by its key. */
await page.locator("canvas").first().focus();
await press("?");
same(await page.getByRole("heading", { name: "Keys" }).isVisible(), true, "the list of keys");
await axe("keys");
await page.keyboard.press("Escape");

/* Save; the same page again holds everything; begun anew it takes the file. */
async function save(path) {
  const [download] = await Promise.all([page.waitForEvent("download"), page.locator("#save").click()]);
  same(download.suggestedFilename(), "sub-01_desc-R1_review.json", "name of the file");
  await download.saveAs(path);
  return JSON.parse(readFileSync(path, "utf8"));
}
const saved = await save(folder + "/review.json");
await page.waitForTimeout(800); /* kept 0.4 s after the last answer */
await page.reload();
await ready();
same(await page.locator("#list button").count(), done.lesions + 1, "lesions after the page was read again");
same(await save(folder + "/again.json"), saved, "the file after the page was read again");
await Promise.all([page.waitForNavigation(), page.getByRole("button", { name: "Begin anew" }).click()]);
await ready();
same(await page.locator("#list button").count(), done.lesions, "lesions of a page begun anew");
await page.locator("input[type=file]").setInputFiles(folder + "/review.json");
await page.getByText("Loaded: review.json").waitFor();
same(await save(folder + "/again.json"), saved, "the file after it was loaded");
const drop = (name, content) => page.evaluate(([file, text]) => {
  const data = new DataTransfer();
  data.items.add(new File([text], file));
  document.dispatchEvent(new DragEvent("drop", { dataTransfer: data, cancelable: true }));
}, [name, JSON.stringify(content)]);
same(saved.lesions.map((l) => l.seconds).filter((s) => s !== null), [], "times that nobody asked for");
await drop("dropped.json", { ...saved, comment: "dropped" });
await page.getByText("Loaded: dropped.json").waitFor();
same(await save(folder + "/again.json"), { ...saved, comment: "dropped" }, "the file after it was dropped");
await drop("review.json", saved);
await page.getByText("Loaded: review.json").waitFor();
same(await save(folder + "/again.json"), saved, "the first file dropped again");
await drop("other.json", { ...saved, study: "sub-02" });
await page.getByText("Not loaded: the file is of sub-02, this page of sub-01").waitFor();
same(await page.title(), "sub-01, reading room", "the title after a hostile comment");
same(await page.locator("img").count(), 0, "pictures that a comment brought in");

/* A tablet. */
await page.setViewportSize({ width: 820, height: 1180 });
await page.getByRole("button", { name: "3 planes", exact: true }).click();
await page.locator("#list button").nth(1).click();
await frame();
await page.waitForTimeout(300);
await axe("820 x 1180");
same(await page.evaluate(() => document.documentElement.scrollWidth <= window.innerWidth), true, "the page fits a tablet's width");
await page.evaluate(() => window.scrollTo(0, 0));
writeFileSync(folder + "/done.json", JSON.stringify(done));

/* Where it was asked for, the time that each lesion was looked at; the last one was not. */
const began = Date.now();
await page.goto("file://" + timed_file);
await ready();
await page.waitForTimeout(1200);
await page.locator("#list button").nth(1).click();
await page.waitForTimeout(1200);
const [download] = await Promise.all([page.waitForEvent("download"), page.locator("#save").click()]);
await download.saveAs(folder + "/timed.json");
const timed = JSON.parse(readFileSync(folder + "/timed.json", "utf8")), seconds = timed.lesions.map((l) => l.seconds);
same([timed.timed, seconds.length >= 3], [true, true], "a page that counts time");
same([seconds[0] > 0.4, seconds[1] > 0.4, seconds.at(-1)], [true, true, 0], "seconds of lesions: " + seconds);
same(seconds[0] + seconds[1] <= (Date.now() - began) / 1000, true, "seconds beside the clock: " + seconds);
await browser.close();
