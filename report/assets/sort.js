/* Heads of the tables of class "sortable" become buttons: one click sorts the rows by that column, the next one the other
 * way. A cell is compared by its data-v where it has one (a number), else by its text; cells without a value stay last.
 * Rows that are equal keep their order. Without this script the tables are as they were written. */
"use strict";
(function () {
  const valueOf = (row, k) => {
    const cell = row.cells[k], v = cell.dataset.v;
    if (v !== undefined) return v === "" ? null : Number(v);
    const text = cell.textContent.trim();
    return text === "–" || text === "" ? null : text;
  };
  const compare = (a, b) =>
    typeof a === "number" && typeof b === "number" ? a - b : String(a).localeCompare(String(b), "en", { numeric: true });
  const sort = (table, k, head) => {
    const falling = head.getAttribute("aria-sort") === "ascending", body = table.tBodies[0];
    const rows = Array.from(body.rows, (row) => [row, valueOf(row, k)]);
    rows.sort(([, a], [, b]) =>
      a === null || b === null ? (a === null) - (b === null) : falling ? compare(b, a) : compare(a, b));
    for (const h of head.parentNode.cells) h.removeAttribute("aria-sort");
    head.setAttribute("aria-sort", falling ? "descending" : "ascending");
    body.append(...rows.map(([row]) => row));
  };
  for (const table of document.querySelectorAll("table.sortable"))
    Array.from(table.tHead.rows[0].cells).forEach((head, k) => {
      const button = document.createElement("button");
      button.type = "button";
      button.append(...head.childNodes);
      head.append(button);
      button.addEventListener("click", () => sort(table, k, head));
    });
})();
