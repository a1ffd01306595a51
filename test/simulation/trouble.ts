/** What goes wrong, and when; after `heal` nothing does any more, and what was broken is mended. */
import type { SimulatedBroker } from '#simulators/simulation/broker.ts';
import type { SeededChance } from '#simulators/simulation/chance.ts';
import type { DiskFault, DiskVerb } from '#simulators/simulation/disk.ts';
import type { VirtualTime } from '#simulators/simulation/time.ts';
import { CALM, type Weather } from '#simulators/simulation/weather.ts';
import type { Forger } from './forger.ts';
import type { GatewayMachine } from './gateway-machine.ts';
import { type Plan, STROKES, type Stroke } from './plan.ts';
import type { TerminalMachine } from './terminal-machine.ts';
import type { Trace } from './trace.ts';

export interface Victims {
  readonly time: VirtualTime;
  readonly trace: Trace;
  readonly terminals: readonly TerminalMachine[];
  readonly gateways: readonly GatewayMachine[];
  readonly broker: SimulatedBroker;
  readonly terminalWeather: ReadonlyMap<string, Weather>;
  readonly phones: Weather;
  readonly peers: Weather;
  readonly forger: Forger;
  /** Counts what it does. */
  readonly counts: { faults: number };
}

const SECOND = 1000;
const MINUTE = 60 * SECOND;
const DAY = 24 * 60 * MINUTE;
const YEAR = 365 * DAY;

export class Trouble {
  readonly #victims: Victims;
  readonly #plan: Plan;
  readonly #chance: SeededChance;
  readonly #badDisks = new Map<string, number>();
  #over = false;

  constructor(victims: Victims, plan: Plan, chance: SeededChance) {
    this.#victims = victims;
    this.#plan = plan;
    this.#chance = chance;
  }

  begin(): void {
    const { terminalWeather, phones, peers } = this.#victims;
    const { climates } = this.#plan;
    for (const weather of terminalWeather.values()) weather.climate = climates.terminals;
    phones.climate = climates.phones;
    peers.climate = climates.peers;
    for (const stroke of STROKES) this.#await(stroke);
  }

  heal(): void {
    this.#over = true;
    const { terminals, gateways, terminalWeather, phones, peers, trace } = this.#victims;
    for (const weather of [...terminalWeather.values(), phones, peers]) {
      weather.parted = false;
      weather.climate = CALM;
    }
    for (const machine of [...terminals, ...gateways]) machine.clock.wrongMs = 0;
    for (const gateway of gateways) {
      gateway.storeFull = false;
      gateway.doomed = 'no';
      gateway.start();
    }
    for (const terminal of terminals) {
      terminal.speaker.works = true;
      terminal.plug();
    }
    trace.say('world', 'heals');
  }

  diskFault(terminal: string, verb: DiskVerb): DiskFault {
    if (this.#over || (this.#badDisks.get(terminal) ?? 0) < this.#victims.time.now) return 'none';
    const fault = this.#drawDiskFault(verb);
    if (fault !== 'none') this.#victims.counts.faults += 1;
    return fault;
  }

  #drawDiskFault(verb: DiskVerb): DiskFault {
    const { cut, full, broken } = this.#plan.disk;
    if (this.#chance.happens(cut)) return 'cut';
    if ((verb === 'append' || verb === 'replace') && this.#chance.happens(full)) return 'full';
    return this.#chance.happens(broken) ? 'broken' : 'none';
  }

  #await(stroke: Stroke): void {
    const every = this.#plan.every[stroke];
    if (every === null) return;
    this.#victims.time.after(this.#chance.waitMs(every), () => {
      if (this.#over) return;
      this.#victims.counts.faults += 1;
      this.#strike(stroke);
      this.#await(stroke);
    });
  }

