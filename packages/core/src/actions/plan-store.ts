import { canonicalJson } from '@lakewarden/compute';
import { type Plan, planSchema, TerminalError } from '@lakewarden/contracts';
import type { LakeStorage } from '@lakewarden/delta';
import { planHash } from '../plan/seal-plan.ts';
import { PLAN_FOLDER, putOnce } from '../policy/control-objects.ts';

/** Plans as they were made, `_lakewarden/control/plans/<hash>.json`: immutable, found by the first digits of the hash. */
export interface PlanStore {
  /** Idempotent: a plan that is there stays as it was first made. */
  put(plan: Plan, signal: AbortSignal): Promise<void>;
  /** @param prefix at least 4 hex digits */
  get(prefix: string, signal: AbortSignal): Promise<PlanLookup>;
}

export type PlanLookup =
  | { readonly kind: 'found'; readonly plan: Plan }
  | { readonly kind: 'absent' }
  /** Some of the hashes that begin so. */
  | { readonly kind: 'ambiguous'; readonly hashes: readonly string[] };

const HASH_DIGITS = 64;
const PREFIX_DIGITS_MIN = 4;
const HASHES_NAMED_MAX = 5;

export function createPlanStore(storage: LakeStorage): PlanStore {
  return {
    async put(plan) {
      // Another one with this hash differs in nothing but who made it, and when.
      await putOnce(storage, pathOf(plan.hash), Buffer.from(canonicalJson(plan)));
    },
    async get(prefix, signal) {
      if (!/^[0-9a-f]+$/.test(prefix) || prefix.length < PREFIX_DIGITS_MIN) return { kind: 'absent' };
      const hashes = prefix.length === HASH_DIGITS ? [prefix] : await hashesOf(storage, prefix, signal);
      const [hash] = hashes;
      if (hash === undefined) return { kind: 'absent' };
      if (hashes.length > 1) return { kind: 'ambiguous', hashes };
      const body = await storage.read(pathOf(hash), { signal });
      return body === undefined ? { kind: 'absent' } : { kind: 'found', plan: readPlan(hash, body) };
    },
  };
}

function pathOf(hash: string): string {
  return `${PLAN_FOLDER}/${hash}.json`;
}

async function hashesOf(
  storage: LakeStorage,
  prefix: string,
  signal: AbortSignal,
): Promise<readonly string[]> {
  const start = `${PLAN_FOLDER}/${prefix}`;
  const found: string[] = [];
  for await (const { path } of storage.list(PLAN_FOLDER, { startAfter: start, signal })) {
    if (!path.startsWith(start) || found.length === HASHES_NAMED_MAX) break;
    const hash = /\/([0-9a-f]{64})\.json$/.exec(path)?.[1];
    if (hash !== undefined) found.push(hash);
  }
  return found;
}

/** @throws TerminalError `corrupt` when it is not what its name says: somebody else wrote it */
function readPlan(hash: string, body: Uint8Array): Plan {
  try {
    const raw = JSON.parse(Buffer.from(body).toString());
    if (raw?.hash === hash && planHash(raw) === hash) return planSchema.parse(raw);
  } catch (cause) {
    throw corrupt(hash, cause);
  }
  throw corrupt(hash);
}

function corrupt(hash: string, cause?: unknown): TerminalError {
  return new TerminalError(
    'corrupt',
    `${pathOf(hash)}  is not the plan that it is named after. Make the plan again.`,
    { cause },
  );
}
