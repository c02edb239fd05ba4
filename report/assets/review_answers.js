/* What the reader answers: kept in the browser's storage, saved as one JSON, loaded again. */
const answers = { reader: study.reader || "", comment: "", liver: null, lesions: new Map(), distances: [] };
const KEPT = "hepar-review:" + study.study + ":" + study.labels_sha256 + ":" + (study.reader || "");
const hepar = new Map(study.lesions.map((l) => [l.id, l]));

function blank(id, origin) {
  return { id, origin, decision: null, class: null, confidence: null, flags: {}, comment: "", seconds: 0 };
}
for (const l of study.lesions) answers.lesions.set(l.id, blank(l.id, "found"));

const answered = (a) => Boolean(a.decision || a.class || a.confidence || a.comment || Object.keys(a.flags).length);
function changedLesions() {
  const ids = new Set();
  for (let i = 0; i < VOXELS; i++) {
    if (labels.lesions[i] !== original.lesions[i]) {
      if (labels.lesions[i]) ids.add(labels.lesions[i]);
      if (original.lesions[i]) ids.add(original.lesions[i]);
    }
  }
  return ids;
}
const isChanged = (name) => labels[name].some((x, i) => x !== original[name][i]);

/* A label map on the whole reference grid as NIfTI-1 (nifti1.h): 16-bit numbers, the affine as sform. */
function niftiOf(map) {
  const [nx, ny, nz] = study.size, bytes = new Uint8Array(352 + 2 * nx * ny * nz), h = new DataView(bytes.buffer);
  const out = new Uint16Array(bytes.buffer, 352);
  h.setInt32(0, 348, true);
  [3, nx, ny, nz, 1, 1, 1, 1].forEach((x, k) => h.setInt16(40 + 2 * k, x, true));
  h.setInt16(70, 512, true);
  h.setInt16(72, 16, true);
  [1, ...SPACING, 1, 1, 1, 1].forEach((x, k) => h.setFloat32(76 + 4 * k, x, true));
  h.setFloat32(108, 352, true);
  h.setFloat32(112, 1, true);
  h.setUint8(123, 2);
  h.setInt16(254, 1, true);
  for (let w = 0; w < 3; w++) for (let k = 0; k < 4; k++) h.setFloat32(280 + 16 * w + 4 * k, M[w][k], true);
  [0x6e, 0x2b, 0x31, 0].forEach((x, k) => h.setUint8(344 + k, x));
  for (let z = 0; z < SIZE[2]; z++)
    for (let y = 0; y < SIZE[1]; y++)
      out.set(map.subarray(STRIDE[2] * z + STRIDE[1] * y, STRIDE[2] * z + STRIDE[1] * y + SIZE[0]), FROM[0] + nx * (FROM[1] + y + ny * (FROM[2] + z)));
  return bytes;
}
function mapOfNifti(bytes, what) {
  const h = new DataView(bytes.buffer, bytes.byteOffset), [nx, ny, nz] = study.size;
  if (bytes.length !== 352 + 2 * nx * ny * nz || h.getInt32(0, true) !== 348 || h.getInt16(70, true) !== 512 || [nx, ny, nz].some((n, k) => h.getInt16(42 + 2 * k, true) !== n))
    throw new Error("the drawing of " + what + " is not on the grid of this study");
  const all = new Uint16Array(bytes.slice(352).buffer), map = new Uint16Array(VOXELS);
  let inside = 0, total = 0;
  for (let i = 0; i < all.length; i++) total += all[i] !== 0;
  for (let i = 0; i < VOXELS; i++) {
    const p = placeOf(i);
    map[i] = all[FROM[0] + p[0] + nx * (FROM[1] + p[1] + ny * (FROM[2] + p[2]))];
    inside += map[i] !== 0;
  }
  if (inside !== total) throw new Error("the drawing of " + what + " has " + (total - inside) + " voxels outside the body");
  return map;
}

