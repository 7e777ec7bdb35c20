import type { z } from 'zod';
import type { crawlerSchema, crawlerSummarySchema } from '../../api/schemas/crawlers.js';
import type { connectionTestSchema, databaseListSchema, dataSourceSchema } from '../../api/schemas/data-sources.js';
import type { entitySchema } from '../../api/schemas/entities.js';
import type { heldObjectPageSchema, heldRemovalSchema } from '../../api/schemas/held-removals.js';
import type { planChangePageSchema, runPlanSchema } from '../../api/schemas/plans.js';
import type {
  runLogSchema,
  runProblemPageSchema,
  runSchema,
  runSummarySchema,
  runUnitPageSchema,
} from '../../api/schemas/runs.js';
import type { columnPageSchema } from '../../api/schemas/table-parts.js';
import type { workspaceSchema } from '../../api/schemas/workspaces.js';
import type { Wire } from '../server/client.js';

/** The API's answers as this side of the wire reads them: the API's own schemas, with times as text. */
export type Run = Wire<z.output<typeof runSchema>>;
export type RunSummary = Wire<z.output<typeof runSummarySchema>>;
export type RunUnit = Wire<z.output<typeof runUnitPageSchema>>['items'][number];
export type RunLog = Wire<z.output<typeof runLogSchema>>;
export type RunProblem = Wire<z.output<typeof runProblemPageSchema>>['items'][number];

export type HeldRemoval = Wire<z.output<typeof heldRemovalSchema>>;
export type HeldObject = Wire<z.output<typeof heldObjectPageSchema>>['items'][number];

export type RunPlan = Wire<z.output<typeof runPlanSchema>>;
export type PlanChange = Wire<z.output<typeof planChangePageSchema>>['items'][number];

export type Workspace = Wire<z.output<typeof workspaceSchema>>;
export type DataSource = Wire<z.output<typeof dataSourceSchema>>;
export type ConnectionTest = Wire<z.output<typeof connectionTestSchema>>;
export type Crawler = Wire<z.output<typeof crawlerSchema>>;
export type CrawlerSummary = Wire<z.output<typeof crawlerSummarySchema>>;
export type ListedDatabase = Wire<z.output<typeof databaseListSchema>>['items'][number];

export type Entity = Wire<z.output<typeof entitySchema>>;
export type Column = Wire<z.output<typeof columnPageSchema>>['items'][number];
