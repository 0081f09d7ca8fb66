// Tables.

/** What a cell is sorted by: a number where it is one. */
function sortKey(row, column) {
  const cell = row.cells[column];
  const text = cell.dataset.value ?? cell.textContent.trim();
  const value = Number(text.replaceAll(",", ""));
  return text !== "" && Number.isFinite(value) ? value : text;
}

function compare(a, b) {
  if (typeof a === "number" && typeof b === "number") return a - b;
  // Numbers come before text, so that missing figures gather at one end.
  if (typeof a === "number") return -1;
  if (typeof b === "number") return 1;
  return a.localeCompare(b, root.lang);
}

function sortBy(table, heading, column) {
  const ascending = heading.getAttribute("aria-sort") !== "ascending";
  for (const other of table.tHead.rows[0].cells) other.removeAttribute("aria-sort");
  heading.setAttribute("aria-sort", ascending ? "ascending" : "descending");
  const body = table.tBodies[0];
  const rows = [...body.rows].sort((a, b) => {
    const order = compare(sortKey(a, column), sortKey(b, column));
    return ascending ? order : -order;
  });
  body.append(...rows);
}

function setUpSorting() {
  for (const table of document.querySelectorAll("table[data-sortable]")) {
    [...table.tHead.rows[0].cells].forEach((heading, column) => {
      const button = document.createElement("button");
      button.type = "button";
      button.className = "sort";
      button.append(...heading.childNodes);
      heading.append(button);
      button.addEventListener("click", () => sortBy(table, heading, column));
    });
  }
}

/** The table as tab-separated text, in full precision, with the ends of the intervals. */
function tabSeparated(table) {
  const rows = [...table.tBodies[0].rows];
  const columns = [...table.tHead.rows[0].cells].map((heading, column) => ({
    name: heading.dataset.name ?? heading.textContent.trim(),
    hasInterval: rows.some((row) => row.cells[column].dataset.low !== undefined),
  }));
  const head = columns.flatMap(({ name, hasInterval }) =>
    hasInterval ? [name, `${name} ${words.low}`, `${name} ${words.high}`] : [name],
  );
  const body = rows.map((row) =>
    columns.flatMap(({ hasInterval }, column) => {
      const cell = row.cells[column];
      const value = cell.dataset.value ?? cell.textContent.trim();
      return hasInterval ? [value, cell.dataset.low ?? "", cell.dataset.high ?? ""] : [value];
    }),
  );
  return [head, ...body].map((cells) => cells.join("\t")).join("\n") + "\n";
}

async function toClipboard(text) {
  try {
    await navigator.clipboard.writeText(text);
  } catch {
    // A page from a file may lack the clipboard's interface.
    const box = document.createElement("textarea");
    box.value = text;
    document.body.append(box);
    box.select();
    document.execCommand("copy");
    box.remove();
  }
}

function setUpCopying() {
  for (const button of document.querySelectorAll("[data-copy]")) {
    const table = button.closest(".block, details, section").querySelector("table");
    const label = button.textContent;
    button.hidden = false;
    button.addEventListener("click", async () => {
      await toClipboard(tabSeparated(table));
      button.textContent = words.copied;
      setTimeout(() => (button.textContent = label), 1500);
    });
  }
}

function setUpColumns() {
  for (const button of document.querySelectorAll("[data-columns]")) {
    const table = button.closest(".block").querySelector("table");
    if (!table.querySelector(".extra")) continue;
    table.classList.add("brief");
    button.hidden = false;
    button.addEventListener("click", () => {
      table.classList.remove("brief");
      button.hidden = true;
    });
  }
}
