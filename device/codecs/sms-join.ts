/** Parts of long messages that wait for the others. They come in any order, twice, or never. */
import type { Deliver } from './sms-pdu.ts';

export interface WaitingPart {
  readonly message: Deliver;
  /** Where the modem keeps it. */
  readonly index: number;
}

export interface JoinedSms {
  readonly from: string;
  readonly text: string;
  readonly sent_at: number;
  /** What may be deleted when the message is safe. */
  readonly indexes: readonly number[];
}

/** Parts whose others never come are given as they are after this: half a message is better than none. */
export const PATIENCE_MS = 24 * 3_600_000;

/**
 * What is whole among `parts`, and what still waits. `now` is the service centre's time of the newest
 * message or later. Messages that are no text are dropped: their index comes with an empty text.
 */
export function joinParts(
  parts: readonly WaitingPart[],
  now: number,
): { readonly whole: readonly JoinedSms[]; readonly waiting: readonly WaitingPart[] } {
  const groups = Map.groupBy(parts, ({ message: { from, part }, index }) =>
    part === null ? `alone ${index}` : `${from} ${part.wide} ${part.reference} ${part.count}`,
  );
  const whole: JoinedSms[] = [];
  const waiting: WaitingPart[] = [];
  for (const group of groups.values()) {
    const byNumber = new Map(
      group.map((each): [number, WaitingPart] => [each.message.part?.number ?? 1, each]),
    );
    const count = group[0]?.message.part?.count ?? 1;
    const oldest = Math.min(...group.map(({ message }) => message.sent_at));
    if (byNumber.size < count && now - oldest < PATIENCE_MS) {
      waiting.push(...group);
      continue;
    }
    const ordered = [...byNumber].sort(([a], [b]) => a - b).map(([, each]) => each);
    whole.push({
      from: group[0]?.message.from ?? '',
      text: ordered.map(({ message }) => message.text ?? '').join(''),
      sent_at: oldest,
      indexes: group.map(({ index }) => index),
    });
  }
  return { whole, waiting };
}
