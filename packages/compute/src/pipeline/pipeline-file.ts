import type { z } from 'zod';
import { checkPart } from './check-part.ts';
import {
  type BronzeEntry,
  bronzeSchema,
  fileSchema,
  type GoldEntry,
  goldSchema,
  type LogRuleEntry,
  logRuleSchema,
  type ObjectiveEntry,
  objectiveSchema,
  type SilverEntry,
  type SourceEntry,
  silverSchema,
  sourceSchema,
} from './pipeline-schema.ts';
import type { ProblemLog } from './problem-log.ts';

/** The file with the right shape. An entry is undefined when its own shape is wrong, which has been reported. */
export interface PipelineFile {
  readonly name: string;
  readonly sources: ReadonlyMap<string, SourceEntry | undefined>;
  readonly bronze: ReadonlyMap<string, BronzeEntry | undefined>;
  readonly silver: ReadonlyMap<string, SilverEntry | undefined>;
  readonly gold: ReadonlyMap<string, GoldEntry | undefined>;
  readonly objectives: ReadonlyMap<string, ObjectiveEntry | undefined>;
  readonly logRules: ReadonlyMap<string, LogRuleEntry | undefined>;
  /** True when a whole section is missing or no object: what refers to it cannot be judged. */
  readonly isPartial: boolean;
}

export function checkShape(value: unknown, problems: ProblemLog): PipelineFile {
  const whole = checkPart(fileSchema, value, [], problems);
  const parts = whole ?? looseSections(value);
  return {
    name: parts.pipeline ?? '',
    sources: checkEntries(sourceSchema, parts.sources, 'sources', problems),
    bronze: checkEntries(bronzeSchema, parts.bronze, 'bronze', problems),
    silver: checkEntries(silverSchema, parts.silver, 'silver', problems),
    gold: checkEntries(goldSchema, parts.gold, 'gold', problems),
    objectives: checkEntries(objectiveSchema, parts.objectives, 'objectives', problems),
    logRules: checkEntries(logRuleSchema, parts.logRules, 'logRules', problems),
    isPartial: whole === undefined && isPartial(value, parts),
  };
}

type Section = Readonly<Record<string, unknown>> | undefined;

interface Sections {
  readonly pipeline: string | undefined;
  readonly sources: Section;
  readonly bronze: Section;
  readonly silver?: Section;
  readonly gold?: Section;
  readonly objectives?: Section;
  readonly logRules?: Section;
}

/** What can be looked at although the top of the file is wrong. */
function looseSections(value: unknown): Sections {
  const object: Record<string, unknown> = isObject(value) ? value : {};
  const section = (name: string): Section => (isObject(object[name]) ? object[name] : undefined);
  return {
    pipeline: undefined,
    sources: section('sources'),
    bronze: section('bronze'),
    silver: section('silver'),
    gold: section('gold'),
    objectives: section('objectives'),
    logRules: section('logRules'),
  };
}

function isPartial(value: unknown, parts: Sections): boolean {
  const names = ['silver', 'gold'] as const;
  const isLost =
    isObject(value) && names.some((name) => value[name] !== undefined && parts[name] === undefined);
  return isLost || !isObject(value) || parts.sources === undefined || parts.bronze === undefined;
}

function isObject(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

function checkEntries<T>(
  schema: z.ZodType<T>,
  section: Section,
  name: string,
  problems: ProblemLog,
): ReadonlyMap<string, T | undefined> {
  const entries = Object.entries(section ?? {});
  return new Map(entries.map(([key, value]) => [key, checkPart(schema, value, [name, key], problems)]));
}
