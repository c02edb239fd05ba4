/* The side of the page: the list of lesions, what Hepar says of the chosen one, and what the reader answers. */
const CONFIDENCE = ["very unsure", "unsure", "middling", "sure", "very sure"];
const className = (name) => (study.classes.find((c) => c.name === name) || { words: name ? words(name) : "not given" }).words;
const stateWords = (s) => (s === "cannot_say" ? "cannot say" : words(s || "not given"));

/* Hepar's answer may be seen: not blind, or the reader has answered this one. */
const isOpen = (given) => !study.form || !study.blind || given != null;

/* Size and centre of a lesion as it is outlined now. */
function measureLesion(id) {
  let n = 0;
  const sum = [0, 0, 0];
  for (let i = 0; i < VOXELS; i++) if (labels.lesions[i] === id) { const p = placeOf(i); n++; for (let k = 0; k < 3; k++) sum[k] += p[k]; }
  const voxel = Math.abs(M[0][0] * (M[1][1] * M[2][2] - M[1][2] * M[2][1]) - M[0][1] * (M[1][0] * M[2][2] - M[1][2] * M[2][0]) + M[0][2] * (M[1][0] * M[2][1] - M[1][1] * M[2][0]));
  return { n, ml: (n * voxel) / 1000, centre: n ? sum.map((s) => s / n) : null };
}
function showLesions() {
  const items = [...answers.lesions.values()].map((a) => {
    const h = hepar.get(a.id), size = measureLesion(a.id);
    const about = [size.ml.toFixed(2) + " mL", h && h.long_axis_mm != null ? h.long_axis_mm.toFixed(0) + " mm" : "added"];
    const kind = a.class || (h && isOpen(a.class) ? h.class : null);
    const mark = a.decision === "reject" ? "rejected" : a.decision === "accept" ? "accepted" : "";
    return el("li", {}, el("button", { type: "button", "aria-current": a.id === view.lesion ? "true" : null, onclick: () => select(a.id, true) },
      el("strong", {}, "Lesion " + a.id), el("span", {}, about.join(", ")), kind ? el("span", {}, className(kind)) : null, mark ? el("span", {}, mark) : null));
  });
  $("list").replaceChildren(...items);
  $("none").hidden = items.length > 0;
}
function select(id, jump) {
  view.lesion = answers.lesions.has(id) ? id : null;
  if (view.lesion) {
    draw.target = "lesions";
    const size = measureLesion(id), h = hepar.get(id), at = size.centre || (h && h.centre_mm ? toVoxel(h.centre_mm) : null);
    if (jump && at) goTo(at, true);
  }
  showLesions();
  showLesion();
  showWhole();
  drawAll();
}
function nextLesion(n) {
  const ids = [...answers.lesions.keys()], at = ids.indexOf(view.lesion);
  if (ids.length) select(ids[(at + n + ids.length) % ids.length], true);
}

