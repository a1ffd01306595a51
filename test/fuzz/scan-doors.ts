/** What a scanner types, and what was scanned: whatever comes, it is a scan or none, and sells nothing. */
import { utf8 } from '#device/codecs/bytes.ts';
import { EV_KEY, type InputEvent, readEvents, writeEvents } from '#device/codecs/evdev.ts';
import { readScan } from '#device/codecs/scan.ts';
import { keyOf, MOST_CHARACTERS, NOTHING_TYPED, typeEvent } from '#device/codecs/scan-keys.ts';
import { Stand } from '#test/flows/stand.ts';
import { broken, type Door } from './door.ts';

const pressed = (text: string): InputEvent[] =>
  [...text].flatMap((character) => {
    const { code = 0, shift = false } = keyOf(character) ?? {};
    const key = (of: number, value: number): InputEvent => ({ type: EV_KEY, code: of, value });
    const press = [key(code, 1), key(code, 0)];
    return shift ? [key(42, 1), ...press, key(42, 0)] : press;
  });

export const scannerDoor: Door = {
  name: 'scanner',
  shape: 'bytes',
  golden: [24, 16].map((length) =>
    writeEvents(pressed(']Q1HTTP://A.B/V/1$*\n'), length === 24 ? 24 : 16),
  ),
  take(input) {
    for (const length of [24, 16] as const) {
      const { events, rest } = readEvents(input, length);
      if (events.length * length + rest.length !== input.length) broken('loses bytes');
      let typed = NOTHING_TYPED;
      for (const event of events) {
        const step = typeEvent(typed, event);
        typed = step.typed;
        const { scan } = step;
        if (scan?.is === 'code' && !/^[ -~]{1,4296}$/.test(scan.text)) broken('types odd text');
        if (typed.text.length > MOST_CHARACTERS + 1) broken('keeps too much');
      }
    }
  },
};

/** Texts that were scanned while an order is on the screen: it stays there, and nothing is told. */
export async function scanDoor(): Promise<Door> {
  const stand = await Stand.start();
  await stand.sell('1');
  const { length } = stand.sent;
  return {
    name: 'scan',
    shape: 'bytes',
    golden: [
      utf8('HTTP://PAY.TEST/V/17$*+-:'),
      utf8('https://pay.test/v?t=eyJhbGciOiJFZERTQSJ9.e30.c2ln'),
      utf8('4006381333931'),
      utf8('00020101021229300012D156000000000510A93FO3230Q'),
    ],
    take(input) {
      const text = new TextDecoder().decode(input);
      const read = readScan(text);
      if (read.is === 'voucher' && !text.includes(read.token)) broken('reads what is not there');
      stand.scan({ is: 'code', text, ended: text.length % 2 === 0 });
      const { screen } = stand;
      if (screen?.qr === undefined || screen.tone !== 'bad') broken('the offer is gone');
      const told = stand.sent.slice(length).filter(({ kind }) => kind.startsWith('voucher'));
      if (told.length > 0) broken(`tells ${JSON.stringify(told[0])}`);
    },
  };
}
