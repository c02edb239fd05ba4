/* Slices of the volumes, linked: one crosshair, one zoom and one centre for all panes. Left and right as radiologists
 * look: the person's right is on the left, front is up, head is up. */
const PLANES = { axial: [0, 1, 2], coronal: [0, 2, 1], sagittal: [1, 2, 0] }; /* world axes: across, down, through */
const EDGE = [["R", "L"], ["A", "P"], ["S", "I"]]; /* where a world axis is high, and low */
const LAYOUTS = {
  planes: { words: "3 planes", panes: [["axial", 0], ["coronal", 0], ["sagittal", 0], ["solid", 0]] },
  one: { words: "1 series", panes: [["axial", 0]] },
  two: { words: "2 series", panes: [["axial", 0], ["axial", 1]] },
  four: { words: "4 series", panes: [["axial", 0], ["axial", 1], ["axial", 2], ["axial", 3]] },
  six: { words: "2 x 3 planes", panes: [["axial", 0], ["coronal", 0], ["sagittal", 0], ["axial", 1], ["coronal", 1], ["sagittal", 1]] },
};
const view = { cross: SIZE.map((n) => n >> 1), zoom: 1, centre: SIZE.map((n) => (n - 1) / 2), layout: "planes", slots: [], windows: new Map(), outlines: true, lesion: null, tool: "look" };
let panes = [];
const names = study.volumes.map((v) => v.name);
for (const want of [study.reference, "arterial", "dwi", "t2", "portal_venous", ...names])
  if (volumes.has(want) && !view.slots.includes(want) && view.slots.length < 4) view.slots.push(want);
while (names.length && view.slots.length < 4) view.slots.push(names[0]);
const windowOf = (name) => view.windows.get(name) || volumes.get(name);

/* Viridis (van der Walt and Smith, 2015), nine of its colours with straight lines between. */
const VIRIDIS = [[68, 1, 84], [71, 44, 122], [59, 81, 139], [44, 113, 142], [33, 144, 141], [39, 173, 129], [92, 200, 99], [170, 220, 50], [253, 231, 37]];
function colourOf(v, t) {
  const grey = Math.round(255 * t);
  if (v.kind !== "map") return [grey, grey, grey];
  const at = Math.min(t * 8, 7.999), k = Math.floor(at), f = at - k;
  return VIRIDIS[k].map((c, i) => Math.round(c + f * (VIRIDIS[k + 1][i] - c)));
}
/* Colours of the codes of a volume in its window, as numbers of four bytes. */
function paletteOf(v) {
  const w = windowOf(v.name), key = w.lo + ":" + w.hi;
  if (v.paletteKey === key) return v.palette;
  const n = v.bits === 8 ? 256 : 65536, out = new Uint32Array(n), bytes = new Uint8Array(out.buffer);
  for (let c = 0; c < n; c++) {
    const t = Math.min(Math.max((v.intercept + v.slope * c - w.lo) / (w.hi - w.lo), 0), 1), rgb = c ? colourOf(v, t) : [0, 0, 0];
    bytes.set([rgb[0], rgb[1], rgb[2], 255], 4 * c);
  }
  Object.assign(v, { palette: out, paletteKey: key });
  return out;
}

