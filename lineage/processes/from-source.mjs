/** A process of the reader where the sources are TypeScript: a built program starts `read-process.js` itself. */
import { register } from 'tsx/esm/api';

register();
await import(new URL('./read-process.ts', import.meta.url).href);
