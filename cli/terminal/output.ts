import Table from 'cli-table3';

/** Prints a JSON document, for `--json`. */
export function printJson(value: unknown): void {
  process.stdout.write(`${JSON.stringify(value, null, 2)}\n`);
}

export function printLine(line = ''): void {
  process.stdout.write(`${line}\n`);
}

/** Progress and remarks: never mixed into an answer that is piped. */
export function remark(line: string): void {
  process.stderr.write(`${line}\n`);
}

/** A table without colours, so that it reads the same in a log. `right` are columns of numbers. */
export function printTable(head: string[], rows: (string | number)[][], right: number[] = []): void {
  const table = new Table({
    head,
    style: { head: [], border: [] },
    // No rules between rows: a table of forty columns has to fit a screen.
    chars: { mid: '', 'left-mid': '', 'mid-mid': '', 'right-mid': '' },
    colAligns: head.map((_, column) => (right.includes(column) ? 'right' : 'left')),
  });
  table.push(
    ...rows.map((row) => row.map((cell) => (typeof cell === 'number' ? cell.toLocaleString('en') : visible(cell)))),
  );
  printLine(table.toString());
}

/** Text of a source may hold anything, escape sequences of terminals included. */
export function visible(text: string): string {
  // biome-ignore lint/suspicious/noControlCharactersInRegex: control characters are what is looked for
  return text.replace(/[\u0000-\u0008\u000b-\u001f\u007f-\u009f]/g, '\ufffd').replaceAll('\n', ' ');
}

export function seconds(from: string | null, to: string | null): number {
  return from === null || to === null ? 0 : (Date.parse(to) - Date.parse(from)) / 1000;
}
