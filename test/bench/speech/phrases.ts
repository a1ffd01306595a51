/**
 * What is said to the recogniser, and what it ought to understand. The wording is made here, from the
 * amount, by code that shares nothing with the grammar; the phrases that tuned it never score it.
 */
import { chanceOf } from './noise.ts';

export interface Phrase {
  readonly text: string;
  /** The expression it is to become, or `null` for talk that is no order. */
  readonly means: string | null;
}

export const CATALOGUE = [
  { code: '1', name: 'Dumplings', unit_minor: 600 },
  { code: '2', name: 'Green tea', unit_minor: 300 },
  { code: '3', name: 'Noodles', unit_minor: 1200 },
  { code: '4', name: 'Tofu', unit_minor: 450 },
];

const SMALL =
  'zero one two three four five six seven eight nine ten eleven twelve thirteen fourteen fifteen sixteen seventeen eighteen nineteen'.split(
    ' ',
  );
const TENS = '- - twenty thirty forty fifty sixty seventy eighty ninety'.split(' ');

/** A whole number below a million in words. */
export function words(value: number, and = true): string {
  if (value < 20) return SMALL[value] ?? '';
  if (value < 100)
    return `${TENS[Math.floor(value / 10)]} ${value % 10 ? SMALL[value % 10] : ''}`.trim();
  const place = value < 1000 ? 100 : 1000;
  const rest = value % place;
  const joint = and && rest > 0 && rest < 100 ? ' and' : '';
  const head = `${words(Math.floor(value / place), and)} ${place === 100 ? 'hundred' : 'thousand'}`;
  return rest === 0 ? head : `${head}${joint} ${words(rest, and)}`;
}

const fixed = (minor: number): string => (minor / 100).toFixed(2);

/** Amounts as a stall has them: mostly below a hundred, often with cents. */
function wholeOf(chance: () => number): number {
  const size = chance();
  if (size < 0.65) return 2 + Math.floor(chance() * 98);
  if (size < 0.93) return 100 + Math.floor(chance() * 900);
  return 1000 + Math.floor(chance() * 9000);
}

const PRICES: readonly ((whole: number, cents: number) => [string, number])[] = [
  // Nobody means 200.50 by “two hundred fifty”.
  (whole, cents) =>
    whole % 100 === 0
      ? [words(whole), whole * 100]
      : [`${words(whole)} ${words(10 + (cents % 90))}`, whole * 100 + 10 + (cents % 90)],
  (whole, cents) => {
    const part = 10 + (cents % 90);
    return [`${words(whole)} yuan ${words(part)}`, whole * 100 + part];
  },
  (whole) => [`${words(whole)} yuan`, whole * 100],
  (whole) => [`${words(whole)} yuan`, whole * 100],
  (whole) => [words(whole), whole * 100],
  (whole, cents) => [
    `${words(whole)} yuan ${words(1 + (cents % 9))}`,
    whole * 100 + 10 * (1 + (cents % 9)),
  ],
  (whole, cents) => [
    `${words(whole)} point ${words(1 + (cents % 9))}`,
    whole * 100 + 10 * (1 + (cents % 9)),
  ],
];

const GOODS = [
  ['dumplings', '1'],
  ['green teas', '2'],
  ['noodles', '3'],
  ['tofu', '4'],
] as const;

function orderOf(chance: () => number): Phrase {
  const write = PRICES[Math.floor(chance() * PRICES.length)] ?? PRICES[0];
  const whole = wholeOf(chance);
  const [text, minor] = write?.(whole, Math.floor(chance() * 100)) ?? ['', 0];
  const [name, code] = GOODS[Math.floor(chance() * GOODS.length)] ?? GOODS[0];
  const count = 2 + Math.floor(chance() * 8);
  const kind = chance();
  if (kind < 0.8) return { text, means: fixed(minor) };
  if (kind < 0.9) return { text: `${words(count)} ${name}`, means: `${count}*/${code}` };
  return {
    text: `${text} for ${words(count)} ${name}`,
    means: `${count}*/${code}=${fixed(minor)}`,
  };
}

/** `count` different phrases of `seed`, none of `without`. */
export function phrases(seed: number, count: number, without: readonly Phrase[] = []): Phrase[] {
  const chance = chanceOf(seed);
  const taken = new Set(without.map(({ text }) => text));
  const found: Phrase[] = [];
  while (found.length < count) {
    const phrase = orderOf(chance);
    if (taken.has(phrase.text)) continue;
    taken.add(phrase.text);
    found.push(phrase);
  }
  return found;
}

/** Talk at a stall that is no order: what tuned the thresholds, or scored an earlier state. */
export const TUNING_TALK: readonly string[] = [
  'good morning how are you today',
  'what a lovely day for a walk',
  'did you see the match last night',
  'my sister lives near the station',
  'do you have anything without meat',
  'the bus is late again this morning',
  'can you tell me where the bank is',
  'I forgot my umbrella at home',
  'is this place always so busy',
  'please wait a moment I will ask him',
  'they closed the road behind the church',
  'we should come here more often',
  'no thank you I have already eaten',
  'my phone has no battery left',
  'who is next in the line',
  'this looks really delicious',
  'the weather will change tomorrow',
  'can I pay with my card here',
  'I am looking for my little brother',
  'be careful the plate is very hot',
  'what time do you close in the evening',
  'it smells wonderful over here',
  'could I get a bag for that',
  'she said she would meet us at noon',
  'how long have you been working here',
  'there is no place to sit down',
  'put some more sauce on it please',
  'the children are playing in the park',
  'have you got any change for the machine',
  'let us go before it starts to rain',
  'I really like the music they play',
  'where did you buy that jacket',
  'the train leaves from the other platform',
  'do not forget to call your mother',
  'is there sugar in this drink',
  'they say the market moves next month',
  'hello is anybody there',
  'sorry I did not hear what you said',
  'give my regards to your family',
  'what happened to the old man',
  'have you seen my keys anywhere',
  'we are waiting for our friends',
  'the line is moving very slowly',
  'do you know when the bridge opens again',
  'my daughter starts school next week',
  'that bag belongs to the lady over there',
  'could you turn the radio down a little',
  'he used to work in the kitchen',
  'I think it is going to snow tonight',
  'please keep the receipt for me',
  'they make the best soup in town',
  'sorry I am in a bit of a hurry',
  'is that your own recipe',
  'nobody told me about the festival',
  'let me check what is in my pocket',
  'you should open another stall',
  'our neighbour has a new dog',
  'I would rather sit in the shade',
  'how do I get to the harbour from here',
  'see you again on the weekend',
];

/** Talk that scores it, and nothing else. */
export const SCORING_TALK: readonly string[] = [
  'who left the window open last night',
  'my cousin is getting married in spring',
  'I can smell the bread from here',
  'would you mind moving your bicycle',
  'the doctor told me to drink more water',
  'there was nothing good on television',
  'is the museum open on a holiday',
  'we moved here a long time ago',
  'watch out there is a puddle behind you',
  'she plays the piano every evening',
  'have they repaired the lift yet',
  'I always get lost in this part of town',
  'that was the best meal of the summer',
  'could somebody hold the door please',
  'my shoes are completely wet',
  'tell him that I will be late',
  'the tomatoes look very fresh today',
  'why is everybody in such a hurry',
  'I left my glasses on the kitchen table',
  'it was nice talking to you',
];
