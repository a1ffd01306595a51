/** Opens an organ, and opens it again for as long as it takes: a vendor never restarts a terminal. */
import type { OrganState } from '#device/flows/state.ts';
import type { Clock } from '#device/ports/clock.ts';
import { type Device, DeviceError } from '#device/ports/device.ts';

export interface Supervised {
  close(): Promise<void>;
}

export interface SupervisorEvents<Opened extends Device> {
  /** The organ works: use this object until the next call. */
  working(device: Opened): void;
  missing(error: DeviceError): void;
}

const FIRST_RETRY_MS = 250;
const LAST_RETRY_MS = 4_000;

/** Begins at once; `open` gets the callback that tells of a loss. */
export function supervise<Opened extends Device>(
  organ: string,
  open: (lost: (error: DeviceError) => void) => Promise<Opened>,
  events: SupervisorEvents<Opened>,
  clock: Clock,
): Supervised {
  let closed = false;
  let current: Opened | null = null;
  let retryMs = FIRST_RETRY_MS;
  let cancelRetry = (): void => undefined;

  const retry = (error: DeviceError): void => {
    if (closed) return;
    events.missing(error);
    cancelRetry = clock.after(retryMs, () => void attempt());
    retryMs = Math.min(LAST_RETRY_MS, retryMs * 2);
  };

  const attempt = async (): Promise<void> => {
    let lost: DeviceError | null = null;
    let device: Opened | null = null;
    const onLost = (error: DeviceError): void => {
      // A loss may come before the opening has resolved.
      if (lost !== null) return;
      lost = error;
      if (device === null || device !== current) return;
      current = null;
      void device.close().catch(() => undefined);
      retry(error);
    };
    try {
      device = await open(onLost);
    } catch (error) {
      return retry(asDeviceError(organ, error));
    }
    if (closed || lost !== null) {
      await device.close().catch(() => undefined);
      if (lost !== null) retry(lost);
      return;
    }
    current = device;
    retryMs = FIRST_RETRY_MS;
    events.working(device);
  };

  void attempt();
  return {
    async close() {
      closed = true;
      cancelRetry();
      const last = current;
      current = null;
      await last?.close().catch(() => undefined);
    },
  };
}

/** Anything a library threw, as the typed error it should have been. */
export function asDeviceError(organ: string, error: unknown): DeviceError {
  if (error instanceof DeviceError) return error;
  const message = error instanceof Error ? error.message : String(error);
  return new DeviceError('protocol', organ, message, { cause: error });
}

export const missingState = (error: DeviceError): OrganState => ({
  is: 'missing',
  code: error.code,
  detail: error.message,
  mend: error.mend,
});
