/**
 * What hangs on a microcontroller's pins, electrically: a key matrix without diodes. A pressed key
 * connects its row and its column, so three corners of a rectangle make the fourth look pressed.
 */

/** How the microcontroller drives a pin. */
export type Drive = 'low' | 'high' | 'pullup' | 'floating';

export interface MatrixWiring {
  readonly rows: readonly number[];
  readonly columns: readonly number[];
}

export class Circuit {
  readonly #wiring: MatrixWiring;
  /** Closed contacts as `row,column` of pins. */
  readonly #closed = new Map<string, readonly [row: number, column: number]>();
  /** What a pin without any driver keeps for a while. */
  readonly #charge = new Map<number, 0 | 1>();
  #shorts = 0;

  constructor(wiring: MatrixWiring) {
    this.#wiring = wiring;
  }

  /** How often two outputs of opposite level were connected: smoke, on metal. */
  get shorts(): number {
    return this.#shorts;
  }

  /** Closes or opens the contact between the pins of a row and a column of the matrix. */
  connect(row: number, column: number, closed: boolean): void {
    const [rowPin, columnPin] = [this.#wiring.rows[row], this.#wiring.columns[column]];
    if (rowPin === undefined || columnPin === undefined) {
      throw new RangeError(`the matrix has no row ${row}, column ${column}`);
    }
    const contact = `${rowPin},${columnPin}`;
    if (closed) this.#closed.set(contact, [rowPin, columnPin]);
    else this.#closed.delete(contact);
  }

  /** The level that each pin of the matrix sees. */
  levels(drive: (pin: number) => Drive): Map<number, 0 | 1> {
    const levels = new Map<number, 0 | 1>();
    for (const net of this.#nets()) {
      const drives = net.map(drive);
      const level = this.#levelOf(drives, net);
      for (const pin of net) levels.set(pin, level);
    }
    return levels;
  }

  #levelOf(drives: readonly Drive[], net: readonly number[]): 0 | 1 {
    if (drives.includes('low') && drives.includes('high')) this.#shorts += 1;
    let level: 0 | 1 = 0;
    if (drives.includes('low')) level = 0;
    else if (drives.includes('high') || drives.includes('pullup')) level = 1;
    else level = this.#charge.get(net[0] ?? -1) ?? 0;
    for (const pin of net) this.#charge.set(pin, level);
    return level;
  }

  /** Pins that closed contacts connect with each other. */
  #nets(): number[][] {
    const nets: Set<number>[] = [...this.#wiring.rows, ...this.#wiring.columns].map(
      (pin) => new Set([pin]),
    );
    for (const [row, column] of this.#closed.values()) {
      const left = nets.findIndex((net) => net.has(row));
      const right = nets.findIndex((net) => net.has(column));
      if (left === right) continue;
      const merged = new Set([...(nets[left] ?? []), ...(nets[right] ?? [])]);
      nets.splice(Math.max(left, right), 1);
      nets.splice(Math.min(left, right), 1, merged);
    }
    return nets.map((net) => [...net]);
  }
}
