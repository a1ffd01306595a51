/**
 * A screen as attributes of the panel's components. The names are those of the HMI project that
 * docs/displays.md describes; what a component has no room for is cut at a whole character.
 */
import { colour565, quote } from '#device/codecs/nextion.ts';
import type { Screen, Tone } from '#device/ports/display.ts';
import { KEYS, type Key } from '#device/ports/keypad.ts';
import { languageOf, missingLine, OWN_WORDS } from './words.ts';

/** The component of the first key; the others follow in the order of `KEYS`, on every page. */
export const FIRST_KEY_PART = 20;

/** Longest QR text the panel's QR component draws; what is longer is not shown, never cut. */
export const QR_BYTES = 177;

/** Seconds after which a panel that hears nothing leaves an old QR: see `left` in the project. */
export const ALIVE_S = 15;

/** `txt_maxl` of each text component, in bytes. */
const ROOM = { title: 48, big: 24, digits: 4, line: 72, hint: 72, note: 120 } as const;
const LINES = 4;

const TONES: Record<Tone, { mark: number; background: number; ink: number }> = {
  plain: { mark: 0, background: 0xffffff, ink: 0x000000 },
  busy: { mark: 1, background: 0xffd400, ink: 0x000000 },
  good: { mark: 2, background: 0x006b34, ink: 0xffffff },
  bad: { mark: 3, background: 0xb3001b, ink: 0xffffff },
};

export const keyOfPart = (part: number): Key | undefined => KEYS[part - FIRST_KEY_PART];

const encoder = new TextEncoder();

function fit(text: string, room: number): string {
  let kept = '';
  let used = 0;
  for (const character of text) {
    used += encoder.encode(character).length;
    if (used > room) return kept;
    kept += character;
  }
  return kept;
}

export interface PanelScreen {
  readonly page: 'say' | 'offer';
  /** `component.attribute` → value as it is written, in the order of importance. */
  readonly attributes: ReadonlyMap<string, string>;
}

/** What the panel is to show; the page `offer` where there is a QR that it can draw. */
export function panelScreen(screen: Screen): PanelScreen {
  const attributes = new Map<string, string>();
  const qr = screen.qr;
  const offers = qr !== undefined && encoder.encode(qr).length <= QR_BYTES;
  if (offers) attributes.set('qr.txt', quote(qr));
  attributes.set('digits.txt', quote(fit(screen.digits ?? '', ROOM.digits)));
  attributes.set('big.txt', quote(fit(screen.big, ROOM.big)));
  attributes.set('big.font', String(screen.big.length <= 7 ? 2 : 1));
  const tone = TONES[screen.tone];
  attributes.set('title.txt', quote(fit(screen.title, ROOM.title)));
  attributes.set('title.bco', String(colour565(tone.background)));
  attributes.set('title.pco', String(colour565(tone.ink)));
  attributes.set('mark.pic', String(tone.mark));
  for (let at = 0; at < LINES; at += 1) {
    attributes.set(`line${at}.txt`, quote(fit(screen.lines[at] ?? '', ROOM.line)));
  }
  attributes.set('hint.txt', quote(fit(screen.hint, ROOM.hint)));
  const offline = screen.online ? [] : [OWN_WORDS[languageOf(screen)].offline];
  const note = [...offline, ...screen.missing.map(missingLine)].join(' | ');
  attributes.set('note.txt', quote(fit(note, ROOM.note)));
  return { page: offers ? 'offer' : 'say', attributes };
}
