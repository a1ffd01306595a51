/** Messages of an order centre to phones: the real courier, with weather for networks and providers. */
import type { Core } from '#gateway/core.ts';
import { Courier } from '#gateway/notify/courier.ts';
import type { Notifier, Told } from '#gateway/notify/notifier.ts';
import type { VirtualTime } from '#simulators/simulation/time.ts';
import type { Weather } from '#simulators/simulation/weather.ts';

const TIMEOUT_MS = 10_000;

/** `arrived` is called with each message that reaches somebody, also with the second of one; the answer stops it. */
export function carryMessages(
  time: VirtualTime,
  weather: Weather,
  { tables, writer, clock, chance, log }: Core,
  arrived: (to: string, text: string) => void,
): () => void {
  const carrier: Notifier = {
    tell: ({ recipient, body }) =>
      new Promise<Told>((resolve) => {
        time.after(TIMEOUT_MS, () => resolve({ said: 'later', why: 'timeout' }));
        weather.carry(() => {
          arrived(recipient, (JSON.parse(body) as { text: string }).text);
          weather.carry(() => resolve({ said: 'taken', reference: null }));
        });
      }),
  };
  const courier = new Courier({
    ...{ owner: 'order-centre', deliveries: tables.deliveries, writer, clock, chance, log },
    notifiers: { sms: carrier, email: carrier, webhook: undefined },
  });
  return () => courier.close();
}
