/**
 * A speaker as the terminal's outlets have it: a sentence is heard once for its mark, also where the
 * terminal was killed since. The mark is made by what speaks, as the sentence begins.
 */
import type { SeededChance } from './chance.ts';
import type { VirtualTime } from './time.ts';

export interface SpeakerSettings {
  readonly time: VirtualTime;
  readonly chance: SeededChance;
  /** Somebody at the stall hears it. */
  readonly heard: (clips: readonly string[], mark: string | null) => void;
}

export class SimulatedSpeaker {
  works = true;
  /** Kept over restarts, as the directories of the real one are. */
  readonly marks = new Set<string>();
  readonly #settings: SpeakerSettings;

  constructor(settings: SpeakerSettings) {
    this.#settings = settings;
  }

  /** `isOn` tells whether the program that asked still runs. Calls at most one of the two, once. */
  speak(
    clips: readonly string[],
    mark: string | null,
    isOn: () => boolean,
    started: () => void,
    failed: () => void,
  ): void {
    const { time, chance, heard } = this.#settings;
    time.after(chance.between(1, 40), () => {
      if (!isOn()) return;
      if (!this.works) {
        failed();
        return;
      }
      if (mark === null || !this.marks.has(mark)) {
        if (mark !== null) this.marks.add(mark);
        heard(clips, mark);
      }
      time.after(chance.between(1, 60), () => {
        if (isOn()) started();
      });
    });
  }
}
