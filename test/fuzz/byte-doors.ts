/** Decoders that keep no state, or only the rest of a line: whatever comes, they answer. */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import {
  readManufacturerData,
  readStructures,
  readUuid,
  writeAdvertisement,
} from '#device/codecs/advertisement.ts';
import { readCommand, readResponse, writeCommand } from '#device/codecs/apdu.ts';
import {
  AtSplitter,
  readCallResult,
  readListedCall,
  readOperator,
  readResult,
  readSignal,
  readUrc,
} from '#device/codecs/at.ts';
import { readBroadcast, verifyBroadcast, writeBroadcast } from '#device/codecs/broadcast.ts';
import { concat, fromHex, fromUtf8, hex, utf8 } from '#device/codecs/bytes.ts';
import { readMerchantPresented, writeMerchantPresented } from '#device/codecs/emvco.ts';
import { PacketSplitter, readCompletion, readPacket, writePacket } from '#device/codecs/hci.ts';
import { type Down, readReport, splitReports, writeReport } from '#device/codecs/hid-keyboard.ts';
import { historicalOfAtr, historicalOfAts } from '#device/codecs/historical.ts';
import { open, peek, seal } from '#device/codecs/jws.ts';
import { PanelReader } from '#device/codecs/nextion.ts';
import { offerOrder, verifyOffer, writeOffer } from '#device/codecs/offer.ts';
import { ACK, FROM_CHIP, Pn532Splitter, readTargets, writePn532 } from '#device/codecs/pn532.ts';
import { readHolder, readLogRecord } from '#device/codecs/purse.ts';
import { joinParts } from '#device/codecs/sms-join.ts';
import { readSmsPdu, readTpdu } from '#device/codecs/sms-pdu.ts';
import { verifyWebhook, writeWebhookSecret } from '#device/codecs/standard-webhooks.ts';
import { mintVoucherNumber, readVoucher, writeVoucher } from '#device/codecs/voucher.ts';
import { type VoucherClaims, voucherClaimsSchema } from '#device/messages/voucher.ts';
import { readBoard } from '#firmware/boards.ts';
import { FramingCheck } from '#firmware/firmata/transport.ts';
import { GATEWAY_KEY, GATEWAY_SECRET, KEYS } from '#test/flows/stand.ts';
import { HOME } from '#test/tidy/sources.ts';
import { broken, type Door } from './door.ts';

const ORDER = '0123456789ABCDEF';
const NOW = 1_790_000_000_000;
const PLACE = { latitude: 31.23, longitude: 121.47 };

/** Text as a line or a code brings it: bytes that are no UTF-8 become U+FFFD. */
const textOf = (input: Uint8Array): string => new TextDecoder().decode(input);

const same = (one: Uint8Array, two: Uint8Array, what: string): void => {
  if (hex(one) !== hex(two)) broken(`${what}: read and written again it is ${hex(two)}`);
};

const pay = writeOffer(KEYS.offer, ORDER, PLACE, NOW);

const offers: Door = {
  name: 'offer',
  shape: 'bytes',
  golden: [utf8(pay)],
  take(input) {
    const token = textOf(input);
    offerOrder(token);
    const verdict = verifyOffer(KEYS.offer, token, PLACE, NOW);
    if (verdict === 'good' && token !== pay) broken(`${token} is taken for ${pay}`);
  },
};

const emvco: Door = {
  name: 'emvco',
  shape: 'bytes',
  golden: [
    utf8(
      writeMerchantPresented({
        ...{ token: pay, amount_minor: 1250, currency: 'CNY', country: 'CN', category: '5814' },
        ...{ merchant: '夜市 Tofu', city: 'Shanghai', bill: ORDER },
      }),
    ),
  ],
  take: (input) => void readMerchantPresented(textOf(input)),
};

const beacon = writeBroadcast(KEYS.broadcast, ORDER, NOW, -59);

const air: Door = {
  name: 'advertisement',
  shape: 'bytes',
  golden: [writeAdvertisement(beacon), fromHex('02011a1aff4c000215e2c56db5dffb48d2b060d0f5a71096')],
  take(input) {
    for (const { data } of readStructures(input)) readUuid(data);
    const found = readManufacturerData(input);
    if (found === null) return;
    readBroadcast(found);
    const verdict = verifyBroadcast(KEYS.broadcast, found, NOW);
    const forged = hex(found) !== hex(beacon);
    if (verdict === 'good' && forged) broken(`${hex(found)} is taken for ours`);
  },
};

