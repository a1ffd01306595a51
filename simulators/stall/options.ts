/** What a stall is opened with. */
import type { Ports } from './ports.ts';

export interface StallOptions {
  readonly directory: string;
  readonly seed: string;
  readonly ports: Ports;
  readonly language?: 'en' | 'zh-CN' | undefined;
  readonly orderLifetimeS?: number | undefined;
  /** What payers' phones reach the gateway by, where it is not loopback. */
  readonly publicUrl?: string | undefined;
  readonly boards?: string | undefined;
  /** Directory of a voice model with which terminal and telephone understand Mandarin. */
  readonly modelZh?: string | undefined;
  /** False leaves the terminal's screen without a browser before it. */
  readonly browser?: boolean | undefined;
  /** Told in words while it starts. */
  readonly progress: (text: string) => void;
}
