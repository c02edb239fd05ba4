/* The tools, the keys, saving and loading; then the first picture. */
function button(text, title, attributes, press) {
  return el("button", { type: "button", title, ...attributes, onclick: press }, text);
}
function numberInput(text, label, member, lo, hi) {
  const input = el("input", { type: "number", min: lo, max: hi, step: 0.5, "aria-label": label, title: label, onchange: () => { draw[member] = Math.min(Math.max(Number(input.value) || lo, lo), hi); input.value = draw[member]; } });
  input.value = draw[member];
  return el("label", { class: "quiet" }, text + " ", input, " mm");
}
function makeTools() {
  const box = $("tools");
  for (const [key, l] of Object.entries(LAYOUTS)) box.append(button(l.words, "Layout", { "data-layout": key }, () => setLayout(key)));
  const preset = el("select", { "aria-label": "Window", onchange: () => { presetWindow(activeName(), preset.value); } });
  for (const [v, t] of [["default", "window: as reported"], ["liver", "window: liver"], ["full", "window: everything"]]) preset.append(el("option", { value: v }, t));
  box.append(preset, el("span", { id: "window", class: "quiet" }));
  for (const [tool, text, key] of TOOLS) if (study.form || tool === "look" || tool === "distance") box.append(button(text, "Key " + key, { "data-tool": tool }, () => setTool(tool)));
  if (study.form) {
    box.append(numberInput("pen", "Radius of pen and eraser, mm", "radius_mm", 0.5, 40), numberInput("new", "Diameter of a new lesion, mm", "diameter_mm", 2, 200));
    const input = el("input", { type: "file", accept: ".json", hidden: true, "aria-label": "A saved review", onchange: () => input.files[0] && load(input.files[0]) });
    box.append(button("Draw a new lesion", "An outline by pen instead of a ball", {}, () => newLesion(null)), button("Undo", "Key z", {}, undo), button("Save", "As a file, for hepar review --apply", { id: "save" }, save), button("Load", "A saved file; or drop it on the page", {}, () => input.click()), input, button("Begin anew", "Forget all answers", {}, beginAnew));
  }
  box.append(button("?", "Keys", { "aria-label": "Help: keys" }, help), el("span", { id: "place", class: "quiet" }));
}

/* ---- saving and loading ---- */
async function save() {
  if (!/^[A-Za-z0-9]{1,32}$/.test(answers.reader)) { say("A reader is a code of 1 to 32 letters and digits: please fill it in.", true); $("reader").focus(); return; }
  for (const a of answers.lesions.values())
    if (a.decision !== "reject" && !measureLesion(a.id).n) { say("Lesion " + a.id + " has no outline: draw it, reject it or remove it.", true); return; }
  const text = JSON.stringify(await fileOfAnswers(), null, 1), url = URL.createObjectURL(new Blob([text], { type: "application/json" }));
  const link = el("a", { href: url, download: study.study + "_desc-" + answers.reader + "_review.json" });
  link.click();
  setTimeout(() => URL.revokeObjectURL(url), 10000);
  const open = [...answers.lesions.values()].filter((a) => !a.decision).length;
  say("Saved" + (open ? ": " + open + " of " + answers.lesions.size + " lesions are neither accepted nor rejected." : "."));
}
async function load(file) {
  try {
    await takeAnswers(await file.text());
    draw.undo = [];
    say("Loaded: " + file.name);
    keep();
  } catch (e) { say("Not loaded: " + e.message, true); }
  select(answers.lesions.keys().next().value ?? null, true);
}
function beginAnew() {
  if (!confirm("Forget all answers and drawings of this study in this browser?")) return;
  try { localStorage.removeItem(KEPT); } catch { /* nothing is kept */ }
  location.reload();
}
function listenToDrops() {
  document.addEventListener("dragover", (e) => { e.preventDefault(); document.body.classList.add("drop"); });
  document.addEventListener("dragleave", () => document.body.classList.remove("drop"));
  document.addEventListener("drop", (e) => {
    e.preventDefault();
    document.body.classList.remove("drop");
    if (study.form && e.dataTransfer.files[0]) load(e.dataTransfer.files[0]);
  });
}

