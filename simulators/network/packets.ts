/**
 * MQTT control packets on a byte stream: cut at their boundaries (MQTT 3.1.1 and 5, §2.1), left as
 * they came, and told in words by the library's own parser.
 */
import mqttPacket, { type Packet } from 'mqtt-packet';
import { peek } from '#device/codecs/jws.ts';
import { formatMinor } from '#device/messages/money.ts';
import {
  type Downlink,
  downlinkSchema,
  type Uplink,
  uplinkSchema,
} from '#device/messages/order.ts';

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
  if (up.success) return describeUplink(up.data);
  const down = downlinkSchema.safeParse(token);
  if (down.success) return describeDownlink(down.data);
  return `${payload.length} bytes`;
}

function describeUplink(up: Uplink): string {
  switch (up.kind) {
    case 'order': {
      const { number, amount_minor, currency } = up.order;
      return `order ${number}, ${formatMinor(amount_minor, currency)} ${currency}`;
    }
    case 'close':
      return `close ${up.close.order}, ${up.close.because}`;
    case 'seen':
      return `result of ${up.seen.order} seen`;
    case 'refund_seen':
      return `refund of ${up.seen.order} seen`;
    case 'unpair':
      return 'sends the phone away';
    case 'relay_wanted':
      return `card ${up.wanted.uid} is here, to ${up.wanted.purpose}`;
    case 'relay_answer': {
      const { step, answers, ended } = up.answer;
      const end = ended === undefined ? '' : `, then ${ended}`;
      return `${answers.length} answers of the card to group ${step}${end}`;
    }
    case 'web_paid_seen':
      return `web order ${up.seen.order} seen`;
    case 'card_keys_kept':
      return `has keys of cards up to version ${up.kept.key_version}`;
    case 'relay_declined':
      return 'sends the invitation of a card away';
    // Its code stays out of what is shown.
    case 'voucher':
      return `order ${up.voucher.order}: voucher ${up.voucher.number}`;
    case 'voucher_look':
      return up.look.token === undefined
        ? 'asks for the key of vouchers'
        : 'asks what is left of a voucher';
    case 'card_payment': {
      const { order, card, counter } = up.payment;
      return `order ${order} paid by card ${card}, its transaction ${counter}`;
    }
    case 'card_unknown': {
      const { order, card, counter_before } = up.unknown;
      return `order ${order}: unknown whether card ${card} was debited after ${counter_before}`;
    }
    case 'day': {
      const { head, page, lines } = up.day;
      return `day ${head.number}, page ${page} of it: ${lines.length} of ${head.lines} lines`;
    }
  }
}

function describeDownlink(down: Downlink): string {
  switch (down.kind) {
    case 'time':
      return `time ${new Date(down.gateway_time).toISOString()}`;
    case 'receipt':
      return `receipt: ${down.receipt.order} ${down.receipt.said}`;
    case 'receipts':
      return `receipt: ${down.receipts.map(({ order, said }) => `${order} ${said}`).join(', ')}`;
    case 'attempt': {
      const { order, attempt, state } = down.attempt;
      return `attempt ${attempt} of ${order}: ${state}`;
    }
    case 'pairing': {
      const { number, paired } = down.pairing;
      return `terminal ${number}: ${paired === undefined ? 'no phone' : `phone ${paired.payer}`}`;
    }
    case 'result': {
      const { order, outcome, reason } = down.result;
      return `result: ${order} ${outcome}${reason === undefined ? '' : `, ${reason}`}`;
    }
    case 'refund': {
      const { order, amount_minor, currency } = down.refund;
      return `refund: ${order}, ${formatMinor(amount_minor, currency)} ${currency}`;
    }
    case 'web_paid':
      return `web order ${down.paid.order} paid by ${down.paid.card}`;
    case 'voucher_refused':
      return `voucher for ${down.refused.order}: ${down.refused.reason}`;
    case 'voucher_looked': {
      const { voucher } = down.looked;
      if (voucher === null) return 'key of vouchers';
      return `voucher: ${voucher.said === 'genuine' ? voucher.state : voucher.said}`;
    }
    case 'relay_invite':
      return `asks for a card, to ${down.invite.purpose}`;
    case 'relay_withdraw':
      return `asks for no card any more`;
    case 'relay':
      return `${down.group.apdus.length} commands for card ${down.group.uid}`;
    case 'relay_end':
      return `${down.end.purpose}: ${down.end.said}`;
    case 'card_receipt': {
      const { order, card, counter, said } = down.receipt;
      return `card receipt: ${order}, card ${card}, transaction ${counter} ${said}`;
    }
    case 'card_verdict': {
      const { order, card, committed } = down.verdict;
      return `card verdict: ${order}, card ${card} ${committed ? 'was' : 'was not'} debited`;
    }
    case 'card_keys':
      return 'card keys, sealed';
    case 'day_wanted':
      return `day ${down.wanted.number}: page ${down.wanted.page} is next`;
    case 'day_receipt': {
      const { number, agreed, differing } = down.receipt;
      return `day ${number}: ${agreed ? 'agreed' : `${differing} differences`}`;
    }
    case 'hotlist': {
      const { version, entries, full } = down.hotlist;
      return `hotlist ${version}: ${entries.length} cards${full ? '' : ' more'}`;
    }
  }
}
