/** All doors, by name; one that keeps something is opened when it is asked for. */
import { byteDoors } from './byte-doors.ts';
import { answerDoor, cardDoor } from './card-doors.ts';
import type { Door } from './door.ts';
import { httpDoor, mqttDoor, uplinkDoor } from './gateway-doors.ts';
import { scanDoor, scannerDoor } from './scan-doors.ts';
import { downlinkDoor, journalDoor, KEY } from './terminal-doors.ts';

type Opens = () => Door | Promise<Door>;

const plain = [...byteDoors(), scannerDoor];

export const DOORS: ReadonlyMap<string, Opens> = new Map<string, Opens>([
  ...plain.map((door): [string, Opens] => [door.name, () => door]),
  ['card', cardDoor],
  ['card-answers', answerDoor],
  ['journal', () => journalDoor()],
  ['journal-signed', () => journalDoor(KEY)],
  ['downlink', downlinkDoor],
  ['scan', scanDoor],
  ['uplink', uplinkDoor],
  ['http', httpDoor],
  ['mqtt', mqttDoor],
]);