/* ---- a pane ---- */
function paneOf(plane, slot) {
  const canvas = el("canvas", { tabindex: 0, role: "application" }), off = document.createElement("canvas");
  const select = el("select", { "aria-label": "Series of this " + plane + " view", onchange: () => { view.slots[slot] = select.value; windowControls(); drawAll(); } });
  for (const v of study.volumes) select.append(el("option", { value: v.name }, v.title));
  const caption = el("div", { class: "say" }), box = el("div", { class: "pane" }, canvas, el("div", { class: "bar" }, select), caption);
  const [a, d, t] = PLANES[plane].map((w) => AXIS[w]);
  const pane = { plane, slot, canvas, off, select, caption, box, across: a, down: d, through: t };
  listen(pane);
  return pane;
}
/* Pixels per mm; the pane's centre is view.centre. */
function scaleOf(pane) {
  const a = pane.across.axis, d = pane.down.axis;
  return view.zoom * Math.min(pane.canvas.width / (SIZE[a] * SPACING[a]), pane.canvas.height / (SIZE[d] * SPACING[d]));
}
/* Both screen directions run against their world axis: left is right, down is back or feet. */
const along = (axis, v) => (axis.sign > 0 ? SIZE[axis.axis] - 1 - v : v);
function toScreen(pane, v) {
  const s = scaleOf(pane);
  return [["width", pane.across], ["height", pane.down]].map(([side, x]) => pane.canvas[side] / 2 + (along(x, v[x.axis]) - along(x, view.centre[x.axis])) * SPACING[x.axis] * s);
}
function fromScreen(pane, x, y) {
  const s = scaleOf(pane), v = view.cross.slice();
  [[x, "width", pane.across], [y, "height", pane.down]].forEach(([at, side, axis]) => {
    v[axis.axis] = along(axis, along(axis, view.centre[axis.axis]) + (at - pane.canvas[side] / 2) / (SPACING[axis.axis] * s));
  });
  return v;
}
function drawPane(pane) {
  if (pane.plane === "solid") return;
  const { canvas, off, across: a, down: d, through: t } = pane, name = view.slots[pane.slot], v = volumes.get(name);
  const ratio = window.devicePixelRatio || 1, w = Math.round(canvas.clientWidth * ratio), h = Math.round(canvas.clientHeight * ratio);
  if (canvas.width !== w || canvas.height !== h) Object.assign(canvas, { width: w, height: h });
  const ctx = canvas.getContext("2d");
  ctx.setTransform(1, 0, 0, 1, 0, 0);
  ctx.clearRect(0, 0, w, h);
  if (!v || !w || !h) return;
  pane.select.value = name;
  if (!v.codes) { codesOf(name).then(drawAll); pane.caption.textContent = "unpacking"; return; }
  const nu = SIZE[a.axis], nv = SIZE[d.axis], palette = paletteOf(v), base = STRIDE[t.axis] * view.cross[t.axis];
  if (off.width !== nu || off.height !== nv) Object.assign(off, { width: nu, height: nv });
  const octx = off.getContext("2d"), image = octx.createImageData(nu, nv), pixels = new Uint32Array(image.data.buffer);
  for (let y = 0, k = 0; y < nv; y++) {
    const row = base + STRIDE[d.axis] * along(d, y);
    for (let x = 0; x < nu; x++) pixels[k++] = palette[v.codes[row + STRIDE[a.axis] * along(a, x)]];
  }
  octx.putImageData(image, 0, 0);
  const s = scaleOf(pane), corner = toScreen(pane, [0, 1, 2].map((k) => (k === a.axis ? along(a, 0) : k === d.axis ? along(d, 0) : 0)));
  const x0 = corner[0] - 0.5 * SPACING[a.axis] * s, y0 = corner[1] - 0.5 * SPACING[d.axis] * s;
  ctx.imageSmoothingEnabled = true;
  ctx.drawImage(off, x0, y0, nu * SPACING[a.axis] * s, nv * SPACING[d.axis] * s);
  if (view.outlines) {
    outline(pane, ctx, x0, y0, s, base, labels.liver, () => "#35e0ff", 1.2 * ratio);
    outline(pane, ctx, x0, y0, s, base, labels.lesions, (id) => (id === view.lesion ? "#ff9f1a" : "#ffd400"), 2 * ratio);
  }
  crosshair(pane, ctx, ratio);
  drawDistances(pane, ctx, ratio);
  letters(pane, ctx, ratio);
  pane.caption.textContent = valueText(v, indexOf(view.cross));
  canvas.setAttribute("aria-label", pane.plane + " view, " + v.title + ", slice " + (view.cross[t.axis] + 1) + " of " + SIZE[t.axis]);
  if (!canvas.dataset.ready) canvas.dataset.ready = Math.round(performance.now()) + " ms";
}
/* Edges between voxels of different labels. */
function outline(pane, ctx, x0, y0, s, base, map, colour, width) {
  const { across: a, down: d } = pane, nu = SIZE[a.axis], nv = SIZE[d.axis], dx = SPACING[a.axis] * s, dy = SPACING[d.axis] * s, paths = new Map();
  const at = (x, y) => (x < 0 || y < 0 || x >= nu || y >= nv ? 0 : map[base + STRIDE[a.axis] * along(a, x) + STRIDE[d.axis] * along(d, y)]);
  for (let y = 0; y < nv; y++)
    for (let x = 0; x < nu; x++) {
      const id = at(x, y);
      if (!id) continue;
      const key = colour(id), left = x0 + x * dx, top = y0 + y * dy;
      if (!paths.has(key)) paths.set(key, new Path2D());
      const p = paths.get(key);
      if (at(x - 1, y) !== id) { p.moveTo(left, top); p.lineTo(left, top + dy); }
      if (at(x + 1, y) !== id) { p.moveTo(left + dx, top); p.lineTo(left + dx, top + dy); }
      if (at(x, y - 1) !== id) { p.moveTo(left, top); p.lineTo(left + dx, top); }
      if (at(x, y + 1) !== id) { p.moveTo(left, top + dy); p.lineTo(left + dx, top + dy); }
    }
  ctx.lineWidth = width;
  for (const [key, p] of paths) { ctx.strokeStyle = key; ctx.stroke(p); }
}
function crosshair(pane, ctx, ratio) {
  const [x, y] = toScreen(pane, view.cross), gap = 9 * ratio;
  ctx.strokeStyle = "rgba(255,255,255,.55)";
  ctx.lineWidth = ratio;
  ctx.beginPath();
  for (const [p, q, r, t] of [[0, y, x - gap, y], [x + gap, y, pane.canvas.width, y], [x, 0, x, y - gap], [x, y + gap, x, pane.canvas.height]]) { ctx.moveTo(p, q); ctx.lineTo(r, t); }
  ctx.stroke();
}
function letters(pane, ctx, ratio) {
  const [u, v] = PLANES[pane.plane], { width, height } = pane.canvas;
  ctx.font = 13 * ratio + "px sans-serif";
  ctx.fillStyle = "#e9ecef";
  ctx.textBaseline = "middle";
  ctx.fillText(EDGE[u][0], 4 * ratio, height / 2);
  ctx.fillText(EDGE[u][1], width - 14 * ratio, height / 2);
  ctx.fillText(EDGE[v][0], width / 2, 36 * ratio);
  ctx.fillText(EDGE[v][1], width / 2, height - 24 * ratio);
}
function drawDistances(pane, ctx, ratio) {
  const t = pane.through.axis;
  ctx.strokeStyle = ctx.fillStyle = "#7dff9a";
  ctx.lineWidth = 1.5 * ratio;
  for (const d of answers.distances.concat(view.measuring ? [{ from_mm: view.measuring, to_mm: toWorld(view.cross) }] : [])) {
    const ends = [toVoxel(d.from_mm), toVoxel(d.to_mm)];
    if (ends.some((e) => Math.abs(e[t] - view.cross[t]) > 0.75)) continue;
    const [p, q] = ends.map((e) => toScreen(pane, e));
    ctx.beginPath();
    ctx.moveTo(p[0], p[1]);
    ctx.lineTo(q[0], q[1]);
    ctx.stroke();
    ctx.fillText(distanceMm(d.from_mm, d.to_mm).toFixed(1) + " mm", q[0] + 6 * ratio, q[1]);
  }
}

