#!/usr/bin/env node
/** `npm run build`: compiles to dist/ when a source changed. */
import { ensureBuild, giveUp } from './set-up.mjs';

await ensureBuild().catch(giveUp);
