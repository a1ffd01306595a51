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
 * The parts of one message are sent one after another. Its reference comes again with the 256th message
 * after it (3GPP TS 23.040 §9.2.3.24.1): parts that far apart are of two messages.
 */
export const SPREAD_MS = 3_600_000;

/** Parts of one sender, reference and number of parts, by message: close in time, no number with two texts. */
function messagesOf(parts: readonly WaitingPart[]): WaitingPart[][] {
  const found: WaitingPart[][] = [];
  for (const part of parts.toSorted((a, b) => a.message.sent_at - b.message.sent_at)) {
    const { message } = part;
    const fits = (others: readonly WaitingPart[]): boolean =>
      message.sent_at - (others[0]?.message.sent_at ?? 0) <= SPREAD_MS &&
      others.every(
        ({ message: { part: its, text } }) =>
          its?.number !== message.part?.number || text === message.text,
      );
    const group = found.findLast(fits);
    if (group === undefined) found.push([part]);
    else group.push(part);
  }
  return found;
}

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
  for (const group of [...groups.values()].flatMap(messagesOf)) {
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
