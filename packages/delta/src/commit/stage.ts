import assert from 'node:assert/strict';
import type { Commit, RemoveFile } from '../log/actions.ts';
import { addAction, encodeLines, removeAction } from '../log/encode-actions.ts';
import type { LogState } from '../log/replay.ts';
import { sliceOf } from '../log/slices.ts';
import type { AddFile } from '../log/snapshot.ts';
import type { PreparedCommit } from './prepare.ts';

/** One attempt: the entry for the version after `state`. */
export interface StagedCommit {
  readonly commit: Commit;
  readonly body: Uint8Array;
}

/** Adds to the prepared part what depends on the table as it is now. Pure. */
export function stageCommit(prepared: PreparedCommit, state: LogState): StagedCommit {
  const { change } = prepared.intent;
  const creates = state.metadata === undefined;
  const removes = removedFiles(prepared, state).map((file) => removeOf(file, prepared.now));
  const retagged = change.kind === 'retag' ? retag(change.tags, state) : [];
  for (const { path } of prepared.adds) assert.ok(!state.files.has(path), `${path} is in the table already`);
  const text =
    prepared.infoLine +
    (creates ? prepared.creationLines : '') +
    prepared.lines +
    encodeLines([...retagged.map(addAction), ...removes.map(removeAction)]);
  return {
    commit: {
      version: state.version + 1,
      info: prepared.info,
      protocol: creates ? prepared.creation.protocol : undefined,
      metadata: creates ? prepared.creation.metadata : undefined,
      txns: prepared.txns,
      adds: [...prepared.adds, ...retagged],
      removes,
    },
    body: Buffer.from(text, 'utf8'),
  };
}

/**
 * An overwrite removes what is live *now* in its slices, whoever put it there (DESIGN §3, Commit); a replacement removes
 * exactly the files that it names.
 */
function removedFiles({ intent, slices }: PreparedCommit, state: LogState): readonly AddFile[] {
  const { change } = intent;
  if (change.kind === 'overwrite')
    return [...state.files.values()].filter((file) => slices.has(sliceOf(file)));
  if (change.kind !== 'replace') return [];
  return change.remove.map((path) => {
    const live = state.files.get(path);
    assert.ok(live, `${path} was judged to be live`);
    return live;
  });
}

function removeOf({ path, partitionValues, size }: AddFile, now: number): RemoveFile {
  // Without the timestamp vacuum may delete at once, under readers of older versions (PROTOCOL.md, Add File and Remove File).
  return { path, dataChange: true, deletionTimestamp: now, partitionValues, size };
}

/** Adding a path again replaces what the log says of it (PROTOCOL.md, Add File and Remove File). */
function retag(
  tags: ReadonlyMap<string, Readonly<Record<string, string>>>,
  state: LogState,
): readonly AddFile[] {
  return [...tags].map(([path, values]) => {
    const live = state.files.get(path);
    assert.ok(live, `${path} was judged to be live`);
    return { ...live, dataChange: false, tags: values };
  });
}
