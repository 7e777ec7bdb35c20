/** A thread of the reader where the sources are TypeScript: a built program starts `read-thread.js` itself. */
import { register } from 'tsx/esm/api';

register();
await import(new URL('./read-thread.ts', import.meta.url).href);