const hci: Door = {
  name: 'hci',
  shape: 'bytes',
  golden: [
    concat(fromHex('01030c00'), fromHex('040e0401030c00'), fromHex('02402007000300040001aabb')),
    fromHex('043e0c02010000112233445566aa00c0'),
  ],
  take(input) {
    const splitter = new PacketSplitter();
    for (let at = 0; at < input.length; at += 7) {
      for (const bytes of splitter.push(input.subarray(at, at + 7)).packets) {
        const packet = readPacket(bytes);
        if (packet === null) return broken('a packet of the splitter is none');
        same(bytes, writePacket(packet), 'HCI packet');
        readCompletion(packet);
      }
    }
  },
};

const apdus: Door = {
  name: 'apdu',
  shape: 'bytes',
  golden: ['00a4040007d276000085010000', '905a000003e01cf500', '9000', '91af', '00b0000000'].map(
    fromHex,
  ),
  take(input) {
    readResponse(input);
    const command = readCommand(input);
    if (command !== null && input.length < 250) writeCommand(command);
    historicalOfAtr(input);
    historicalOfAts(input);
    readHolder(input);
    readLogRecord(input);
  },
};

const keypads: Door = {
  name: 'hid',
  shape: 'bytes',
  golden: [concat(writeReport([0x59]), writeReport([]), writeReport([0x58, 0x62]))],
  take(input) {
    let down: Down = new Set();
    for (const report of splitReports(input).reports) down = readReport(report, down).down;
    readReport(input, down);
  },
};

const modem: Door = {
  name: 'at',
  shape: 'bytes',
  golden: [
    '\r\nOK\r\n\r\n+CME ERROR: 10\r\n\r\nRING\r\n\r\n+CLIP: "+8613800000001",145,,,,0\r\n',
    '\r\n+CLCC: 1,1,4,0,0,"+8613800000001",145\r\n\r\n+CSQ: 21,99\r\n\r\nVOICE CALL: END: 000012\r\n',
    '\r\n+CMTI: "SM",3\r\n\r\n+CREG: 0,1\r\n\r\n+RXDTMF: 5\r\n\r\n> \r\n+COPS: 0,0,"CHN-CT",7\r\n',
    '\r\n+CDS: 25\r\n\r\n+CMS ERROR: 305\r\n\r\nNO CARRIER\r\n\r\n+CPIN: READY\r\n',
  ].map(utf8),
  take(input) {
    const splitter = new AtSplitter();
    for (let at = 0; at < input.length; at += 5) {
      for (const token of splitter.push(input.subarray(at, at + 5))) {
        if (token.is !== 'line') continue;
        for (const read of [readResult, readCallResult, readUrc, readListedCall]) read(token.text);
        for (const read of [readSignal, readOperator]) read(token.text);
      }
    }
  },
};

interface GoldenSms {
  readonly deliver: readonly { readonly pdu: string }[];
}
const golden: GoldenSms = JSON.parse(
  readFileSync(join(HOME, 'test', 'golden', 'sms-pdu.json'), 'utf8'),
);

const sms: Door = {
  name: 'sms',
  shape: 'bytes',
  golden: golden.deliver.map(({ pdu }) => fromHex(pdu.toLowerCase())),
  take(input) {
    readSmsPdu(hex(input).toUpperCase());
    readTpdu(input.subarray(1 + (input[0] ?? 0)));
    readTpdu(input);
    const read = readSmsPdu(textOf(input));
    if (read?.is === 'deliver') joinParts([{ message: read, index: 1 }], NOW);
  },
};

const firmata: Door = {
  name: 'firmata',
  shape: 'bytes',
  golden: [fromHex('f90205f0790205530074006100f7910100e07f00f06c7f7f00010101f7')],
  take: (input) => void new FramingCheck().inspect(input),
};

const hmi: Door = {
  name: 'nextion',
  shape: 'bytes',
  golden: [
    fromHex('01ffffff650002 01ffffff88ffffff000000ffffff'.replaceAll(' ', '')),
    concat(
      utf8('comok 1,101,NX8048T070_011R,130,61488,DE6064B7E70C6521,16777216'),
      fromHex('ffffff'),
    ),
  ],
  take: (input) => void new PanelReader().read(input),
};

