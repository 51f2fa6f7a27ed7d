import { createHash } from 'node:crypto';
import { canonicalJson } from '@lakewarden/compute';
import {
  type AuditEntry,
  auditEntrySchema,
  type ControlEffect,
  controlEffectSchema,
} from '@lakewarden/contracts';
import { z } from 'zod';
import type { ControlState } from './control-state.ts';

/** What is to be written; its place in the chain is found when it is. */
export interface NewEntry extends Pick<AuditEntry, 'actor' | 'role'> {
  readonly effects: readonly ControlEffect[];
  /** Of the catalogue; absent for what the agent notes by itself. */
  readonly action?: string;
  readonly input?: Readonly<Record<string, unknown>>;
  /** `<actor>:<key>`. */
  readonly idempotency?: string;
}

/** An entry as it stands in the lake. */
export interface StoredEntry {
  /** What is known of it; `effects` are those of kinds that we know. */
  readonly entry: AuditEntry;
  /** Effects of a newer agent, by type (I21): they are kept in the log and change nothing here. */
  readonly unknown: readonly string[];
  /** Hash of what really stands there; the entry was changed when it is another than `entry.hash`. */
  readonly actualHash: string;
}

/** @param at ISO 8601 */
export function sealEntry(entry: NewEntry, head: ControlState['head'], at: string): AuditEntry {
  const { actor, role, action, input, idempotency, effects } = entry;
  const open = {
    seq: head.seq + 1,
    at,
    actor,
    role,
    ...(action !== undefined && { action }),
    ...(input !== undefined && { input }),
    ...(idempotency !== undefined && { idempotency }),
    effects: [...effects],
    prev: head.hash,
  };
  return { ...open, hash: hashOf(open) };
}

/** SHA-256 over the canonical JSON of all members but `hash`, also of those that only a newer agent knows. */
function hashOf(members: Readonly<Record<string, unknown>>): string {
  const { hash: _, ...rest } = members;
  return createHash('sha256').update(canonicalJson(rest)).digest('hex');
}

const envelopeSchema = auditEntrySchema.extend({
  effects: z.array(z.looseObject({ type: z.string() })),
});

/** Undefined when it is no audit entry. */
export function readEntry(raw: unknown): StoredEntry | undefined {
  const envelope = envelopeSchema.safeParse(raw);
  if (!envelope.success) return undefined;
  const effects: ControlEffect[] = [];
  const unknown: string[] = [];
  for (const found of envelope.data.effects) {
    const effect = controlEffectSchema.safeParse(found);
    if (effect.success) effects.push(effect.data);
    else unknown.push(found.type);
  }
  const actualHash = hashOf(raw as Readonly<Record<string, unknown>>);
  return { entry: withoutUndefined({ ...envelope.data, effects }), unknown, actualHash };
}

/** Members that are absent in the text are absent in the value (`exactOptionalPropertyTypes`). */
function withoutUndefined(entry: AuditEntry): AuditEntry {
  return Object.fromEntries(Object.entries(entry).filter(([, value]) => value !== undefined)) as AuditEntry;
}

/** Why an entry does not belong behind this head; undefined when it does. */
export function whyNotNext(
  head: ControlState['head'],
  { entry, actualHash }: StoredEntry,
): string | undefined {
  if (entry.seq !== head.seq + 1) return `entry ${entry.seq} stands where ${head.seq + 1} belongs`;
  if (entry.prev !== head.hash) return `entry ${entry.seq} does not name the hash of the entry before it`;
  if (entry.hash !== actualHash) return `entry ${entry.seq} was changed after it was written`;
  return undefined;
}
