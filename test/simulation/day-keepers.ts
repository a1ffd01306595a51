/** Vendors as they close their days, as one actor: after all has healed each closes its last one. */
import type { Actor, Scene } from './actors.ts';
import { closeDay } from './people.ts';

const ROUND_MS = 60_000;

/** They come to every world. */
export function dayKeepers({ street, houses, terminals }: Scene): Actor {
  const { auditor, time } = street;
  const { tables } = houses.of('order-centre');
  let healing = false;

  const isSettled = (terminal: string): boolean =>
    auditor.journals.unsettled(terminal).length === 0;

  /** Each closes its day once all of it is settled, and again where something came later. */
  const closeDays = (): void => {
    for (const stall of terminals) {
      if (!stall.isReady || !isSettled(stall.id)) continue;
      if (auditor.days.hasOpenDay(stall.id)) void closeDay(street, stall);
    }
    time.after(ROUND_MS, closeDays);
  };

  return {
    begin: () => undefined,
    heal() {
      healing = true;
      time.after(ROUND_MS, closeDays);
    },
    unfinished: () =>
      terminals.flatMap(({ id }) => [
        ...(healing && auditor.days.hasOpenDay(id) ? [`${id} has an open day`] : []),
        ...auditor.days.unfinished(id, tables),
      ]),
    judge: () => auditor.days.judge(tables),
  };
}
