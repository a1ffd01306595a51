/** Records a call of its own in the directory it is given, one frame every 20 ms, until it is killed. */
import { systemClock } from '#firmware/clock.ts';
import { Recordings } from '#firmware/telephone/recordings.ts';

const [, , directory = '', id = ''] = process.argv;
const recordings = await Recordings.open({ directory, keepMs: 3_600_000 }, systemClock, {
  log: () => undefined,
});
const { recording } = await recordings.begin(id, '+8613800000001');
let count = 0;
setInterval(() => {
  count += 1;
  recording.frame({
    heard: new Int16Array(160).fill(count),
    said: new Int16Array(160).fill(-count),
  });
  process.stdout.write(`${count}\n`);
}, 20);
