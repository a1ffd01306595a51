/** One time of listening: from the moment the microphone is open until it is known what was said. */
import type { Clock } from '#device/ports/clock.ts';
import { type Capture, MICROPHONE_RATE, type Microphone } from '#device/ports/microphone.ts';
import type { Heard, Recognised, Recogniser, Vocabulary } from '#device/ports/recogniser.ts';
import { type Activity, VoiceActivity } from '#device/speech/voice-activity.ts';

export interface ListeningParts {
  readonly microphone: Microphone;
  readonly recogniser: Recogniser;
  readonly vocabulary: Vocabulary;
  readonly clock: Clock;
  readonly log: (what: string) => void;
}

export interface ListeningEvents {
  /** The microphone gives sound: the vendor may speak. */
  started(): void;
  /** Once, unless it was stopped. */
  heard(heard: Heard): void;
}

/** The terminal's own beep, and the card's first samples, are not for the recogniser. */
const DEAF_MS = 250;
/** Nobody began to speak. */
const SILENCE_MS = 6000;

export interface Listening {
  /** Nothing is told afterwards. */
  stop(): void;
}

/** Begins to listen. */
export function listen(parts: ListeningParts, events: ListeningEvents): Listening {
  const { microphone, recogniser, vocabulary, clock, log } = parts;
  const activity = new VoiceActivity(MICROPHONE_RATE);
  let deaf = (MICROPHONE_RATE * DEAF_MS) / 1000;
  let begun = false;
  let over = false;
  let early: Promise<Recognised> | null = null;
  let capture: Capture | null = null;
  let cancel = (): void => undefined;

  const stop = (): void => {
    over = true;
    cancel();
    capture?.stop();
  };
  const finish = (heard: Heard): void => {
    if (over) return;
    stop();
    events.heard(heard);
  };
  const awaitVoice = (): void => {
    cancel();
    cancel = clock.after(SILENCE_MS, () => finish({ is: 'silence' }));
  };
  const decode = (): Promise<Recognised> => {
    const utterance = { rate: MICROPHONE_RATE, samples: activity.utterance() };
    const done = recogniser.recognise(utterance, vocabulary);
    // Where more is said its answer is not asked for any more.
    done.catch(() => undefined);
    return done;
  };
  const settle = (done: Promise<Recognised>): void => {
    capture?.stop();
    done.then(finish, (error: unknown) => {
      log(`recogniser: ${error instanceof Error ? error.message : String(error)}`);
      finish({ is: 'failed' });
    });
  };

  const follow = (happened: Activity): void => {
    switch (happened) {
      case 'begin':
        cancel();
        break;
      case 'pause':
        // Decoded while it is still open whether more comes: the answer is there at once.
        early = decode();
        break;
      case 'resume':
        early = null;
        break;
      case 'nothing':
        awaitVoice();
        break;
      case 'end':
        settle(early ?? decode());
        break;
    }
  };

  awaitVoice();
  capture = microphone.capture({
    samples(samples) {
      if (over) return;
      if (!begun) {
        begun = true;
        awaitVoice();
        events.started();
      }
      const skip = Math.min(deaf, samples.length);
      deaf -= skip;
      for (const happened of activity.push(samples.subarray(skip))) follow(happened);
    },
    failed(error) {
      log(`microphone: ${error.message}`);
      finish({ is: 'failed' });
    },
  });
  return { stop };
}
