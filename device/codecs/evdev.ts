/** Events of a Linux input device (`struct input_event` of <linux/input.h>), as a read gives them. */

export const EV_SYN = 0;
export const EV_KEY = 1;
/** The kernel's buffer was full: events are missing before this one. */
export const SYN_DROPPED = 3;

export interface InputEvent {
  readonly type: number;
  readonly code: number;
  /** Of a key: 0 up, 1 down, 2 held on. */
  readonly value: number;
}

/** Two longs of time before the event: 24 bytes for a 64-bit program, 16 for a 32-bit one. */
export type EventLength = 16 | 24;

/** The whole events in what was read, and what is left of one. */
export function readEvents(
  bytes: Uint8Array,
  length: EventLength,
): { readonly events: readonly InputEvent[]; readonly rest: Uint8Array } {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const events: InputEvent[] = [];
  let at = 0;
  for (; at + length <= bytes.length; at += length) {
    const body = at + length - 8;
    events.push({
      type: view.getUint16(body, true),
      code: view.getUint16(body + 2, true),
      value: view.getInt32(body + 4, true),
    });
  }
  return { events, rest: bytes.slice(at) };
}

/** The same for whoever plays the kernel; its time is 1970. */
export function writeEvents(events: readonly InputEvent[], length: EventLength): Uint8Array {
  const bytes = new Uint8Array(events.length * length);
  const view = new DataView(bytes.buffer);
  for (const [index, { type, code, value }] of events.entries()) {
    const body = (index + 1) * length - 8;
    view.setUint16(body, type, true);
    view.setUint16(body + 2, code, true);
    view.setInt32(body + 4, value, true);
  }
  return bytes;
}
