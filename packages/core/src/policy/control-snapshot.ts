import { createHash } from 'node:crypto';
import { canonicalJson } from '@lakewarden/compute';
import type { LakeStorage } from '@lakewarden/delta';
import { SNAPSHOT_FOLDER, sequenceOf, sequencePath } from './control-objects.ts';
import { type ControlState, EMPTY_CONTROL } from './control-state.ts';

/** Of how entries are folded and of what a state holds: a snapshot of another form is not read but built anew. */
const FORM = 1;
const KEPT = 3;

type MapName = Exclude<keyof ControlState, 'head'>;
const MAPS = Object.keys(EMPTY_CONTROL).filter((name) => name !== 'head') as readonly MapName[];

export function encodeSnapshot(state: ControlState): Uint8Array {
  const maps = Object.fromEntries(MAPS.map((name) => [name, [...state[name]]]));
  const content = { form: FORM, head: state.head, maps };
  return Buffer.from(JSON.stringify({ ...content, sum: sumOf(content) }));
}

/** Undefined unless it is whole and of this form. */
export function decodeSnapshot(body: Uint8Array): ControlState | undefined {
  try {
    const { sum, ...content } = JSON.parse(Buffer.from(body).toString());
    if (content.form !== FORM || sumOf(content) !== sum) return undefined;
    const maps = MAPS.map((name) => [name, new Map(content.maps[name])]);
    return { ...EMPTY_CONTROL, ...Object.fromEntries(maps), head: content.head };
  } catch {
    return undefined;
  }
}

function sumOf(content: unknown): string {
  return createHash('sha256').update(canonicalJson(content)).digest('hex');
}

/** Snapshots from the newest on. They are hints: each may be missing, half, or of another lake. */
export async function* readSnapshots(
  storage: LakeStorage,
  signal: AbortSignal,
): AsyncGenerator<{ readonly path: string; readonly state: ControlState | undefined }> {
  for (const seq of (await listSnapshots(storage, signal)).reverse()) {
    const path = sequencePath(SNAPSHOT_FOLDER, seq);
    const body = await storage.read(path, { signal });
    yield { path, state: body && decodeSnapshot(body) };
  }
}

/** Writes one and takes those away that are too old to be of use. */
export async function writeSnapshot(storage: LakeStorage, state: ControlState): Promise<void> {
  await storage.put(sequencePath(SNAPSHOT_FOLDER, state.head.seq), encodeSnapshot(state));
  for (const seq of (await listSnapshots(storage)).slice(0, -KEPT)) {
    await storage.delete(sequencePath(SNAPSHOT_FOLDER, seq));
  }
}

async function listSnapshots(storage: LakeStorage, signal?: AbortSignal): Promise<number[]> {
  const found: number[] = [];
  for await (const { path } of storage.list(SNAPSHOT_FOLDER, { ...(signal && { signal }) })) {
    const seq = sequenceOf(path);
    if (seq !== undefined) found.push(seq);
  }
  return found;
}
