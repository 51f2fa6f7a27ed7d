import * as vscode from 'vscode';
import { plainText } from '../../shared/plain-text.ts';
import { commandId } from '../manifest/command-table.ts';
import type { NotificationLevel } from '../manifest/settings.ts';
import type { IncidentMove } from '../models/lake-model.ts';
import type { Parts, Register } from '../parts.ts';
import { statusLine } from './status-line.ts';
import { ToastPolicy } from './toast-policy.ts';

const TOLD_KEY = 'lakewarden.toldIncidents';
const config = () => vscode.workspace.getConfiguration('lakewarden');

/** One item in the status bar, and at most one toast an incident. */
export const registerStatus: Register = (parts) => {
  const { lake, connection, context } = parts;
  const item = vscode.window.createStatusBarItem('lakewarden.status', vscode.StatusBarAlignment.Left, 10);
  item.name = 'Lakewarden';
  item.command = commandId('focusIncidents');
  const policy = new ToastPolicy(context.globalState.get<string[]>(TOLD_KEY, []));
  const draw = () => drawItem(item, parts);
  return [
    item,
    lake.onChange(draw),
    connection.onChange(draw),
    vscode.workspace.onDidChangeConfiguration((event) => {
      if (event.affectsConfiguration('lakewarden.statusBar')) draw();
    }),
    lake.onIncident((move) => void tell(move, policy, parts)),
  ];
};

function drawItem(item: vscode.StatusBarItem, { lake, connection }: Parts): void {
  const line = config().get('statusBar', true) ? statusLine(lake, connection.state) : undefined;
  if (line === undefined) {
    item.hide();
    return;
  }
  item.text = line.text;
  item.tooltip = line.tooltip;
  item.accessibilityInformation = { label: line.spoken, role: 'button' };
  item.backgroundColor =
    line.breach === 'none'
      ? undefined
      : new vscode.ThemeColor(
          line.breach === 'critical' ? 'statusBarItem.errorBackground' : 'statusBarItem.warningBackground',
        );
  item.show();
}

async function tell(move: IncidentMove, policy: ToastPolicy, { context, open, log }: Parts): Promise<void> {
  const { incident } = move;
  log.info(`incident ${incident.id} · ${incident.state} · ${plainText(incident.title)}`);
  if (!policy.shouldTell(move, config().get<NotificationLevel>('notifications', 'critical'))) return;
  await context.globalState.update(TOLD_KEY, policy.told);
  const look = vscode.l10n.t('Open');
  const never = vscode.l10n.t("Don't Show Again");
  const text = `${plainText(incident.title, 160)} · ${incident.severity} · ${incident.state}`;
  const show =
    incident.severity === 'critical' || incident.severity === 'error'
      ? vscode.window.showErrorMessage
      : vscode.window.showWarningMessage;
  const chosen = await show(text, look, never);
  if (chosen === look) await open({ kind: 'incident', about: incident.id });
  if (chosen === never) await config().update('notifications', 'off', vscode.ConfigurationTarget.Global);
}
