/** How somebody in the phone box, or at the microphone, sounds: a voice, amid the noise of a place. */
import { resample } from '#device/codecs/resample.ts';
import { CALL_RATE } from '#device/ports/modem.ts';
import {
  amid,
  babble,
  type CallerVoice,
  pinkNoise,
  speakAs,
  synthesise,
  VOICES,
} from '../modem/voices.ts';
import { notNow, wrong } from './problems.ts';

export const NOISES = ['quiet', 'street', 'crowd', 'loud'] as const;
export type CallerNoise = (typeof NOISES)[number];

/** The clearest voice of each language first. */
export const VOICE_CHOICES = ['rms', 'slt', 'ann', 'ben', 'carl', 'dora', 'mei', 'li'].map(
  (name) => ({ name, language: VOICES[name]?.voice.startsWith('cmn') ? 'zh-CN' : 'en' }),
);

/** Nobody falls silent in the middle of a sample. */
const TAIL_S = 0.1;
const CROWD = [
  ['ben', 'and then I told him that the bus would never come on a Sunday evening'],
  ['dora', 'we should really go home now because it is getting late and cold outside'],
  ['carl', 'she bought three of them last week and they were gone by the next morning'],
] as const;

/** A sentence as the network brings it, 8 kHz. Throws a problem that names the missing program. */
export const speakSentence = (
  text: string,
  voice: string,
  noise: CallerNoise,
): Promise<Int16Array> => render(voice, noise, CALL_RATE, (speaker) => speakAs(speaker, text));

/** The same beside a microphone, at its rate. */
export const speakNear = (
  text: string,
  voice: string,
  noise: CallerNoise,
  rate: number,
): Promise<Int16Array> =>
  render(voice, noise, rate, async (speaker) => {
    const sound = await synthesise(speaker, text);
    return resample(sound.samples, sound.rate, rate);
  });

async function render(
  name: string,
  noise: CallerNoise,
  rate: number,
  speak: (voice: CallerVoice) => Promise<Int16Array>,
): Promise<Int16Array> {
  const voice = VOICES[name];
  if (voice === undefined) {
    throw wrong('voice', `There is no voice ${name}; there are ${Object.keys(VOICES).join(', ')}.`);
  }
  try {
    const samples = await speak(voice);
    const silence = new Int16Array(rate * TAIL_S);
    const whole = Int16Array.from([...silence, ...samples, ...silence]);
    return await inPlace(whole, noise, rate);
  } catch (error) {
    throw notNow(error instanceof Error ? error.message : String(error));
  }
}

async function inPlace(voice: Int16Array, noise: CallerNoise, rate: number): Promise<Int16Array> {
  switch (noise) {
    case 'quiet':
      return voice;
    case 'street':
      return amid(voice, pinkNoise(voice.length, 7), 20);
    case 'loud':
      return amid(voice, pinkNoise(voice.length, 7), 10);
    case 'crowd': {
      const others = await Promise.all(
        CROWD.map(async ([name, text]) => {
          const speaker = VOICES[name];
          if (speaker === undefined) throw new Error(`no voice ${name}`);
          const sound = await synthesise(speaker, text);
          return resample(sound.samples, sound.rate, rate);
        }),
      );
      return amid(voice, babble(others, voice.length), 20);
    }
  }
}
