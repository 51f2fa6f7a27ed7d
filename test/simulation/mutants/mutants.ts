import type { Patch } from './patch.ts';

/** A safeguard of the product taken out. A simulation that does not notice would not notice its loss either. */
export interface Mutant {
  readonly name: string;
  /** The invariant that it should break. */
  readonly breaks: string;
  readonly patches: readonly Patch[];
}

const DRAIN = 'packages/core/src/land/drain.ts';
const COMMIT = 'packages/delta/src/commit/commit.ts';
const JUDGE = 'packages/delta/src/commit/judge.ts';
const RUN = 'packages/core/src/reconcile/run.ts';
const COMMIT_RUN = 'packages/core/src/reconcile/commit-run.ts';
const WORLD = 'packages/core/src/reconcile/world.ts';
const BUILD = 'packages/core/src/reconcile/build.ts';
const PERFORM = 'packages/core/src/actions/perform.ts';
const CONTROL = 'packages/core/src/policy/control-objects.ts';

const COMMIT_OF_DRAIN = 'const outcome = await this.#deps.tables.commit(intent, this.#signal);';
const EMPTY = "change: { kind: 'append', files: [] }";

export const MUTANTS: readonly Mutant[] = [
  {
    name: 'checkpoint in a commit of its own, after the rows',
    breaks: 'I3',
    patches: [
      {
        file: DRAIN,
        from: COMMIT_OF_DRAIN,
        to: `const rows = await this.#deps.tables.commit({ ...intent, txns: [] }, this.#signal);
    const moved = { ...intent, base: rows.snapshot, ${EMPTY}, commitId: intent.commitId + 'b' };
    const outcome = rows.kind === 'committed' ? await this.#deps.tables.commit(moved, this.#signal) : rows;`,
      },
    ],
  },
  {
    name: 'checkpoint in a commit of its own, before the rows',
    breaks: 'I1',
    patches: [
      {
        file: DRAIN,
        from: COMMIT_OF_DRAIN,
        to: `const moved = await this.#deps.tables.commit({ ...intent, ${EMPTY} }, this.#signal);
    const rows = { ...intent, base: moved.snapshot, txns: [], commitId: intent.commitId + 'b' };
    const outcome = moved.kind === 'committed' ? await this.#deps.tables.commit(rows, this.#signal) : moved;`,
      },
    ],
  },
  {
    name: 'a taken version is answered by the next one, blindly',
    breaks: 'I2',
    patches: [
      {
        file: COMMIT,
        from: 'const standing = await rebase(storage, prepared, state, put, options.signal);',
        to: 'state.version += 1; const standing = undefined; void rebase;',
      },
    ],
  },
  {
    name: 'log entries are put without If-None-Match',
    breaks: 'I4',
    patches: [
      {
        file: COMMIT,
        from: 'return storage.putIfAbsent(commitPath(root, version), body, { ...(signal && { signal }) });',
        to: `await storage.put(commitPath(root, version), body, { ...(signal && { signal }) });
  return { kind: 'created' };`,
      },
    ],
  },
  {
    name: 'a higher epoch in the table is ignored',
    breaks: 'I4',
    patches: [{ file: JUDGE, from: 'held !== undefined && held > epoch', to: 'held !== undefined && false' }],
  },
  {
    name: 'the checkpoint is not compared with where it stood',
    breaks: 'I2',
    patches: [
      {
        file: JUDGE,
        from: 'if (txns.some(({ appId, from }) => state.txns.get(appId) !== from)) {',
        to: 'if (txns.length < 0) {',
      },
      {
        file: JUDGE,
        from: 'if (winner.txns.some(({ appId }) => ours.has(appId)))',
        to: 'if (ours.size < 0)',
      },
    ],
  },
  {
    name: 'a slice that somebody else changed is overwritten',
    breaks: 'I5',
    patches: [
      {
        file: JUDGE,
        from: "if (change.kind === 'overwrite' && changesSlices(prepared.slices, state, winner))",
        to: 'void changesSlices; if (prepared.adds.length < 0)',
      },
    ],
  },
  {
    name: 'the decisive table is committed first',
    breaks: 'I7',
    patches: [{ file: COMMIT_RUN, from: 'of result.outputs) {', to: 'of result.outputs.toReversed()) {' }],
  },
  {
    name: 'data files are stored after the commit',
    breaks: 'I7',
    patches: [
      {
        file: DRAIN,
        from: `await mapLimit(written, STORE_CONCURRENCY, (file) =>
        deps.files.store(file.localPath, \`\${root}/\${file.name}\`, this.#signal),
      );
      await this.#commit(written.filter((file) => !this.#isFenced(file.partition)));`,
        to: `await this.#commit(written.filter((file) => !this.#isFenced(file.partition)));
      await mapLimit(written, STORE_CONCURRENCY, (file) =>
        deps.files.store(file.localPath, \`\${root}/\${file.name}\`, this.#signal),
      );`,
      },
    ],
  },
  {
    name: 'what the engine counted is believed',
    breaks: 'I12',
    patches: [
      {
        file: RUN,
        from: 'checkCleanAccounting(slices, manifest.accounting);',
        to: 'void checkCleanAccounting;',
      },
    ],
  },
  {
    name: 'gold is committed without its last dedup pass',
    breaks: 'I2',
    patches: [
      {
        file: RUN,
        from: '[manifest.duplicates, manifest.gold]',
        to: '[manifest.duplicates, aggregated.files]',
      },
    ],
  },
  {
    name: 'rows of a rebuild are taken for equal unseen',
    breaks: 'I5',
    patches: [
      {
        file: COMMIT_RUN,
        from: 'formatDigest(before.digest) === formatDigest(after?.digest ?? EMPTY_DIGEST)',
        to: 'formatDigest(after?.digest ?? EMPTY_DIGEST) !== undefined',
      },
    ],
  },
  {
    name: 'a retagged slice keeps its old accounting',
    breaks: 'I12',
    patches: [{ file: COMMIT_RUN, from: '...countsNow(file, result, slice)', to: '...(countsNow && {})' }],
  },
  {
    name: 'fingerprints do not say what a slice was made from',
    breaks: 'I9',
    patches: [
      {
        file: 'packages/core/src/graph/fingerprint.ts',
        from: "[stepVersion, salt, ...lines].join('\\n')",
        to: "[stepVersion, salt].join('\\n')",
      },
    ],
  },
  {
    name: 'tables that name different runs count as whole',
    breaks: 'I7',
    patches: [
      {
        file: WORLD,
        from: 'whole?.size === 1 && !whole.has(undefined)',
        to: 'whole !== undefined',
      },
    ],
  },
  {
    name: 'bronze is read before what was built from it',
    breaks: 'I7',
    patches: [
      {
        file: WORLD,
        from: `const { snapshot, tables, recorded, runs } = await readTables(read, step, signal);
  const bronze = await read(rootOf(step.from.name), signal);`,
        to: `const bronze = await read(rootOf(step.from.name), signal);
  const { snapshot, tables, recorded, runs } = await readTables(read, step, signal);`,
      },
    ],
  },
  {
    name: 'a window is landed though another agent landed it',
    breaks: 'I3',
    patches: [
      {
        file: 'packages/core/src/land/window.ts',
        from: 'if (from !== undefined && from >= BigInt(attempt))',
        to: 'if (attempt < 0)',
      },
    ],
  },
  {
    name: 'a replay takes events above the checkpoint',
    breaks: 'I1',
    patches: [{ file: 'packages/core/src/land/replay-hub.ts', from: 'upTo: last,', to: 'upTo: last + 20n,' }],
  },
  {
    name: 'an act takes effect before its audit entry',
    breaks: 'I16',
    patches: [
      {
        file: PERFORM,
        from: 'const settled = await this.#deps.log.act(decide, signal);',
        to: `const early = asked.decide(this.#deps.log.state);
    if ('afterwards' in early) await early.afterwards?.(signal);
    const settled = await this.#deps.log.act(decide, signal);`,
      },
    ],
  },
  {
    name: 'a repeated idempotency key is a new act',
    breaks: 'I6',
    patches: [{ file: PERFORM, from: 'if (past !== undefined) return', to: 'if (past === null) return' }],
  },
  {
    name: 'an entry of the control log replaces another',
    breaks: 'I16',
    patches: [
      {
        file: CONTROL,
        from: 'const put = await storage.putIfAbsent(path, body);',
        to: "await storage.put(path, body); const put = { kind: 'created' };",
      },
    ],
  },
  {
    name: "another's entry of the control log is taken for ours",
    breaks: 'I6',
    patches: [{ file: CONTROL, from: "? 'ours' : 'taken'", to: "? 'ours' : 'ours'" }],
  },
  {
    name: 'a frozen dataset is built',
    breaks: 'I16',
    patches: [
      {
        file: 'packages/core/src/policy/policy.ts',
        from: "if (stop !== undefined) return { kind: 'frozen', stop };",
        to: 'void stop;',
      },
    ],
  },
  {
    name: 'a freeze fences nothing',
    breaks: 'I16',
    patches: [
      {
        file: 'agent/src/service/action-host.ts',
        from: 'await fenceDatasets(options, datasets, epoch, signal);',
        to: 'void fenceDatasets; void datasets; void epoch; void signal;',
      },
    ],
  },
  {
    name: 'a held slice is built',
    breaks: 'I16',
    // Looked for twice: when work is chosen, and before each commit.
    patches: [
      { file: WORLD, from: 'if (pin !== undefined) {', to: 'if (pin === null) {' },
      {
        file: BUILD,
        from: 'policy.pinOf(step.name, slice) !== undefined',
        to: 'policy.pinOf(step.name, slice) === null',
      },
    ],
  },
];