/* ---- pieces of a form ---- */
function choices(legend, name, options, value, set) {
  const box = el("fieldset", {}, el("legend", {}, legend));
  for (const [key, text, title] of options)
    box.append(el("label", { class: "choice", title }, el("input", { type: "radio", name, value: String(key), checked: value === key, onchange: () => set(key) }), text));
  return box;
}
/* After an answer the form is made anew, and the focus stays where it was. */
function answer(a, change) {
  change(a);
  keep();
  const focused = document.activeElement, name = focused && focused.name, value = focused && focused.value;
  showLesions();
  showLesion();
  if (name) for (const e of document.getElementsByName(name)) if (e.type !== "radio" || e.value === value) { e.focus({ preventScroll: true }); break; }
}
function heparFlag(name, f) {
  if (!f) return el("p", { class: "quiet" }, "Not judged by Hepar.");
  const row = flagOf.get(name), number = (x) => (x == null ? null : +(x * row.scale).toPrecision(3) + (row.unit ? " " + row.unit : ""));
  const list = el("dl", {});
  const p = f.probability == null ? null : f.probability.toFixed(2) + (f.certain ? "" : ", uncertain");
  for (const [k, v] of [["Probability", p], ["Value", number(f.value)], ["Limit", number(f.limit)], ["Why", f.reason]]) if (v != null && v !== "") list.append(el("dt", {}, k), el("dd", {}, v));
  return el("details", {}, el("summary", {}, "Hepar: " + stateWords(f.state)), list);
}
function flagPart(a, h, row) {
  const given = a.flags[row.name], title = row.words[0].toUpperCase() + row.words.slice(1);
  const box = study.form
    ? choices(title, "flag-" + row.name, [["present", "present", row.meaning], ["absent", "absent", row.meaning], ["cannot_say", "cannot say", row.meaning]], given, (v) => answer(a, () => (a.flags[row.name] = v)))
    : el("fieldset", {}, el("legend", {}, title));
  if (h) box.append(isOpen(given) ? heparFlag(row.name, h.flags && h.flags[row.name]) : el("p", { class: "quiet" }, "Hepar's answer comes after yours."));
  return box;
}
function classPart(a, h) {
  if (!study.form) return null;
  const pick = el("select", { id: "class", name: "class", onchange: () => answer(a, () => (a.class = pick.value || null)) }, el("option", { value: "" }, "not answered"));
  for (const c of study.classes) pick.append(el("option", { value: c.name, selected: a.class === c.name, title: c.meaning }, c.words));
  return el("p", {}, el("label", { for: "class" }, "Class "), pick);
}
function heparClass(a, h) {
  if (!h) return el("p", { class: "quiet" }, "Added by the reader: Hepar has not found it.");
  if (!isOpen(a.class)) return el("p", { class: "quiet" }, "Hepar's class comes after yours.");
  const p = h.class_probabilities && h.class_probabilities[h.class];
  return el("p", {}, "Hepar: " + className(h.class) + (p == null ? "" : ", P " + p.toFixed(2)) + (h.probability_metastasis == null ? "" : "; metastasis " + h.probability_metastasis.toFixed(2)));
}
function showLesion() {
  const a = answers.lesions.get(view.lesion), box = $("lesion");
  for (const c of document.querySelectorAll(".curve")) if (c.parentNode !== document.body) { c.hidden = true; document.body.append(c); }
  if (!a) { box.replaceChildren(); return; }
  const h = hepar.get(a.id), parts = [el("h3", {}, "Lesion " + a.id), heparClass(a, h)];
  if (study.form) {
    parts.push(choices("This finding", "decision", [["accept", "accept"], ["reject", "reject"]], a.decision, (v) => answer(a, () => (a.decision = v))), classPart(a, h));
    parts.push(choices("Confidence", "confidence", CONFIDENCE.map((w, i) => [i + 1, i + 1 + " " + w]), a.confidence, (v) => answer(a, () => (a.confidence = v))));
  }
  const course = $("course-" + a.id);
  if (course) { course.hidden = false; parts.push(course); }
  parts.push(el("h3", {}, "Flags"), ...study.flags.filter((row) => study.form || (h && h.flags && h.flags[row.name])).map((row) => flagPart(a, h, row)));
  if (study.form) {
    const text = el("textarea", { id: "comment", maxlength: 4000, oninput: () => { a.comment = text.value; keep(); } });
    text.value = a.comment;
    parts.push(el("p", {}, el("label", { for: "comment" }, "Comment on lesion " + a.id), text));
    if (a.origin === "added") parts.push(el("button", { type: "button", onclick: () => removeLesion(a.id) }, "Remove lesion " + a.id));
  }
  box.replaceChildren(...parts.filter(Boolean));
}
/* What belongs to the study as a whole. */
function showWhole() {
  const parts = [];
  if (study.form) {
    const code = el("input", { id: "reader", maxlength: 32, pattern: "[A-Za-z0-9]+", autocomplete: "off", oninput: () => { answers.reader = code.value; keep(); } });
    code.value = answers.reader;
    const text = el("textarea", { id: "comment-study", maxlength: 4000, oninput: () => { answers.comment = text.value; keep(); } });
    text.value = answers.comment;
    parts.push(el("h2", {}, "Study"), el("p", {}, el("label", { for: "reader" }, "Reader, a code of letters and digits "), code));
    parts.push(choices("Outline of the liver", "liver", [["right", "right"], ["wrong", "wrong"]], answers.liver, (v) => { answers.liver = v; keep(); }));
    parts.push(choices("Pen, eraser and fill work on", "target", [["lesions", view.lesion ? "lesion " + view.lesion : "the chosen lesion"], ["liver", "the liver"]], draw.target, (v) => (draw.target = v)));
    parts.push(el("p", {}, el("label", { for: "comment-study" }, "Comment on the study"), text));
  }
  if (answers.distances.length) {
    const list = el("ul", {});
    answers.distances.forEach((d, i) => list.append(el("li", {}, distanceMm(d.from_mm, d.to_mm).toFixed(1) + " mm ", el("button", { type: "button", onclick: () => goTo(toVoxel(d.from_mm)) }, "Show"), el("button", { type: "button", "aria-label": "Remove distance " + (i + 1), onclick: () => { answers.distances.splice(i, 1); keep(); showWhole(); drawAll(); } }, "Remove"))));
    parts.push(el("h3", {}, "Distances"), list);
  }
  $("whole").replaceChildren(...parts);
}
