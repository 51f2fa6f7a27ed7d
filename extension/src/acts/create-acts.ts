import { randomUUID } from 'node:crypto';
import * as vscode from 'vscode';
import type { Parts } from '../parts.ts';
import { ActRunner } from './act-runner.ts';
import { editorAsk } from './editor-ask.ts';
import { editorView } from './editor-view.ts';

export function createActs(parts: Parts): ActRunner {
  const { lake, plans, slices, log, clock } = parts;
  return new ActRunner({
    ask: editorAsk,
    t: (message, ...args) => vscode.l10n.t(message, ...args),
    view: editorView(parts),
    lake,
    plans,
    log,
    uuid: () => randomUUID(),
    nowMs: () => clock.nowMs(),
    slicesOf: async (dataset) => (await slices.load(dataset, 'all')).items,
  });
}
