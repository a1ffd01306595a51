/** Times that were measured, their median and 95th percentile, and the table they are read from. */

/** One figure: what the product took, and what the bare wire took in the same run. */
export interface Figure {
  readonly what: string;
  readonly samples: readonly number[];
  readonly bare?: readonly number[];
  /** What the bare wire is, in a few words. */
  readonly wire?: string;
  /** Most that the median may be. */
  readonly target?: number;
  /** `ms` where it is left out. */
  readonly unit?: 'ms' | 'MB' | '%';
}

/** The value below which the share `rank` of the samples lies (nearest rank); NaN without any. */
export function percentile(samples: readonly number[], rank: number): number {
  const sorted = samples.toSorted((left, right) => left - right);
  return sorted[Math.max(0, Math.ceil(rank * sorted.length) - 1)] ?? Number.NaN;
}

export const median = (samples: readonly number[]): number => percentile(samples, 0.5);

/** What several wires one after the other take: sample by sample, as many as the shortest has. */
export function chain(...wires: readonly (readonly number[])[]): number[] {
  const count = Math.min(...wires.map((wire) => wire.length));
  return Array.from({ length: count }, (_, at) =>
    wires.reduce((sum, wire) => sum + (wire[at] ?? 0), 0),
  );
}

const shown = (value: number, unit: string): string =>
  `${value.toFixed(value < 10 ? 2 : value < 1000 ? 1 : 0)} ${unit}`;

function verdict({ samples, target, unit = 'ms' }: Figure): string {
  if (target === undefined) return '';
  return `≤ ${target} ${unit} ${median(samples) <= target ? 'held' : 'OVER'}`;
}

function cellsOf(figure: Figure): string[] {
  const { what, samples, bare = [], wire = '', unit = 'ms' } = figure;
  if (samples.length === 0) return [what, 'not measured', '', '', '', '', '', ''];
  const ratio = median(samples) / median(bare);
  return [
    what,
    shown(median(samples), unit),
    samples.length < 3 ? '' : shown(percentile(samples, 0.95), unit),
    String(samples.length),
    verdict(figure),
    bare.length === 0 ? '' : shown(median(bare), unit),
    bare.length === 0 ? '' : `${ratio.toFixed(1)} ×`,
    wire,
  ];
}

const HEAD = ['', 'median', 'p95', 'n', 'target', 'bare wire', 'ratio', 'which is'];

/** A Markdown table, its columns aligned for a terminal, too. */
export function tableOf(figures: readonly Figure[]): string {
  const rows = [HEAD, ...figures.map(cellsOf)];
  const widths = HEAD.map((_, column) =>
    Math.max(3, ...rows.map((cells) => (cells[column] ?? '').length)),
  );
  const line = (cells: readonly string[]): string =>
    `| ${cells.map((cell, at) => pad(cell, widths[at] ?? 0, isNumber(at))).join(' | ')} |`;
  const rule = widths.map((width, at) =>
    isNumber(at) ? `${'-'.repeat(width - 1)}:` : '-'.repeat(width),
  );
  const [head = HEAD, ...body] = rows;
  return [line(head), `| ${rule.join(' | ')} |`, ...body.map(line)].join('\n');
}

const isNumber = (column: number): boolean => [1, 2, 3, 5, 6].includes(column);
const pad = (cell: string, width: number, right: boolean): string =>
  right ? cell.padStart(width) : cell.padEnd(width);
