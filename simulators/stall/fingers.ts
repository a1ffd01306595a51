/** One finger on the terminal's keys: what another call presses comes after it. */
import type { Key } from '#device/ports/keypad.ts';
import { type Organs, padKeys } from './organs.ts';
import { notNow, wrong } from './problems.ts';
import type { Wiring } from './wiring.ts';

export class Fingers {
  #pressing: Promise<unknown> = Promise.resolve();

  /** Presses keys one after the other; refuses a keypad or a key that is not there. */
  async press(
    { keypad, panel }: Organs,
    wiring: Wiring,
    keys: readonly Key[],
    on: 'keypad' | 'pad',
    perSecond: number,
  ): Promise<void> {
    if (on === 'pad') {
      const there = padKeys(wiring);
      const odd = keys.find((key) => !there.includes(key));
      if (odd !== undefined)
        throw wrong('keys', `The matrix has no ${odd}; it has ${there.join(' ')}.`);
    }
    if ((on === 'keypad' ? keypad : panel) === null) {
      throw notNow(`There is no ${on} here; press the keys of the other one, see "organs".`);
    }
    const done = this.#pressing.then(() =>
      (on === 'pad' ? panel : keypad)?.pressAll(keys, perSecond),
    );
    this.#pressing = done.catch(() => undefined);
    await done;
  }
}
