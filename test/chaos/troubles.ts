/** What happens to the street: power cuts and cables, drawn from the seed. */
import type { NetworkFault } from '#simulators/network/proxy.ts';
import type { SeededChance } from '#simulators/simulation/chance.ts';
import type { Stall, Street } from './street.ts';

const pause = (ms: number): Promise<void> => new Promise((resolve) => setTimeout(resolve, ms));

/** How often each trouble came. */
export type Troubles = Record<
  'gateway killed' | 'terminal killed' | 'pcscd killed' | 'cable',
  number
>;

const CABLE: readonly ((chance: SeededChance) => NetworkFault)[] = [
  () => ({ fault: 'unplug' }),
  () => ({ fault: 'hang' }),
  (chance) => ({ fault: 'loss', probability: chance.fraction() * 0.4 }),
  (chance) => ({ fault: 'slow', bits_per_second: chance.between(8000, 200_000) }),
  () => ({ fault: 'drop', packet: 'publish', direction: 'in', nth: 1 }),
  () => ({ fault: 'drop', packet: 'publish', direction: 'out', nth: 1 }),
  () => ({ fault: 'drop', packet: 'puback', direction: 'in', nth: 1 }),
];

/** Troubles one after the other until told to stop; each machine is on again when this resolves. */
export async function trouble(
  street: Street,
  chance: SeededChance,
  goesOn: () => boolean,
): Promise<Troubles> {
  const troubles: Troubles = {
    ...{ 'gateway killed': 0, 'terminal killed': 0 },
    ...{ 'pcscd killed': 0, cable: 0 },
  };
  const machine = async (): Promise<void> => {
    while (goesOn()) {
      await pause(chance.between(300, 2500));
      const isGateway = chance.happens(0.4);
      const victim = isGateway ? street.gateway : chance.pick(street.stalls).machine;
      troubles[isGateway ? 'gateway killed' : 'terminal killed'] += 1;
      await victim.kill('SIGKILL');
      await pause(chance.between(0, 800));
      await victim.start();
    }
  };
  const cable = async (stall: Stall): Promise<void> => {
    const own = chance.stream(`cable ${stall.name}`);
    while (goesOn()) {
      await pause(own.between(200, 3000));
      troubles.cable += 1;
      await stall.wire.apply(own.pick(CABLE)(own));
      await pause(own.between(100, 3000));
      await stall.wire.apply({ fault: 'clear' });
    }
  };
  const daemon = async (): Promise<void> => {
    const own = chance.stream('pcscd');
    while (goesOn()) {
      await pause(own.between(1500, 6000));
      const { reader } = own.pick(street.stalls);
      troubles['pcscd killed'] += 1;
      await reader.stopDaemon('SIGKILL');
      await pause(own.between(0, 1500));
      await reader.startDaemon();
    }
  };
  await Promise.all([machine(), daemon(), ...street.stalls.map(cable)]);
  return troubles;
}
