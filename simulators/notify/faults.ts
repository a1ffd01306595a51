/** The faults that a mail server and an SMS provider have in common, and how they are switched. */
import { type Fault, FaultError } from '../wire.ts';

/** Besides the common ones. */
export type NotifyFault =
  | Fault
  /** Answers that it is too busy: come again. */
  | { readonly fault: 'busy' }
  /** Answers that it will not take this one, ever. */
  | { readonly fault: 'refuse' }
  /** Takes the next one and goes away before it says so. */
  | { readonly fault: 'lose' };

export const NOTIFY_FAULTS = [
  ...(['unplug', 'replug', 'hang', 'busy', 'refuse', 'lose', 'clear'] as const),
] as const;

/** Unplugs or plugs in again what listens, and answers what it does from now on; throws for a fault that it has not. */
export async function switchFault(
  wire: string,
  { fault }: NotifyFault,
  server: { readonly start: () => Promise<void>; readonly stop: () => Promise<void> },
): Promise<NotifyFault['fault']> {
  switch (fault) {
    case 'unplug':
      await server.stop();
      return fault;
    case 'replug':
      await server.start();
      return fault;
    case 'hang':
    case 'busy':
    case 'refuse':
    case 'lose':
    case 'clear':
      return fault;
    default:
      throw new FaultError(`${wire} knows no ${fault}: ${NOTIFY_FAULTS.join(', ')}`);
  }
}
