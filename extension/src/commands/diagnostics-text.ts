import * as vscode from 'vscode';
import type { Parts } from '../parts.ts';

/** For a report about us: versions and states; no name of anything in the lake, no token, no address but its kind. */
export function diagnosticsText({ context, connection, lake }: Parts): string {
  const { state, place } = connection;
  const { overview } = lake;
  const packageJson = context.extension.packageJSON as { readonly version?: string };
  const from = place?.kind === 'found' ? place.from : (place?.kind ?? 'not looked for');
  return [
    `Lakewarden ${packageJson.version ?? 'unknown'} · VS Code ${vscode.version} · ${process.platform} ${process.arch} · node ${process.version}`,
    `remote ${vscode.env.remoteName === undefined ? 'no' : 'yes'} · trusted ${vscode.workspace.isTrusted}`,
    `connection ${state.kind} · agent from ${from}`,
    `agent ${overview?.agent.version ?? 'unknown'} · API ${overview?.agent.api ?? 'unknown'} · ready ${overview?.agent.ready ?? 'unknown'}`,
    `datasets ${lake.datasets.size} · sources ${lake.sources.size} · runs ${lake.runs.length} · incidents ${lake.incidents.length} · runbooks ${lake.runbooks.length}`,
    ...(overview === undefined ? [] : [`states ${JSON.stringify(overview.counts)}`]),
  ].join('\n');
}
