/**
 * How soon the assistant answers: from the last sound of a caller's sentence to the first sample of
 * the reply, on the program that ships. `node test/bench/turns.ts [SENTENCES]`
 */
import { type CallerVoice, speakAs, VOICES } from '#simulators/modem/voices.ts';
import { answerHelp } from '#test/command.ts';
import { openSaleStand } from '#test/journeys/telephone-stand.ts';
import { until } from '#test/until.ts';

const GOAL_MS = 700;
const SENTENCES = [
  'what do you have',
  'how much are the pork dumplings',
  'two pork dumplings please',
  'no, three',
  'do you have soy milk',
  'tell me about the chive and egg dumplings',
  "i'd like two chive and egg dumplings",
  'what have i ordered',
];

async function measure(count: number): Promise<void> {
  const stand = await openSaleStand();
  try {
    const voices = [VOICES.rms, VOICES.slt].filter((each) => each !== undefined);
    const { said } = stand.telephone;
    const caller = stand.caller('+8613800000001');
    await caller.dial('2');
    let unheard = 0;
    for (let at = 0; at < count; at += 1) {
      const text = SENTENCES[at % SENTENCES.length] ?? '';
      const voice = voices[Math.floor(at / SENTENCES.length) % voices.length] as CallerVoice;
      const samples = await speakAs(voice, text);
      const before = said.length;
      await caller.phone.speak(Int16Array.from([...samples, ...new Int16Array(8000)]));
      const turned = await until(
        'a reply',
        () => said.slice(before).some(({ event }) => event === 'turn'),
        4000,
      ).catch(() => false);
      if (!turned) unheard += 1;
    }
    const times = said
      .flatMap(({ event, ms }) => (event === 'turn' ? [Number(ms)] : []))
      .sort((a, b) => a - b);
    const part = (share: number): number => times[Math.floor(share * (times.length - 1))] ?? 0;
    const over = part(0.5) > GOAL_MS;
    process.stdout.write(
      `${times.length} replies to ${count} sentences (${unheard} without)\n` +
        `end of speech to first sample: median ${part(0.5)} ms, 90 % ${part(0.9)} ms, most ` +
        `${part(1)} ms; goal ${GOAL_MS} ms in the median${over ? '  OVER' : ''}\n`,
    );
    if (over) process.exitCode = 1;
  } finally {
    await stand.close();
  }
}

const USAGE = 'usage: npm run bench:turns [-- SENTENCES], 1 to 1000 of them';
answerHelp(USAGE);
const count = Number(process.argv[2] ?? '16');
if (!Number.isInteger(count) || count < 1 || count > 1000) {
  process.stderr.write(`${USAGE}\n`);
  process.exitCode = 2;
} else await measure(count);
