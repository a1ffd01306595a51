/** Platforms on the command line: `--platform KIND=URL`, their secrets in the environment. */
import type { PlatformConnection } from './connect.ts';

export const PLATFORM_FLAGS = { platform: { type: 'string', multiple: true } } as const;

export const PLATFORM_FLAGS_USAGE = `  --platform KIND=URL    a platform that phones may pay through: lotus or harbour; once for
                         each. Its secret is in HAWKER_PLATFORM_LOTUS (a registration code) or
                         HAWKER_PLATFORM_HARBOUR (merchant number, colon, key)
`;

const TITLES = { lotus: 'Lotus Pay 莲付', harbour: 'Harbour Pay 港付' } as const;

const isKind = (text: string): text is keyof typeof TITLES => Object.hasOwn(TITLES, text);

/** The platforms named, or what is wrong with one of them. */
export function readPlatforms(
  texts: readonly string[],
  environment: Readonly<Record<string, string | undefined>>,
): readonly PlatformConnection[] | { readonly complaint: string } {
  const found: PlatformConnection[] = [];
  for (const text of texts) {
    const [kind = '', url = ''] = text.split(/=(.*)/s);
    if (!isKind(kind) || !/^https?:\/\//.test(url) || !URL.canParse(url)) {
      const kinds = Object.keys(TITLES).join(' or ');
      return { complaint: `--platform: ${text} is not KIND=URL; the kinds are ${kinds}` };
    }
    const variable = `HAWKER_PLATFORM_${kind.toUpperCase()}`;
    const secret = environment[variable];
    if (secret === undefined || secret === '') {
      return { complaint: `--platform: ${kind} needs its secret; put it into ${variable}` };
    }
    found.push({ kind, title: TITLES[kind], url: url.replace(/\/+$/, ''), secret });
  }
  return found;
}
