/** The far end of a recogniser's process: takes words, answers in order, ends with the terminal. */
import type { Recognised, Utterance, Vocabulary } from '#device/ports/recogniser.ts';
import type { FromRecogniser, Loss, ToRecogniser } from './process-words.ts';

/** What a library makes of it; may block, throw and crash. */
export interface Engine {
  learn(vocabulary: Vocabulary): void;
  recognise(utterance: Utterance, vocabulary: string): Recognised;
}

const textOf = (error: unknown): string => (error instanceof Error ? error.message : String(error));

export const say = (word: FromRecogniser): void => {
  if (process.connected) process.send?.(word);
};

/** Tells why it can't go on, and ends. */
export function lose(what: Loss, error: unknown): void {
  if (!process.connected) process.exit(1);
  process.send?.({ say: 'lost', what, why: textOf(error) } satisfies FromRecogniser, () =>
    process.exit(0),
  );
}

/** Opens the engine and serves until the terminal goes. */
export async function serve(open: () => Promise<Engine>): Promise<void> {
  process.once('disconnect', () => process.exit(0));
  const engine = await open();
  process.on('message', (word: ToRecogniser) => {
    try {
      answer(engine, word);
    } catch (error) {
      lose('failed', error);
    }
  });
  say({ say: 'ready' });
}

function answer(engine: Engine, word: ToRecogniser): void {
  switch (word.ask) {
    case 'learn':
      engine.learn(word.vocabulary);
      break;
    case 'recognise': {
      const result = engine.recognise(word.utterance, word.vocabulary);
      say({ say: 'recognised', id: word.id, result });
      break;
    }
  }
}
