import { existsSync, mkdirSync, readFileSync, renameSync, writeFileSync } from 'node:fs';
import { EXIT, Refusal } from './exit.ts';
import type { LakeFolder } from './lake-folder.ts';

/** What feeds this lake; decided by its first `up` and kept, so that a later one means the same data. */
export interface LakeMode {
  readonly kind: 'data' | 'generated';
  readonly asOf: string;
  readonly seed: number;
  /** About how many order lines were generated; undefined: as many as the generator makes by itself. */
  readonly rows?: number;
  /** Undefined: the pipeline that ships with whichever version runs. */
  readonly pipeline?: string;
}

export function readMode(folder: LakeFolder): LakeMode | undefined {
  if (!existsSync(folder.mode)) return undefined;
  try {
    return JSON.parse(readFileSync(folder.mode, 'utf8')) as LakeMode;
  } catch {
    throw new Refusal(
      EXIT.failed,
      `${folder.mode} cannot be read as JSON · remove it, or use another --lake`,
    );
  }
}

/** Keeps the mode of an existing lake; refuses to mix two kinds of data, or two generated worlds, in one. */
export function settleMode(folder: LakeFolder, asked: Partial<LakeMode>, defaults: LakeMode): LakeMode {
  const kept = readMode(folder);
  if (kept !== undefined) refuseAnotherKind(folder, kept, asked);
  const mode = { ...(kept ?? defaults), ...asked };
  for (const dir of [folder.root, folder.azure, folder.agent])
    mkdirSync(dir, { recursive: true, mode: 0o700 });
  // By rename, so that a kill never leaves half a file.
  writeFileSync(`${folder.mode}.new`, `${JSON.stringify(mode, null, 2)}\n`);
  renameSync(`${folder.mode}.new`, folder.mode);
  return mode;
}

/** Other parameters make another world, whose events would come on top of those that are there. */
const OF_A_WORLD = ['seed', 'asOf', 'rows'] as const;
const OPTION = { seed: '--seed', asOf: '--as-of', rows: '--rows' } as const;

function refuseAnotherKind(folder: LakeFolder, kept: LakeMode, asked: Partial<LakeMode>): void {
  if (asked.kind !== undefined && asked.kind !== kept.kind) {
    const has = kept.kind === 'data' ? 'files of --data' : 'generated data';
    throw new Refusal(EXIT.refused, `${folder.root} already holds ${has} · give another --lake`);
  }
  if (kept.kind !== 'generated') return;
  const other = OF_A_WORLD.find((name) => asked[name] !== undefined && asked[name] !== kept[name]);
  if (other === undefined) return;
  const has = kept[other] === undefined ? `without ${OPTION[other]}` : `with ${OPTION[other]} ${kept[other]}`;
  throw new Refusal(
    EXIT.refused,
    `${folder.root} holds data that was generated ${has} · leave ${OPTION[other]} out, or give another --lake`,
  );
}
