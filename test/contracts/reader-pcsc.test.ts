/** The PC/SC reader on a virtual reader in the real pcscd. */
import { openPcscReader } from '#firmware/reader/pcsc.ts';
import { openPcscBench, SETTINGS } from '#test/contracts/pcsc-bench.ts';
import { describeReaderContract } from '#test/contracts/reader.ts';

describeReaderContract('a virtual reader in pcscd', async () => {
  const { stand, close } = await openPcscBench({ pollMs: 20 });
  return { stand, open: (events) => openPcscReader('reader', SETTINGS, events), close };
});
