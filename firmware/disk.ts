/** The journal's disk: one file, real fsync, behind the verbs of device/ports/disk.ts. */
import { type FileHandle, open, rename } from 'node:fs/promises';
import { dirname } from 'node:path';
import type { Disk } from '#device/ports/disk.ts';

export interface FileDisk extends Disk {
  close(): Promise<void>;
}

/** Opens or makes the file; the directory's entry is durable when this resolves. */
export async function openFileDisk(path: string): Promise<FileDisk> {
  let file = await open(path, 'a+', 0o600);
  await syncDirectory(dirname(path));
  return {
    append: async (bytes) => {
      await writeWhole(file, bytes);
    },
    sync: () => file.datasync(),
    read: async () => {
      const { size } = await file.stat();
      const bytes = new Uint8Array(size);
      let at = 0;
      while (at < size) {
        const { bytesRead } = await file.read(bytes, at, size - at, at);
        if (bytesRead === 0) break;
        at += bytesRead;
      }
      return bytes.subarray(0, at);
    },
    truncate: (length) => file.truncate(length),
    async replace(bytes) {
      const next = `${path}.new`;
      const whole = await open(next, 'w', 0o600);
      try {
        await writeWhole(whole, bytes);
        await whole.datasync();
      } finally {
        await whole.close();
      }
      await rename(next, path);
      const before = file;
      file = await open(path, 'a+', 0o600);
      await before.close();
      await syncDirectory(dirname(path));
    },
    close: () => file.close(),
  };
}

async function writeWhole(file: FileHandle, bytes: Uint8Array): Promise<void> {
  for (let at = 0; at < bytes.length; ) {
    const { bytesWritten } = await file.write(bytes, at, bytes.length - at);
    at += bytesWritten;
  }
}

/** A new file survives a power cut only when its directory was synced too. */
export async function syncDirectory(path: string): Promise<void> {
  const directory = await open(path, 'r');
  try {
    await directory.sync();
  } finally {
    await directory.close();
  }
}
