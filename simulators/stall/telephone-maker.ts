/** Puts the stall's telephone together out of what the stall knows. */
import { join } from 'node:path';
import type { Post } from '../notify/post.ts';
import type { ChildLine } from './child.ts';
import type { StallOptions } from './options.ts';
import { telephonePlan } from './plans.ts';
import type { Rack } from './rack.ts';
import { StallTelephone } from './telephone.ts';
import type { Trace } from './trace.ts';
import type { StallSeed } from './wiring.ts';

export interface TelephoneParts {
  readonly options: StallOptions;
  readonly seed: StallSeed;
  readonly boards: string;
  readonly post: Post;
  readonly gateway: () => string;
  readonly rack: Rack;
  readonly trace: Trace;
  readonly changed: () => void;
}

/** Off, until somebody wants to call. */
export function makeTelephone(parts: TelephoneParts): StallTelephone {
  const { options, seed, boards, post, gateway, rack, trace, changed } = parts;
  const directory = join(options.directory, 'telephone');
  const [{ vendor, language }] = seed.terminals;
  const name = seed.vendors.find(({ id }) => id === vendor)?.name ?? vendor;
  const telephone = new StallTelephone({
    ...{ directory, gateway, rack, changed, watch: trace.watch },
    gatewayDirectory: join(options.directory, 'gateway'),
    plan: (addresses) =>
      telephonePlan({
        ...{ ...addresses, directory, boards, language, post, modelZh: options.modelZh },
        ...{ merchant: { id: vendor, name }, gatewayUrl: gateway() },
        line: (line) => {
          telephone.heardLine(line);
          if (line.event !== 'said') traceLine(trace, 'telephone', line);
        },
      }),
  });
  return telephone;
}

/** What a program says of itself, among all that happens on the wires. */
export function traceLine(trace: Trace, wire: 'terminal' | 'telephone', line: ChildLine): void {
  const { event, at: _at, ...rest } = line;
  const told = Object.values(rest).map((value) =>
    typeof value === 'object' ? JSON.stringify(value) : String(value),
  );
  trace.watch({ wire, direction: 'state', text: [String(event), ...told].join(' ') });
}
