/* Tools that change something at a place: pen, eraser, fill, a new lesion, a distance; and undo. */
const TOOLS = [["look", "Look", "l"], ["pen", "Pen", "d"], ["eraser", "Eraser", "e"], ["fill", "Fill", "f"], ["add", "New lesion", "a"], ["distance", "Distance", "m"]];
const draw = { target: "lesions", radius_mm: 3, diameter_mm: 10, undo: [], stroke: null };
const UNDO_STEPS = 100;

function setTool(tool) {
  view.tool = tool;
  view.measuring = null;
  for (const b of document.querySelectorAll("[data-tool]")) b.setAttribute("aria-pressed", b.dataset.tool === tool);
  drawAll();
}
/* The label that is drawn; 0 when there is none. */
const penLabel = () => (draw.target === "liver" ? 1 : view.lesion || 0);

function begin() {
  if (!draw.stroke) draw.stroke = { map: draw.target, before: new Map() };
}
function put(i, label) {
  const map = labels[draw.target];
  if (map[i] === label) return;
  if (!draw.stroke.before.has(i)) draw.stroke.before.set(i, map[i]);
  map[i] = label;
}
function endStroke() {
  const s = draw.stroke;
  draw.stroke = null;
  if (!s || !s.before.size) return;
  draw.undo.push(s);
  if (draw.undo.length > UNDO_STEPS) draw.undo.shift();
  keep(true);
  showLesions();
}
function undo() {
  const s = draw.undo.pop();
  if (!s) { say("There is nothing to undo."); return; }
  for (const [i, label] of s.before) labels[s.map][i] = label;
  keep(true);
  showLesions();
  drawAll();
}

/* The pen leaves voxels of other lesions alone, and so does the eraser. */
function paint(i, erase) {
  const map = labels[draw.target], label = penLabel();
  if (erase ? map[i] === label : map[i] === 0) put(i, erase ? 0 : label);
}
/* A disc in the plane of the pane: voxels whose centre lies within the radius, at least the one that was met. */
function dab(pane, at, erase) {
  const a = pane.across.axis, d = pane.down.axis, c = clampVoxel(at), r = draw.radius_mm;
  for (let u = Math.max(0, Math.floor(c[a] - r / SPACING[a])); u <= Math.min(SIZE[a] - 1, Math.ceil(c[a] + r / SPACING[a])); u++)
    for (let v = Math.max(0, Math.floor(c[d] - r / SPACING[d])); v <= Math.min(SIZE[d] - 1, Math.ceil(c[d] + r / SPACING[d])); v++) {
      const p = c.slice();
      p[a] = u;
      p[d] = v;
      if (Math.hypot((u - c[a]) * SPACING[a], (v - c[d]) * SPACING[d]) <= r || (u === c[a] && v === c[d])) paint(indexOf(p), erase);
    }
}
/* What a drawn line encloses in this slice, from the place that was met. */
function fill(pane, at) {
  const a = pane.across.axis, d = pane.down.axis, c = clampVoxel(at), map = labels[draw.target], label = penLabel(), found = new Set(), todo = [indexOf(c)];
  while (todo.length) {
    const i = todo.pop();
    if (found.has(i) || map[i] === label) continue;
    found.add(i);
    const p = placeOf(i);
    for (const k of [a, d])
      for (const s of [-1, 1]) {
        if (p[k] + s < 0 || p[k] + s >= SIZE[k]) { say("The line is not closed here: nothing is filled.", true); return; }
        todo.push(i + s * STRIDE[k]);
      }
  }
  for (const i of found) paint(i, false);
}
function ball(at, diameter, label) {
  const c = clampVoxel(at), mm = toWorld(c), r = diameter / 2, n = SPACING.map((s) => Math.ceil(r / s));
  for (let z = -n[2]; z <= n[2]; z++)
    for (let y = -n[1]; y <= n[1]; y++)
      for (let x = -n[0]; x <= n[0]; x++) {
        const p = [c[0] + x, c[1] + y, c[2] + z];
        if (p.some((q, k) => q < 0 || q >= SIZE[k])) continue;
        const i = indexOf(p);
        if (distanceMm(toWorld(p), mm) <= r && labels.lesions[i] === 0) put(i, label);
      }
}
function newLesion(at) {
  const id = Math.max(0, ...answers.lesions.keys()) + 1;
  answers.lesions.set(id, Object.assign(blank(id, "added"), { decision: "accept" }));
  view.lesion = id;
  draw.target = "lesions";
  if (at) {
    begin();
    ball(at, draw.diameter_mm, id);
    endStroke();
  }
  setTool(at ? "look" : "pen");
  keep();
  select(id, false);
  say("Lesion " + id + " is new" + (at ? ", a ball of " + draw.diameter_mm + " mm." : ": draw it with the pen."));
}
function removeLesion(id) {
  begin();
  for (let i = 0; i < VOXELS; i++) if (labels.lesions[i] === id) put(i, 0);
  draw.stroke = null;
  draw.undo = [];
  answers.lesions.delete(id);
  keep(true);
  select(null, false);
}

/* A tool at a place of a pane; `first`: the pointer went down here. */
function useTool(pane, tool, at, first) {
  const inside = at.every((x, k) => x > -0.5 && x < SIZE[k] - 0.5);
  if (!inside) return;
  if (tool === "look") { goTo(at); return; }
  if (tool === "distance") { if (first) distance(at); else { view.cross = clampVoxel(at); drawAll(); } return; }
  if (tool === "add") { if (first) { view.cross = clampVoxel(at); newLesion(at); } return; }
  if (!study.form) return;
  if (!penLabel()) { say("Choose a lesion first, or draw on the liver.", true); return; }
  begin();
  if (tool === "fill") { if (first) fill(pane, at); } else dab(pane, at, tool === "eraser");
  drawAll();
}
function distance(at) {
  view.cross = clampVoxel(at);
  if (!view.measuring) { view.measuring = toWorld(at); say("The second end of the distance."); drawAll(); return; }
  const d = { from_mm: view.measuring.map((x) => +x.toFixed(2)), to_mm: toWorld(at).map((x) => +x.toFixed(2)) };
  answers.distances.push(d);
  view.measuring = null;
  say("Distance " + distanceMm(d.from_mm, d.to_mm).toFixed(1) + " mm.");
  keep();
  showWhole();
  drawAll();
}