/* ---- all panes ---- */
let frame = 0;
function drawAll() {
  if (!frame) frame = requestAnimationFrame(() => { frame = 0; panes.forEach(drawPane); readout(); });
}
function readout() {
  const mm = toWorld(view.cross), id = labels.lesions[indexOf(view.cross)];
  $("place").textContent = mm.map((x) => x.toFixed(1)).join(", ") + " mm" + (id ? ", lesion " + id : "");
}
function setLayout(layout) {
  view.layout = layout;
  panes = LAYOUTS[layout].panes.map(([plane, slot]) => (plane === "solid" ? solidPane() : paneOf(plane, slot)));
  $("views").className = layout;
  $("views").replaceChildren(...panes.map((p) => p.box));
  for (const b of document.querySelectorAll("[data-layout]")) b.setAttribute("aria-pressed", b.dataset.layout === layout);
  windowControls();
  drawAll();
}
function goTo(voxel, centre) {
  view.cross = clampVoxel(voxel);
  if (centre && view.zoom > 1) view.centre = view.cross.slice();
  drawAll();
}
function zoomBy(factor) {
  view.zoom = Math.min(Math.max(view.zoom * factor, 1), 12);
  view.centre = view.zoom > 1 ? view.cross.slice() : SIZE.map((n) => (n - 1) / 2);
  drawAll();
}
function step(pane, n) {
  const v = view.cross.slice();
  v[pane.through.axis] += n * (pane.through.sign > 0 ? 1 : -1);
  goTo(v);
}
/* The pane that keys mean: the focused one, else the first. */
const activePane = () => panes.find((p) => p.canvas === document.activeElement) || panes[0];
const activeName = () => view.slots[activePane() ? activePane().slot : 0];

/* ---- windows ---- */
function setWindow(name, lo, hi) {
  if (!(hi > lo)) return;
  view.windows.set(name, { lo, hi });
  windowControls();
  drawAll();
}
/* Presets: as drawn in the report; the liver from its 2nd to its 98th percentile and as much on either side; all codes. */
async function presetWindow(name, preset) {
  const v = volumes.get(name), codes = await codesOf(name), last = v.bits === 8 ? 255 : 65535;
  if (preset === "default") { view.windows.delete(name); windowControls(); drawAll(); return; }
  if (preset === "full") { setWindow(name, v.intercept + v.slope, v.intercept + v.slope * last); return; }
  const inside = [];
  for (let i = 0; i < VOXELS; i++) if (labels.liver[i] && codes[i]) inside.push(codes[i]);
  if (inside.length < 10) { say("There is no liver to take a window from."); return; }
  inside.sort((a, b) => a - b);
  const [a, b] = [0.02, 0.98].map((q) => v.intercept + v.slope * inside[Math.floor(q * (inside.length - 1))]);
  setWindow(name, a - (b - a), b + (b - a));
}
function stretchWindow(name, width, level) {
  const w = windowOf(name), half = 0.5 * (w.hi - w.lo), mid = 0.5 * (w.hi + w.lo) + level * half;
  setWindow(name, mid - half * width, mid + half * width);
}
function windowControls() {
  const name = activeName(), v = volumes.get(name), w = v && windowOf(name);
  if (v) $("window").textContent = v.title + ": " + shown(v, w.lo) + " to " + shown(v, w.hi);
}

