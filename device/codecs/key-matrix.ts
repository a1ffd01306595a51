/**
 * What a scanned key matrix without diodes says: which keys were newly pressed. Three keys at the
 * corners of a rectangle make the fourth look pressed, so nothing new in a rectangle is believed.
 */

/** Bit `column` of element `row` is set where the two are connected. */
export type MatrixImage = readonly number[];

/** When each held key was last seen closed, in monotonic milliseconds, by {@link cellOf}. */
export type HeldCells = ReadonlyMap<number, number>;

export interface Cell {
  readonly row: number;
  readonly column: number;
}

/** One number for a cell; a row has at most 16 columns. */
export const cellOf = ({ row, column }: Cell): number => row * 16 + column;

/** Whether more than one bit is set. */
export const hasTwo = (bits: number): boolean => (bits & (bits - 1)) !== 0;

function isClosed(image: MatrixImage, { row, column }: Cell): boolean {
  return ((image[row] ?? 0) & (1 << column)) !== 0;
}

/** Whether the cell is a corner of a rectangle of closed cells: it may be a ghost. */
function isAmbiguous(image: MatrixImage, { row, column }: Cell): boolean {
  return image.some((bits, other) => {
    const both = bits & (image[row] ?? 0);
    return other !== row && (both & (1 << column)) !== 0 && hasTwo(both);
  });
}

/** The closed cells that are not held and are no ghost, by row and then by column. */
export function newCells(held: HeldCells, image: MatrixImage): Cell[] {
  const cells: Cell[] = [];
  for (const [row, bits] of image.entries()) {
    for (let column = 0; bits >> column !== 0; column += 1) {
      const cell = { row, column };
      if (!isClosed(image, cell) || held.has(cellOf(cell)) || isAmbiguous(image, cell)) continue;
      cells.push(cell);
    }
  }
  return cells;
}

/** Those of `cells` that a second look still shows: neither a bounce nor noise on the wire. */
export const confirmCells = (cells: readonly Cell[], image: MatrixImage): Cell[] =>
  cells.filter((cell) => isClosed(image, cell));

/**
 * What is held after a scan: the held keys still closed or open for less than `releaseMs` (a
 * bouncing contact), and those newly pressed.
 */
export function holdCells(
  held: HeldCells,
  image: MatrixImage,
  pressed: readonly Cell[],
  nowMs: number,
  releaseMs: number,
): HeldCells {
  const next = new Map<number, number>();
  for (const [id, lastClosed] of held) {
    const closed = isClosed(image, { row: id >> 4, column: id & 15 });
    if (closed) next.set(id, nowMs);
    else if (nowMs - lastClosed < releaseMs) next.set(id, lastClosed);
  }
  for (const cell of pressed) next.set(cellOf(cell), nowMs);
  return next;
}
