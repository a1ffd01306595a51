import type { Device } from './device.ts';

/** One prompt of the vocabulary: the driver renders it beforehand, in the voice of its language. */
export interface Clip {
  /** Unique and usable as a file name, such as `en.twelve` or `zh.yuan`. */
  readonly id: string;
  readonly language: 'en' | 'zh-CN';
  /** What is to be heard. */
  readonly text: string;
}

export interface Speaker extends Device {
  /**
   * Plays the clips joined, in order, after whatever is playing. Resolves when the last sample was
   * handed to the sound card; `started` is called when the first one is. Rejects with a
   * `DeviceError` where it could not be heard.
   *
   * Of all calls with the same `mark` (letters, digits, hyphens) only the first is heard, also where
   * the terminal was killed in between; the others start and resolve in silence.
   */
  speak(clips: readonly string[], started?: () => void, mark?: string): Promise<void>;
}
