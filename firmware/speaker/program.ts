/** Programs that a driver runs: found beforehand, ended in time, their failure told in words. */
import { accessSync, constants } from 'node:fs';
import { join } from 'node:path';
import { DeviceError } from '#device/ports/device.ts';

/** The Debian package that brings each program. */
export const PACKAGES = {
  aplay: 'alsa-utils',
  arecord: 'alsa-utils',
  'espeak-ng': 'espeak-ng',
  flite: 'flite',
} as const;
export type Program = keyof typeof PACKAGES;

export const isInstalled = (program: Program): boolean =>
  (process.env.PATH ?? '').split(':').some((directory) => {
    try {
      accessSync(join(directory, program), constants.X_OK);
      return true;
    } catch {
      return false;
    }
  });

export const missingTool = (organ: string, program: Program): DeviceError =>
  new DeviceError('missing_tool', organ, `the program ${program} is not installed`, {
    mend: `sudo apt-get install ${PACKAGES[program]}`,
  });
