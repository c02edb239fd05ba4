/* What the page holds: the study, its volumes unpacked when they are first shown, its label maps, and where voxels are. */
const $ = (id) => document.getElementById(id);
const study = JSON.parse($("knowledge").textContent);
const SIZE = study.crop_size, FROM = study.crop_from, VOXELS = SIZE[0] * SIZE[1] * SIZE[2];
const STRIDE = [1, SIZE[0], SIZE[0] * SIZE[1]];
const volumes = new Map(study.volumes.map((v) => [v.name, v]));
const flagOf = new Map(study.flags.map((f) => [f.name, f]));

/* An element: attributes, texts and children; whatever comes from a file enters as text. */
function el(tag, attributes, ...children) {
  const e = document.createElement(tag);
  for (const [k, v] of Object.entries(attributes || {})) {
    if (k.startsWith("on")) e.addEventListener(k.slice(2), v);
    else if (v === true) e.setAttribute(k, "");
    else if (v !== false && v != null) e.setAttribute(k, v);
  }
  e.append(...children.filter((c) => c != null));
  return e;
}
function say(text, bad) {
  $("status").textContent = text;
  $("status").classList.toggle("bad", Boolean(bad));
}
const words = (name) => name.replaceAll("_", " ");

/* ---- bytes ---- */
async function through(bytes, stream) {
  return new Uint8Array(await new Response(new Blob([bytes]).stream().pipeThrough(stream)).arrayBuffer());
}
function bytesOfText(text) {
  const raw = atob(text), out = new Uint8Array(raw.length);
  for (let i = 0; i < raw.length; i++) out[i] = raw.charCodeAt(i);
  return out;
}
function textOfBytes(bytes) {
  let s = "";
  for (let i = 0; i < bytes.length; i += 8192) s += String.fromCharCode(...bytes.subarray(i, i + 8192));
  return btoa(s);
}
/* The first picture is drawn while the rest of the page is still being read: what stands above this program is whole. */
const early = new Set([...document.querySelectorAll("script[id]")].map((e) => e.id));
const read = new Promise((done) => document.addEventListener("DOMContentLoaded", done));
/* Differences along x, low bytes before high bytes: report/review_pack.h. */
async function unpack(id, bits) {
  if (!early.has(id)) await read;
  const element = $(id), bytes = await through(bytesOfText(element.textContent), new DecompressionStream("gzip"));
  element.remove();
  if (bytes.length !== VOXELS * (bits / 8)) throw new Error(id + ": " + bytes.length + " bytes");
  if (bits === 8) {
    for (let i = 1; i < VOXELS; i++) bytes[i] = bytes[i] + bytes[i - 1];
    return bytes;
  }
  const out = new Uint16Array(VOXELS);
  for (let i = 0, before = 0; i < VOXELS; i++) out[i] = before = (before + bytes[i] + 256 * bytes[VOXELS + i]) & 0xffff;
  return out;
}
/* The codes of a volume; unpacked once. */
function codesOf(name) {
  const v = volumes.get(name);
  if (!v.loading) v.loading = unpack("v-" + name, v.bits).then((codes) => (v.codes = codes));
  return v.loading;
}
const labels = { lesions: new Uint16Array(VOXELS), liver: new Uint16Array(VOXELS) };
const original = {};
async function loadLabels() {
  for (const name of ["lesions", "liver"]) {
    if ($("l-" + name)) labels[name] = await unpack("l-" + name, 16);
    original[name] = labels[name].slice();
  }
}

/* ---- places ---- */
const M = study.to_world;
const SPACING = [0, 1, 2].map((k) => Math.hypot(M[0][k], M[1][k], M[2][k]));
/* The index axis that runs most nearly along each world axis, and its sign: the permutation with the largest sum. */
const AXIS = (() => {
  let best = null;
  for (const p of [[0, 1, 2], [0, 2, 1], [1, 0, 2], [1, 2, 0], [2, 0, 1], [2, 1, 0]]) {
    const sum = p.reduce((s, axis, w) => s + Math.abs(M[w][axis]) / SPACING[axis], 0);
    if (!best || sum > best.sum + 1e-9) best = { sum, p };
  }
  return best.p.map((axis, w) => ({ axis, sign: M[w][axis] < 0 ? -1 : 1 }));
})();
const toWorld = (v) => [0, 1, 2].map((w) => M[w][0] * (v[0] + FROM[0]) + M[w][1] * (v[1] + FROM[1]) + M[w][2] * (v[2] + FROM[2]) + M[w][3]);
const INVERSE = (() => {
  const [[a, b, c], [d, e, f], [g, h, i]] = M, A = e * i - f * h, B = f * g - d * i, C = d * h - e * g, D = a * A + b * B + c * C;
  return [[A, c * h - b * i, b * f - c * e], [B, a * i - c * g, c * d - a * f], [C, b * g - a * h, a * e - b * d]].map((r) => r.map((x) => x / D));
})();
function toVoxel(mm) {
  const d = [0, 1, 2].map((w) => mm[w] - M[w][3]);
  return INVERSE.map((r, k) => r[0] * d[0] + r[1] * d[1] + r[2] * d[2] - FROM[k]);
}
const clampVoxel = (v) => v.map((x, k) => Math.min(Math.max(Math.round(x), 0), SIZE[k] - 1));
const indexOf = (v) => v[0] + STRIDE[1] * v[1] + STRIDE[2] * v[2];
const placeOf = (i) => [i % SIZE[0], Math.floor(i / SIZE[0]) % SIZE[1], Math.floor(i / STRIDE[2])];
const distanceMm = (a, b) => Math.hypot(a[0] - b[0], a[1] - b[1], a[2] - b[2]);

/* A map with the decimals of its measure, a series with three digits: its signal has no unit. */
const shown = (v, x) => (v.kind === "map" ? (x * v.scale).toFixed(v.digits) : String(+x.toPrecision(3)));
/* "1.02 10-3 mm2/s" of a volume at a voxel, with a sign where the packing cut the value. */
function valueText(v, index) {
  const code = v.codes ? v.codes[index] : 0;
  if (!code) return v.codes ? "no value" : "";
  const last = v.bits === 8 ? 255 : 65535;
  const cut = code === last && v.cut_high ? "\u2265 " : code === 1 && v.cut_low ? "\u2264 " : "";
  return cut + shown(v, v.intercept + v.slope * code) + (v.unit ? " " + v.unit : "");
}
