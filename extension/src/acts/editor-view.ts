import * as vscode from 'vscode';
import { errorText } from '../connection/error-words.ts';
import type { Parts } from '../parts.ts';
import { backfillText } from '../tree/run-nodes.ts';
import type { ActView, Offer } from './act-runner.ts';
import { followBackfill } from './follow-backfill.ts';

/** An answer that takes longer is shown where it can be cancelled. */
const PATIENCE_MS = 1_500;
const DONE_SHOWN_MS = 8_000;

export function editorView(parts: Parts): ActView {
  const { log, lake } = parts;
  const offers: readonly { readonly offer: Offer; readonly text: string }[] = [
    { offer: 'again', text: vscode.l10n.t('Try Again') },
    { offer: 'signIn', text: vscode.l10n.t('Sign In') },
    { offer: 'log', text: vscode.l10n.t('Show Log') },
  ];
  return {
    async working(title, run) {
      const left = new AbortController();
      const done = run(left.signal);
      const ended = done.then(
        () => undefined,
        () => undefined,
      );
      void vscode.window.withProgress({ location: vscode.ProgressLocation.Window, title }, () => ended);
      if (await settledWithin(ended, PATIENCE_MS)) return await done;
      const { Notification } = vscode.ProgressLocation;
      return await vscode.window.withProgress(
        { location: Notification, title, cancellable: true },
        (_, token) => {
          token.onCancellationRequested(() => left.abort());
          return done;
        },
      );
    },

    done(message) {
      vscode.window.setStatusBarMessage(`$(check) ${message}`, DONE_SHOWN_MS);
    },

    async showPlan(plan) {
      await parts.open({ kind: 'plan', about: plan.hash });
      parts.did('readPlan');
    },

    follow(id, title) {
      parts.did('appliedPlan');
      void showBackfill(id, title);
    },

    async refused(message, offered) {
      const shown = offers.filter(({ offer }) => offered.includes(offer));
      const chosen = await vscode.window.showErrorMessage(message, ...shown.map(({ text }) => text));
      const offer = shown.find(({ text }) => text === chosen)?.offer;
      if (offer === 'log') log.show(true);
      return offer;
    },

    async signIn() {
      await vscode.commands.executeCommand('lakewarden.signIn');
    },
  };

  /** Its progress until its end. Cancelling it there cancels it at the agent; what is committed stays. */
  async function showBackfill(id: string, title: string): Promise<void> {
    const { Notification } = vscode.ProgressLocation;
    await vscode.window.withProgress(
      { location: Notification, title, cancellable: true },
      async (progress, token) => {
        let percent = 0;
        const over = new AbortController();
        token.onCancellationRequested(() => {
          over.abort();
          void cancel(id);
        });
        const ended = await followBackfill(
          id,
          lake,
          (backfill) => {
            const now = backfill.total === 0 ? 100 : (100 * backfill.built) / backfill.total;
            progress.report({ message: backfillText(backfill), increment: Math.max(0, now - percent) });
            percent = Math.max(percent, now);
          },
          over.signal,
        );
        if (ended === undefined) return;
        const text = `${ended.title}: ${backfillText(ended)}`;
        log.info(text);
        if (ended.state === 'failed') void vscode.window.showWarningMessage(text);
        else vscode.window.setStatusBarMessage(`$(check) ${text}`, DONE_SHOWN_MS);
      },
    );
  }

  async function cancel(id: string): Promise<void> {
    try {
      const answer = await lake.client?.act('cancel-run', { run: id });
      if (answer !== undefined) log.info(`cancel-run ${id}: ${answer.message}`);
    } catch (error) {
      log.warn(errorText(error));
      void vscode.window.showErrorMessage(vscode.l10n.t('It could not be cancelled: {0}', errorText(error)));
    }
  }
}

async function settledWithin(ended: Promise<void>, ms: number): Promise<boolean> {
  let timer: ReturnType<typeof setTimeout> | undefined;
  const late = new Promise<boolean>((resolve) => {
    timer = setTimeout(() => resolve(false), ms);
  });
  try {
    return await Promise.race([ended.then(() => true), late]);
  } finally {
    clearTimeout(timer);
  }
}
