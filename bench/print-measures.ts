import Table from 'cli-table3';

/** Prints one table: a column for each measurement, a row for each figure. */
export function printMeasures(title: string, measurements: Record<string, Record<string, string>>): void {
  const names = Object.keys(measurements);
  const table = new Table({
    head: ['', ...names],
    colAligns: ['left', ...names.map(() => 'right' as const)],
    style: { head: [], border: [] },
  });
  for (const figure of Object.keys(measurements[names[0] ?? ''] ?? {})) {
    table.push([figure, ...names.map((name) => measurements[name]?.[figure] ?? '')]);
  }
  console.log(`\n${title}\n${table.toString()}`);
}

/** The smallest value that `percent` of all are not above. */
export function percentile(values: readonly number[], percent: number): number {
  const sorted = [...values].sort((a, b) => a - b);
  return sorted[Math.max(0, Math.ceil((percent / 100) * sorted.length) - 1)] ?? Number.NaN;
}

/** The middle of the sorted values; the lower of the two middle ones of an even number. */
export function median(values: readonly number[]): number {
  return [...values].sort((a, b) => a - b)[Math.floor((values.length - 1) / 2)] ?? Number.NaN;
}