/* ---- keys ---- */
function move(e) {
  const pane = activePane(), v = view.cross.slice(), [x, n] = { ArrowLeft: [pane.across, -1], ArrowRight: [pane.across, 1], ArrowUp: [pane.down, -1], ArrowDown: [pane.down, 1] }[e.key];
  v[x.axis] += n * (x.sign > 0 ? -1 : 1) * (e.shiftKey ? 10 : 1);
  goTo(v);
}
function cycleSeries() {
  const slot = activePane().slot;
  view.slots[slot] = names[(names.indexOf(view.slots[slot]) + 1) % names.length];
  windowControls();
  drawAll();
}
const KEYS = [
  ["n, p", "next, previous lesion", { n: () => nextLesion(1), p: () => nextLesion(-1) }],
  ["arrows", "move the crosshair in the focused view; with Shift by ten voxels", { ArrowLeft: move, ArrowRight: move, ArrowUp: move, ArrowDown: move }],
  ["Page up, Page down", "next, previous slice (also the wheel)", { PageUp: () => step(activePane(), 1), PageDown: () => step(activePane(), -1) }],
  ["s", "next series in the focused view", { s: cycleSeries }],
  ["1 2 3 4 6", "layouts: one, two series, three planes, four series, two by three planes", { 1: () => setLayout("one"), 2: () => setLayout("two"), 3: () => setLayout("planes"), 4: () => setLayout("four"), 6: () => setLayout("six") }],
  ["[ ]", "narrower, wider window (also drag with the right button or Shift)", { "[": () => stretchWindow(activeName(), 0.9, 0), "]": () => stretchWindow(activeName(), 1 / 0.9, 0) }],
  [", .", "brighter, darker", { ",": () => stretchWindow(activeName(), 1, -0.1), ".": () => stretchWindow(activeName(), 1, 0.1) }],
  ["+ - 0", "zoom in, out, whole (also Ctrl and wheel; drag with Alt moves)", { "+": () => zoomBy(1.25), "=": () => zoomBy(1.25), "-": () => zoomBy(0.8), 0: () => zoomBy(0.001) }],
  ["o", "outlines on and off", { o: () => { view.outlines = !view.outlines; drawAll(); } }],
  ["l m", "look; distance", { l: () => setTool("look"), m: () => setTool("distance") }],
  ["Enter", "use the tool at the crosshair", { Enter: () => { const p = activePane(); if (view.tool !== "look" && document.activeElement === p.canvas) { useTool(p, view.tool, view.cross.slice(), true); endStroke(); } } }],
  ["?", "these keys", { "?": () => help() }],
];
if (study.form) KEYS.push(["d e f", "pen, eraser, fill", { d: () => setTool("pen"), e: () => setTool("eraser"), f: () => setTool("fill") }], ["a", "new lesion, a ball at the next click", { a: () => setTool("add") }], ["z", "undo the last stroke", { z: undo }], ["y x", "accept, reject the chosen lesion", { y: () => decide("accept"), x: () => decide("reject") }]);
function decide(what) {
  const a = answers.lesions.get(view.lesion);
  if (a) answer(a, () => (a.decision = what));
}
function listenToKeys() {
  const actions = Object.assign({}, ...KEYS.map((k) => k[2]));
  document.addEventListener("keydown", (e) => {
    const t = e.target, isPane = t.tagName === "CANVAS";
    if (e.key === "z" && e.ctrlKey && study.form && t.tagName !== "TEXTAREA" && t.tagName !== "INPUT") { e.preventDefault(); undo(); return; }
    if (e.ctrlKey || e.metaKey || e.altKey || $("help").open || ["TEXTAREA", "SELECT"].includes(t.tagName) || (t.tagName === "INPUT" && !["radio", "checkbox"].includes(t.type))) return;
    if (!isPane && (/^(Arrow|Page)/.test(e.key) || e.key === "Enter") && t !== document.body) return;
    if (actions[e.key]) { e.preventDefault(); actions[e.key](e); }
  });
}
function help() {
  $("keys").replaceChildren(...KEYS.map(([key, does]) => el("tr", {}, el("th", { scope: "row" }, el("kbd", {}, key)), el("td", {}, does))));
  $("niivue").textContent = $("notice").content.textContent;
  $("help").showModal();
}

/* ---- time, only when it was asked for, while the page is seen ---- */
function countTime() {
  let last = performance.now();
  setInterval(() => {
    const now = performance.now(), a = answers.lesions.get(view.lesion);
    if (a && !document.hidden) a.seconds += (now - last) / 1000;
    last = now;
  }, 500);
}

async function start() {
  $("title").textContent = study.study + (study.form ? ", reading room" : ", viewer");
  makeTools();
  setTool("look");
  listenToKeys();
  listenToDrops();
  $("help-close").addEventListener("click", () => $("help").close());
  window.addEventListener("resize", drawAll);
  new ResizeObserver(drawAll).observe($("views"));
  setLayout("planes");
  await loadLabels();
  await restore();
  if (study.form && study.timed) countTime();
  select(answers.lesions.keys().next().value ?? null, true);
  drawAll();
  if (view.slots.length) await codesOf(view.slots[0]);
  else say("There is no image in this page: make it with --study.", true);
  document.body.dataset.ready = "1";
  for (const name of view.slots) codesOf(name);
}
start().catch((e) => say("The page could not start: " + e.message, true));