  /** Afterwards, unless everything has healed before; where days pass, now and then much later. */
  #later(longestMs: number, mend: () => void): void {
    this.#victims.time.after(this.#spellMs(longestMs), () => {
      if (!this.#over) mend();
    });
  }

  #spellMs(longestMs: number): number {
    const { spellsMs } = this.#plan;
    const long = spellsMs.length > 0 && this.#chance.happens(0.12);
    const most = long ? this.#chance.pick(spellsMs) : longestMs;
    return this.#chance.between(most / 50, most);
  }

  #strike(stroke: Stroke): void {
    const { terminals, gateways } = this.#victims;
    const terminal = this.#chance.pick(terminals);
    const gateway = this.#chance.pick(gateways);
    if (stroke.startsWith('terminal_') || stroke === 'disk_bad' || stroke === 'speaker_fails') {
      this.#strikeTerminal(stroke, terminal);
    } else if (stroke.startsWith('gateway_') || stroke === 'store_full') {
      this.#strikeGateway(stroke, gateway);
    } else this.#strikeWorld(stroke, terminal, gateway);
  }

  #strikeTerminal(stroke: Stroke, terminal: TerminalMachine): void {
    const { time, trace } = this.#victims;
    const chance = this.#chance;
    switch (stroke) {
      case 'terminal_power':
        terminal.cutPower('at the wall');
        break;
      case 'terminal_killed':
        terminal.end('is killed');
        time.after(chance.between(100, 5000), () => terminal.start());
        break;
      case 'terminal_upgraded':
        terminal.end('is upgraded');
        terminal.upgrade();
        time.after(chance.between(1000, 30_000), () => terminal.start());
        break;
      case 'disk_bad':
        trace.say(terminal.id, 'has a bad disk');
        this.#badDisks.set(terminal.id, time.now + this.#spellMs(20 * MINUTE));
        break;
      case 'speaker_fails':
        terminal.speaker.works = false;
        this.#later(10 * MINUTE, () => {
          terminal.speaker.works = true;
        });
        break;
    }
  }

  #strikeGateway(stroke: Stroke, gateway: GatewayMachine): void {
    const chance = this.#chance;
    switch (stroke) {
      case 'gateway_crash':
        if (chance.happens(0.3)) gateway.crash('at the wall', this.#spellMs(MINUTE));
        else gateway.doomed = chance.pick(['dies_before', 'dies_after']);
        break;
      case 'gateway_stop':
        gateway.stop(this.#spellMs(MINUTE));
        break;
      case 'store_full':
        gateway.storeFull = true;
        this.#victims.trace.say(gateway.name, 'has a full store');
        // Never for hours: meanwhile each terminal knocks each second, and nothing else is seen.
        this.#victims.time.after(chance.between(6 * SECOND, 5 * MINUTE), () => {
          gateway.storeFull = false;
        });
        break;
    }
  }

  #strikeWorld(stroke: Stroke, terminal: TerminalMachine, gateway: GatewayMachine): void {
    const { broker, peers, trace } = this.#victims;
    const chance = this.#chance;
    switch (stroke) {
      case 'partition':
        this.#part(terminal.id);
        break;
      case 'peers_parted':
        trace.say('world', 'organisations are parted');
        peers.parted = true;
        this.#later(10 * MINUTE, () => {
          peers.parted = false;
        });
        break;
      case 'broker_falls':
        trace.say('broker', 'falls over');
        broker.fall(chance.between(100, 30 * SECOND));
        break;
      case 'clock_jump':
        this.#jump(chance.pick([terminal, gateway]));
        break;
      case 'forger':
        this.#victims.forger.strike(terminal);
        break;
    }
  }

  #part(terminal: string): void {
    const { terminalWeather, broker, trace } = this.#victims;
    const weather = terminalWeather.get(terminal);
    if (weather === undefined) return;
    trace.say(terminal, 'is cut off');
    weather.parted = true;
    broker.part(terminal);
    this.#later(this.#chance.pick([20 * SECOND, 5 * MINUTE, 90 * MINUTE]), () => {
      weather.parted = false;
    });
  }

  #jump(machine: TerminalMachine | GatewayMachine): void {
    const chance = this.#chance;
    const far = chance.pick([MINUTE, 60 * MINUTE, DAY, YEAR, 8 * YEAR]);
    machine.clock.wrongMs = chance.happens(0.3) ? 0 : chance.between(-far, far);
    const name = 'id' in machine ? machine.id : machine.name;
    this.#victims.trace.say(name, `has its clock wrong by ${machine.clock.wrongMs} ms`);
  }
}