/* ---- pointer ---- */
function listen(pane) {
  const { canvas } = pane;
  const place = (e) => {
    const r = canvas.getBoundingClientRect();
    return fromScreen(pane, ((e.clientX - r.left) * canvas.width) / r.width, ((e.clientY - r.top) * canvas.height) / r.height);
  };
  let drag = null;
  canvas.addEventListener("contextmenu", (e) => e.preventDefault());
  canvas.addEventListener("focus", windowControls);
  canvas.addEventListener("pointerdown", (e) => {
    e.preventDefault();
    canvas.focus();
    canvas.setPointerCapture(e.pointerId);
    const mode = e.button === 2 || e.shiftKey ? "window" : e.button === 1 || e.altKey ? "pan" : view.tool;
    drag = { mode, x: e.clientX, y: e.clientY };
    if (mode !== "window" && mode !== "pan") useTool(pane, mode, place(e), true);
  });
  canvas.addEventListener("pointermove", (e) => {
    if (!drag) return;
    const dx = e.clientX - drag.x, dy = e.clientY - drag.y, name = view.slots[pane.slot];
    Object.assign(drag, { x: e.clientX, y: e.clientY });
    if (drag.mode === "window") stretchWindow(name, Math.exp(dx / 150), dy / 150);
    else if (drag.mode === "pan") panBy(pane, dx, dy);
    else useTool(pane, drag.mode, place(e), false);
  });
  for (const end of ["pointerup", "pointercancel"]) canvas.addEventListener(end, () => { drag = null; endStroke(); });
  canvas.addEventListener("wheel", (e) => {
    e.preventDefault();
    if (e.ctrlKey) zoomBy(Math.exp(-e.deltaY / 400));
    else step(pane, e.deltaY > 0 ? -1 : 1);
  }, { passive: false });
}
function panBy(pane, dx, dy) {
  const ratio = window.devicePixelRatio || 1, s = scaleOf(pane);
  for (const [d, x] of [[dx, pane.across], [dy, pane.down]]) view.centre[x.axis] += ((x.sign > 0 ? 1 : -1) * d * ratio) / (SPACING[x.axis] * s);
  drawAll();
}

/* ---- three dimensions: NiiVue, from the chosen series and the outlines as they stand ---- */
let solid = null;
function solidPane() {
  const canvas = el("canvas", { tabindex: 0, role: "img", "aria-label": "View in three dimensions" }), caption = el("div", { class: "say" });
  const button = el("button", { type: "button", onclick: () => showSolid(canvas, caption) }, "Show in 3-D");
  solid = { canvas, caption, button };
  return { plane: "solid", slot: 0, canvas, box: el("div", { class: "pane solid" }, canvas, button, caption) };
}
async function showSolid(canvas, caption) {
  if (typeof niivue === "undefined" || !niivue.Niivue) { caption.textContent = "The view in three dimensions is not here."; return; }
  try {
    const name = view.slots[0], v = volumes.get(name), codes = await codesOf(name), grey = new Uint16Array(VOXELS), w = windowOf(name);
    for (let i = 0; i < VOXELS; i++) grey[i] = codes[i] ? Math.round(1000 * Math.min(Math.max((v.intercept + v.slope * codes[i] - w.lo) / (w.hi - w.lo), 0), 1)) : 0;
    const nv = new niivue.Niivue({ backColor: [0, 0, 0, 1], show3Dcrosshair: true, loadingText: "" });
    await nv.attachToCanvas(canvas);
    const add = async (map, colormap, opacity, cal_max) => nv.addVolume(await niivue.NVImage.loadFromBase64({ base64: textOfBytes(niftiOf(map)), name: colormap + ".nii", colormap, opacity, cal_min: 1, cal_max }));
    await add(grey, "gray", 1, 1000);
    await add(labels.liver, "blue", 0.25, 1);
    await add(labels.lesions.map((x) => (x ? 1 : 0)), "warm", 0.9, 1);
    nv.setSliceType(nv.sliceTypeRender);
    canvas.dataset.ready = "1";
    solid.button.hidden = true;
  } catch (e) { caption.textContent = "This browser does not draw in three dimensions (WebGL 2): " + e.message; }
}
