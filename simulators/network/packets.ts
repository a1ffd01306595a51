/**
 * MQTT control packets on a byte stream: cut at their boundaries (MQTT 3.1.1 and 5, §2.1), left as
 * they came, and told in words by the library's own parser.
 */
import mqttPacket, { type Packet } from 'mqtt-packet';
import { peek } from '#device/codecs/jws.ts';
import { formatMinor } from '#device/messages/money.ts';
import { downlinkSchema, uplinkSchema } from '#device/messages/order.ts';

/** Longest packet that the wire carries; a longer one is no terminal's. */
const LONGEST = 1 << 20;

export class PacketCutter {
  #rest: Buffer = Buffer.alloc(0);

  /** Whole packets, header included; throws a RangeError where the stream is no MQTT. */
  push(bytes: Buffer): Buffer[] {
    this.#rest = Buffer.concat([this.#rest, bytes]);
    const packets: Buffer[] = [];
    for (let length = this.#length(); length > 0; length = this.#length()) {
      packets.push(Buffer.from(this.#rest.subarray(0, length)));
      this.#rest = this.#rest.subarray(length);
    }
    return packets;
  }

  /** Length of the first packet, or 0 while it has not come whole. */
  #length(): number {
    let remaining = 0;
    for (let at = 1; at <= 4; at += 1) {
      const byte = this.#rest[at];
      if (byte === undefined) return 0;
      remaining += (byte & 127) << (7 * (at - 1));
      if (byte >= 128) continue;
      const whole = 1 + at + remaining;
      if (whole > LONGEST) throw new RangeError(`an MQTT packet of ${whole} bytes`);
      return this.#rest.length < whole ? 0 : whole;
    }
    throw new RangeError('an MQTT remaining length of more than four bytes');
  }
}

export interface ToldPacket {
  /** Command as the standard calls it, in lower case: `publish`, `puback`, … */
  readonly command: string;
  readonly text: string;
}

/** Reads packets of one connection in both directions; the version comes with CONNECT. */
export class PacketTeller {
  #version: 3 | 4 | 5 = 4;

  tell(bytes: Buffer): ToldPacket {
    let packet: Packet | undefined;
    const parser = mqttPacket.parser({ protocolVersion: this.#version });
    parser.on('packet', (parsed: Packet) => {
      packet = parsed;
    });
    parser.on('error', () => undefined);
    parser.parse(bytes);
    if (packet === undefined) return { command: 'unknown', text: 'not an MQTT packet' };
    if (packet.cmd === 'connect') this.#version = packet.protocolVersion ?? 4;
    return { command: packet.cmd, text: describe(packet) };
  }
}

function describe(packet: Packet): string {
  const id = packet.messageId === undefined ? '' : ` #${packet.messageId}`;
  switch (packet.cmd) {
    case 'connect':
      return `CONNECT ${packet.clientId} as ${packet.username ?? 'nobody'}`;
    case 'connack': {
      const code = packet.reasonCode ?? packet.returnCode ?? 0;
      return code === 0 ? 'CONNACK welcome' : `CONNACK refused, code ${code}`;
    }
    case 'subscribe':
      return `SUBSCRIBE${id} ${packet.subscriptions.map((each) => each.topic).join(', ')}`;
    case 'publish': {
      const again = packet.dup ? ' again' : '';
      return `PUBLISH${id}${again} ${packet.topic}: ${describePayload(packet.payload)}`;
    }
    default:
      return `${packet.cmd.toUpperCase()}${id}`;
  }
}

function describePayload(payload: Buffer | string): string {
  const token = peek(payload.toString());
  const up = uplinkSchema.safeParse(token);
  if (up.success) {
    const { data } = up;
    if (data.kind === 'close') return `close ${data.close.order}, ${data.close.because}`;
    if (data.kind === 'seen') return `result of ${data.seen.order} seen`;
    if (data.kind === 'unpair') return 'sends the phone away';
    const { number, amount_minor, currency } = data.order;
    return `order ${number}, ${formatMinor(amount_minor, currency)} ${currency}`;
  }
  const down = downlinkSchema.safeParse(token);
  if (down.success) {
    const { data } = down;
    if (data.kind === 'time') return `time ${new Date(data.gateway_time).toISOString()}`;
    if (data.kind === 'receipt') return `receipt: ${data.receipt.order} ${data.receipt.said}`;
    if (data.kind === 'attempt') {
      const { order, attempt, state } = data.attempt;
      return `attempt ${attempt} of ${order}: ${state}`;
    }
    if (data.kind === 'pairing') {
      const { number, paired } = data.pairing;
      return `terminal ${number}: ${paired === undefined ? 'no phone' : `phone ${paired.payer}`}`;
    }
    const { order, outcome, reason } = data.result;
    return `result: ${order} ${outcome}${reason === undefined ? '' : `, ${reason}`}`;
  }
  return `${payload.length} bytes`;
}
