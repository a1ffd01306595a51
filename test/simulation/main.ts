/** `npm run simulate`: see `options.ts`. */
import { useNativeCurves } from './native-curves.ts';

// Before anything that signs is imported.
useNativeCurves();
const { simulate } = await import('./command.ts');
await simulate();