const pn532: Door = {
  name: 'pn532',
  shape: 'bytes',
  golden: [
    concat(ACK, writePn532(FROM_CHIP, 0x4b, fromHex('010144032007044f01020304050607'))),
    concat(fromHex('5500'), writePn532(FROM_CHIP, 0x41, new Uint8Array(262).fill(7))),
  ],
  take(input) {
    const splitter = new Pn532Splitter();
    for (let at = 0; at < input.length; at += 9) {
      for (const frame of splitter.push(input.subarray(at, at + 9))) {
        if (frame.kind === 'data') readTargets(frame.data);
      }
    }
    readTargets(input);
  },
};

const boards: Door = {
  name: 'boards',
  shape: 'json',
  golden: [new Uint8Array(readFileSync(join(HOME, 'boards.json')))],
  take(input) {
    for (const board of ['simulated', 'raspberry-pi-zero-2-w', '__proto__']) {
      const read = readBoard(textOf(input), board);
      if (!read.ok && read.complaints.some((each) => each === '')) broken('an empty complaint');
    }
  },
};

const good = seal('EdDSA', GATEWAY_SECRET, { kind: 'time', terminal: 't-0001', gateway_time: 1 });
const mine = seal('HS256', KEYS.uplink, { kind: 'seen', seen: { order: ORDER } });

const tokens: Door = {
  name: 'jws',
  shape: 'bytes',
  golden: [utf8(good), utf8(mine)],
  take(input) {
    const token = textOf(input);
    peek(token);
    // base64url ignores the last bits of its last character: the text may differ, the content not.
    const opened = [open('EdDSA', GATEWAY_KEY, token), open('HS256', KEYS.uplink, token)];
    for (const each of opened) {
      const content = each.ok ? JSON.stringify(each.payload) : '';
      const known = [good, mine].some((one) => JSON.stringify(peek(one)) === content);
      if (each.ok && !known) broken(`${token} is believed`);
    }
  },
};

const claims: VoucherClaims = {
  ...{ v: 1, number: mintVoucherNumber(new Uint8Array(8).fill(3)), amount_minor: 1250 },
  ...{ currency: 'CNY', issuing: 'City', paying: 'Bank', beneficiary: 'Ann' },
  ...{ terms: { transferable: true, partial: false }, issued_at: NOW, serial: 0 },
  expires_at: NOW + 86_400_000,
};

const SAID = JSON.stringify(voucherClaimsSchema.parse(claims));

/** The same bytes, or nothing: what somebody else wrote is no voucher. */
const vouchers: Door = {
  name: 'voucher',
  shape: 'bytes',
  golden: [utf8(writeVoucher(GATEWAY_SECRET, claims))],
  take(input) {
    const read = readVoucher(GATEWAY_KEY, textOf(input), NOW);
    if (read.ok && JSON.stringify(read.claims) !== SAID) broken('is believed');
  },
};

/** Signed by the fund server itself: only what stands in it is wrong. */
const voucherClaims: Door = {
  name: 'voucher-claims',
  shape: 'json',
  golden: [utf8(JSON.stringify(claims))],
  take(input) {
    let said: unknown = textOf(input);
    try {
      said = JSON.parse(textOf(input));
    } catch {
      // Signed as text.
    }
    const read = readVoucher(GATEWAY_KEY, seal('EdDSA', GATEWAY_SECRET, said), NOW);
    if (read.ok && !/^\d{12}$/.test(read.claims.number)) broken('a number that is none is good');
  },
};

const SECRET = writeWebhookSecret(KEYS.uplink);

const webhooks: Door = {
  name: 'webhook',
  shape: 'json',
  golden: [utf8(JSON.stringify({ id: 'msg_1', at: '1790000000', signature: 'v1,AAAA', body: '' }))],
  take(input) {
    let said: Record<string, unknown>;
    try {
      said = JSON.parse(fromUtf8(input));
    } catch {
      return;
    }
    const text = (value: unknown): string => String(JSON.stringify(value) ?? '').slice(1, -1);
    const headers = {
      'webhook-id': text(said?.id),
      'webhook-timestamp': text(said?.at),
      'webhook-signature': text(said?.signature),
    };
    const verdict = verifyWebhook([SECRET], headers, text(said?.body), NOW);
    if (verdict.ok) broken('a webhook that nobody signed is believed');
  },
};

export const byteDoors = (): Door[] => [
  ...[offers, emvco, air, hci, apdus, keypads, modem, sms, firmata, hmi, pn532, boards, tokens],
  ...[webhooks, vouchers, voucherClaims],
];
