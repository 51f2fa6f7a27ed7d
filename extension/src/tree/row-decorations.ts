import * as vscode from 'vscode';
import { plainText } from '../../shared/plain-text.ts';
import type { Decoration } from './tree-node.ts';

const SCHEME = 'lakewarden-row';

const LOOKS: Readonly<
  Record<Decoration['kind'], { readonly color: string; readonly badge?: string; readonly tooltip?: string }>
> = {
  gold: { color: 'lakewarden.gold' },
  silver: { color: 'lakewarden.silver' },
  bronze: { color: 'lakewarden.bronze' },
  failed: { color: 'list.errorForeground', badge: '!', tooltip: 'failed' },
  late: { color: 'charts.orange', badge: 'L', tooltip: 'past its freshness objective' },
  stale: { color: 'charts.yellow', badge: 'S', tooltip: 'stale; queued' },
};

/** What a row is decorated with stands in its address, so another decoration is another address. */
export function decorationUri({ kind, name }: Decoration): vscode.Uri {
  return vscode.Uri.from({ scheme: SCHEME, path: `/${kind}/${plainText(name, 80).replaceAll('/', '∕')}` });
}

export class RowDecorations implements vscode.FileDecorationProvider {
  provideFileDecoration(uri: vscode.Uri): vscode.FileDecoration | undefined {
    if (uri.scheme !== SCHEME) return undefined;
    const kind = uri.path.split('/')[1];
    const look = LOOKS[kind as Decoration['kind']];
    if (look === undefined) return undefined;
    const decoration = new vscode.FileDecoration(look.badge, look.tooltip, new vscode.ThemeColor(look.color));
    decoration.propagate = false;
    return decoration;
  }
}