/* ---- the file ---- */
const drawn = { lesions: { at: -1 }, liver: { at: -1 } }; /* the last encoding, and the revision that it is of */
let revision = 0;
async function drawingOf(name) {
  if (!isChanged(name)) return undefined;
  if (drawn[name].at !== revision) {
    const at = revision, text = textOfBytes(await through(niftiOf(labels[name]), new CompressionStream("gzip")));
    drawn[name] = { at, text };
  }
  return drawn[name].text;
}
async function fileOfAnswers() {
  const changed = changedLesions(), drawing = { lesions: await drawingOf("lesions"), liver: await drawingOf("liver") };
  return {
    format: study.format, format_version: study.format_version, study: study.study, version: study.version, labels_sha256: study.labels_sha256,
    reader: answers.reader, blind: study.blind, timed: study.timed, comment: answers.comment, liver: answers.liver, distances: answers.distances,
    lesions: [...answers.lesions.values()].map((a) => ({ ...a, flags: { ...a.flags }, outline_changed: changed.has(a.id), seconds: study.timed ? Math.round(10 * a.seconds) / 10 : null })),
    drawing: drawing.lesions || drawing.liver ? drawing : null,
  };
}

const oneOf = (x, list) => list.includes(x);
const DECISIONS = ["accept", "reject"], STATES = ["present", "absent", "cannot_say"];
/* One answer of a file; what is not known is refused, so that nothing is lost in silence. */
function answerOf(o) {
  const a = blank(o.id, o.origin), where = "lesion " + o.id + ": ";
  if (!Number.isInteger(o.id) || o.id < 1 || o.id > 65535) throw new Error("a lesion has the id " + o.id);
  if (!oneOf(o.origin, ["found", "added"]) || (o.origin === "found") !== hepar.has(o.id)) throw new Error(where + "not a lesion of this study");
  if (o.decision != null && !oneOf(o.decision, DECISIONS)) throw new Error(where + "decision " + o.decision);
  if (o.class != null && !study.classes.some((c) => c.name === o.class)) throw new Error(where + "class " + o.class);
  if (o.confidence != null && !oneOf(o.confidence, [1, 2, 3, 4, 5])) throw new Error(where + "confidence " + o.confidence);
  for (const [k, v] of Object.entries(o.flags || {})) {
    if (!flagOf.has(k) || !oneOf(v, STATES)) throw new Error(where + "flag " + k + ": " + v);
    a.flags[k] = v;
  }
  return Object.assign(a, { decision: o.decision ?? null, class: o.class ?? null, confidence: o.confidence ?? null, comment: String(o.comment || ""), seconds: Number(o.seconds) || 0 });
}
async function takeAnswers(text) {
  let file, maps = {};
  try { file = JSON.parse(text); } catch { throw new Error("the file is damaged or no JSON"); }
  if (!file || file.format !== study.format) throw new Error("the file is not a review of Hepar");
  if (file.format_version !== study.format_version) throw new Error("the file has version " + file.format_version + ", this page " + study.format_version);
  if (file.study !== study.study) throw new Error("the file is of " + file.study + ", this page of " + study.study);
  if (file.labels_sha256 !== study.labels_sha256) throw new Error("the file is of another result of " + study.study);
  const all = (file.lesions || []).map(answerOf);
  for (const name of ["lesions", "liver"])
    if (file.drawing && file.drawing[name]) {
      let bytes;
      try { bytes = await through(bytesOfText(file.drawing[name]), new DecompressionStream("gzip")); } catch { throw new Error("the drawing of " + name + " is damaged"); }
      maps[name] = mapOfNifti(bytes, name);
    }
  for (const name of ["lesions", "liver"]) labels[name] = maps[name] || original[name].slice();
  answers.lesions = new Map(study.lesions.map((l) => [l.id, blank(l.id, "found")]));
  for (const a of all) answers.lesions.set(a.id, a);
  Object.assign(answers, { reader: String(file.reader || answers.reader), comment: String(file.comment || ""), liver: oneOf(file.liver, ["right", "wrong"]) ? file.liver : null });
  answers.distances = (Array.isArray(file.distances) ? file.distances : []).filter((d) => [d.from_mm, d.to_mm].every((p) => Array.isArray(p) && p.length === 3 && p.every(Number.isFinite)));
  revision++;
}

/* ---- kept against loss ---- */
let waiting = 0;
function keep(isDrawing) {
  if (isDrawing) revision++;
  if (!study.form) return;
  clearTimeout(waiting);
  waiting = setTimeout(keepNow, 400);
}
async function keepNow() {
  try { localStorage.setItem(KEPT, JSON.stringify(await fileOfAnswers())); } catch { say("This browser does not keep the answers (its storage is full or off): save them as a file.", true); }
}
async function restore() {
  let text = null;
  try { text = study.form ? localStorage.getItem(KEPT) : null; } catch { return; }
  if (!text) return;
  try {
    await takeAnswers(text);
    say("Your answers of earlier are here again, from this browser's storage.");
  } catch (e) { say("What this browser kept cannot be used: " + e.message, true); }
}
