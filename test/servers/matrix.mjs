// What the servers can do, as a table of text.

/** Rooms whose every test is one row of its own in the suite, but one row together in the table. */
const gathered = new Set(["keys"]);

/** One server's column from the results of its run: `cells` by row, and the counts. */
export function columnOf(results) {
  const cells = new Map();
  let passed = 0;
  let failed = results.strays ?? 0;
  for (const { assertionResults } of results.testResults) {
    for (const { ancestorTitles, title, status, meta, duration } of assertionResults) {
      if (status !== "passed" && status !== "failed") continue;
      if (status === "passed") passed += 1;
      else failed += 1;
      const room = ancestorTitles.at(-1) ?? "";
      const outcome = status === "failed" ? { kind: "FAIL", text: "" } : (meta?.outcome ?? { kind: "pass", text: "" });
      cells.set(`${room}: ${title}`, { room, title, outcome, duration });
    }
  }
  return { cells, passed, failed };
}

/** Prints the table, and beneath it, in words, where a server parts from S3. */
export function printMatrix(columns) {
  const rows = new Map();
  for (const { cells } of columns) {
    for (const { room, title } of cells.values()) {
      const row = gathered.has(room) ? room : `${room}: ${title}`;
      if (!rows.has(row)) rows.set(row, []);
    }
  }
  // Clearing up is worth a row only where it did not work.
  for (const row of rows.keys()) {
    if (row.endsWith(": leaves nothing behind") && columns.every((column) => cell(column, row) === "pass"))
      rows.delete(row);
  }
  const table = [...rows.keys()].map((row) => [row, ...columns.map((column) => cell(column, row))]);
  const head = ["", ...columns.map(({ name, notes }) => `${name} ${notes}`)];
  const widths = head.map((_, at) => Math.max(...[head, ...table].map((line) => [...line[at]].length)));
  const line = (cells) =>
    cells
      .map((text, at) => text.padEnd(widths[at]))
      .join("  ")
      .trimEnd();
  console.log(`\n${line(head)}\n${widths.map((width) => "-".repeat(width)).join("  ")}`);
  for (const cells of table) console.log(line(cells));

  for (const { name, cells } of columns) {
    const differing = [...cells.entries()].filter(([, { outcome }]) => outcome.kind === "differs");
    if (differing.length === 0) continue;
    console.log(`\nWhere ${name} differs from S3:`);
    for (const [row, { outcome }] of differing) console.log(`  ${row}: ${outcome.text}`);
  }
}

function cell({ cells }, row) {
  if (!gathered.has(row)) {
    const found = cells.get(row);
    if (found === undefined) return "-";
    const { kind, text } = found.outcome;
    return kind === "refused" ? `refused: ${text}` : kind;
  }
  const kinds = {};
  for (const { room, outcome } of cells.values()) {
    if (room === row) kinds[outcome.kind] = (kinds[outcome.kind] ?? 0) + 1;
  }
  return (
    Object.entries(kinds)
      .map(([kind, count]) => `${count} ${kind}`)
      .join(", ") || "-"
  );
}
