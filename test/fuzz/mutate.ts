/** Changes of a golden input: cut, flipped, doubled, spliced; and where it is JSON, by its structure. */
import { fromUtf8, utf8 } from '#device/codecs/bytes.ts';
import type { SeededChance } from '#simulators/simulation/chance.ts';

const EDGES = [0x00, 0x01, 0x0a, 0x0d, 0x20, 0x22, 0x7f, 0x80, 0xc0, 0xf0, 0xf7, 0xfe, 0xff];
const LONGEST = 96 * 1024;

type Change = (bytes: Uint8Array, chance: SeededChance, other: Uint8Array) => Uint8Array;

const at = (bytes: Uint8Array, chance: SeededChance): number => chance.between(0, bytes.length);

function splice(bytes: Uint8Array, from: number, to: number, put: Uint8Array): Uint8Array {
  return Uint8Array.from([...bytes.subarray(0, from), ...put, ...bytes.subarray(to)]);
}

function flip(bytes: Uint8Array, chance: SeededChance): Uint8Array {
  const out = bytes.slice();
  for (let times = chance.between(1, 6); times > 0 && out.length > 0; times -= 1) {
    const place = chance.between(0, out.length - 1);
    out[place] = (out[place] ?? 0) ^ (1 << chance.between(0, 7));
  }
  return out;
}

const CHANGES: readonly Change[] = [
  flip,
  flip,
  (bytes, chance) => bytes.slice(0, at(bytes, chance)),
  (bytes, chance) => bytes.slice(at(bytes, chance)),
  (bytes, chance) => {
    const place = at(bytes, chance);
    return splice(bytes, place, place, chance.bytes(chance.between(1, 8)));
  },
  (bytes, chance) => {
    const place = at(bytes, chance);
    return splice(bytes, place, place + 1, Uint8Array.of(chance.pick(EDGES)));
  },
  (bytes, chance) => {
    const from = at(bytes, chance);
    return splice(bytes, from, Math.min(bytes.length, from + chance.between(1, 16)), NOTHING);
  },
  (bytes, chance) => {
    const from = at(bytes, chance);
    const part = bytes.slice(from, from + chance.between(1, 64));
    return splice(bytes, from, from, part);
  },
  (bytes, chance, other) =>
    splice(bytes, at(bytes, chance), bytes.length, other.slice(at(other, chance))),
  (bytes, chance) =>
    splice(bytes, 0, 0, bytes.slice(0, Math.min(bytes.length, chance.between(1, 4096)))),
];
const NOTHING = new Uint8Array(0);

/** One to three changes; `other` is another golden input of the same door. */
export function mutateBytes(
  bytes: Uint8Array,
  chance: SeededChance,
  other: Uint8Array,
): Uint8Array {
  let out = bytes;
  for (let times = chance.between(1, 3); times > 0; times -= 1) {
    out = chance.pick(CHANGES)(out, chance, other).slice(0, LONGEST);
  }
  return out;
}

// ── By structure ────────────────────────────────────────────────────────────────────────────────

type Json = null | boolean | number | string | Json[] | { [key: string]: Json };

const ODD: readonly Json[] = [
  ...[null, true, false, 0, -0, 1, -1, 0.1, 1e308, -1e308, 2 ** 31, 2 ** 53, -(2 ** 53)],
  ...['', ' ', '0', '-1', '1e9', '\u0000', '\ud800', '../../etc/passwd', '%00', "' OR 1=1 --"],
  ...['<script>', '__proto__', 'constructor', 'x'.repeat(70_000), '🥟'.repeat(300), '٣', '+86'],
  ...[[], {}, [[]], [null], { '': '' }],
];

function deep(levels: number): Json {
  let value: Json = 0;
  for (let level = 0; level < levels; level += 1) value = level % 2 === 0 ? [value] : { a: value };
  return value;
}

function changeText(text: string, chance: SeededChance): string {
  const changed = mutateBytes(utf8(text), chance, utf8(text));
  return new TextDecoder().decode(changed);
}

function changeLeaf(value: Json, chance: SeededChance): Json {
  if (chance.happens(0.02)) return deep(chance.between(10, 2000));
  if (typeof value === 'string' && chance.happens(0.5)) return changeText(value, chance);
  if (typeof value === 'number' && chance.happens(0.5)) {
    return chance.pick([value + 1, value - 1, -value, value * 2 ** 31, value / 3, String(value)]);
  }
  return chance.pick(ODD);
}

const LIST_CHANGES = ['add', 'drop', 'repeat', 'inside', 'inside', 'inside'] as const;

/** Changes one place of a value, at any depth; the value itself stays as it was. */
function changeSome(value: Json, chance: SeededChance, depth = 0): Json {
  const enter =
    typeof value === 'object' && value !== null && chance.happens(depth < 2 ? 0.9 : 0.6);
  if (!enter) return changeLeaf(value, chance);
  if (Array.isArray(value)) {
    const list = [...value];
    const place = chance.between(0, Math.max(0, list.length - 1));
    const change = list.length === 0 ? 'add' : chance.pick(LIST_CHANGES);
    if (change === 'add') list.push(chance.pick(ODD));
    else if (change === 'drop') list.splice(place, 1);
    else if (change === 'repeat') list.push(...list, ...list);
    else list[place] = changeSome(list[place] ?? null, chance, depth + 1);
    return list;
  }
  const entries = Object.entries(value);
  const place = chance.between(0, Math.max(0, entries.length - 1));
  const [key, held] = entries[place] ?? ['', null];
  if (entries.length === 0 || chance.happens(0.1)) {
    entries.push([chance.pick(['extra', '__proto__', 'toString', '']), chance.pick(ODD)]);
  } else if (chance.happens(0.15)) entries.splice(place, 1);
  else if (chance.happens(0.05)) entries[place] = [changeText(key, chance), held];
  else entries[place] = [key, changeSome(held, chance, depth + 1)];
  // Not Object.fromEntries of a trusted list: a key `__proto__` must arrive as JSON would bring it.
  return JSON.parse(
    `{${entries.map(([name, each]) => `${JSON.stringify(name)}:${JSON.stringify(each)}`).join()}}`,
  );
}

/** JSON text with a value or two changed; now and then its bytes are, so that it is none any more. */
export function mutateJson(text: Uint8Array, chance: SeededChance, other: Uint8Array): Uint8Array {
  if (chance.happens(0.15)) return mutateBytes(text, chance, other);
  let value: Json = JSON.parse(fromUtf8(text));
  for (let times = chance.between(1, 2); times > 0; times -= 1) value = changeSome(value, chance);
  return utf8(JSON.stringify(value));
}
