import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { type RunbookShelf, shelveRunbooks } from '@lakewarden/core';

/** Those that ship with Lakewarden. */
export const SHIPPED_RUNBOOKS = fileURLToPath(new URL('../../../runbooks', import.meta.url));

export interface RunbookFolder extends RunbookShelf {
  /** README beside the runbook's file; empty when there is none. */
  readme(name: string): string;
}

/** `<folder>/<failure>/runbook.yaml`. A file that cannot be read as a runbook is a problem with its name, not an end. */
export function readRunbooks(folder: string): RunbookFolder {
  const files = folders(folder)
    .map((name) => join(folder, name, 'runbook.yaml'))
    .filter((file) => existsSync(file))
    .map((file) => ({ file, yaml: readFileSync(file, 'utf8') }));
  const shelf = shelveRunbooks(files);
  return {
    ...shelf,
    readme(name) {
      const runbook = shelf.runbooks.get(name);
      const file = runbook && join(dirname(runbook.file), 'README.md');
      return file !== undefined && existsSync(file) ? readFileSync(file, 'utf8') : '';
    },
  };
}

function folders(folder: string): readonly string[] {
  if (!existsSync(folder)) return [];
  return readdirSync(folder, { withFileTypes: true })
    .filter((entry) => entry.isDirectory())
    .map(({ name }) => name)
    .sort();
}
