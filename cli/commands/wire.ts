import type { z } from 'zod';
import type {
  runLogSchema,
  runProblemPageSchema,
  runSchema,
  runSummarySchema,
  runUnitPageSchema,
} from '../../api/schemas/runs.js';
import type { Wire } from '../server/client.js';

/** The API's answers as this side of the wire reads them: the API's own schemas, with times as text. */
export type Run = Wire<z.output<typeof runSchema>>;
export type RunSummary = Wire<z.output<typeof runSummarySchema>>;
export type RunUnit = Wire<z.output<typeof runUnitPageSchema>>['items'][number];
export type RunLog = Wire<z.output<typeof runLogSchema>>;
export type RunProblem = Wire<z.output<typeof runProblemPageSchema>>['items'][number];

export interface Workspace {
  id: string;
  name: string;
}

export interface DataSource {
  id: string;
  name: string;
  config: Record<string, unknown>;
  version: number;
}

export interface Crawler {
  id: string;
  name: string;
  databases: string[];
}

export interface ListedDatabase {
  name: string;
  system?: boolean;
  unavailable?: string;
}

export interface Entity {
  id: string;
  guid: string;
  kind: 'database' | 'schema' | 'table';
  type: string;
  qualifiedName: string;
  owner: string | null;
  comment: string | null;
  description: string | null;
  rowEstimate?: string | number | null;
  sizeBytes?: string | number | null;
  version: number;
  structure?: { primaryKey?: { columns: string[] } };
}

export interface Column {
  ordinal: number;
  name: string;
  type: string;
  nullable: boolean;
  default?: string | null;
  generated?: { expression: string } | null;
  comment?: string | null;
}
