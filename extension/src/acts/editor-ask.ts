import * as vscode from 'vscode';
import type { Ask } from './ask.ts';

/** Asks by the editor's own lists, boxes and dialogs. */
export const editorAsk: Ask = {
  async pick(question, choices, { placeholder } = {}) {
    const items = choices.map(({ label, description, detail, value }) => ({
      label,
      value,
      ...(description !== undefined && { description }),
      ...(detail !== undefined && { detail }),
    }));
    const chosen = await vscode.window.showQuickPick(items, {
      title: question,
      matchOnDescription: true,
      ignoreFocusOut: true,
      ...(placeholder !== undefined && { placeHolder: placeholder }),
    });
    return chosen?.value;
  },

  async text(question, { value, placeholder, isSecret = false, problem } = {}) {
    return await vscode.window.showInputBox({
      prompt: question,
      title: 'Lakewarden',
      password: isSecret,
      ignoreFocusOut: true,
      ...(value !== undefined && { value }),
      ...(placeholder !== undefined && { placeHolder: placeholder }),
      ...(problem !== undefined && { validateInput: (text) => problem(text) }),
    });
  },

  async confirm(question, detail, verb) {
    return (await vscode.window.showWarningMessage(question, { modal: true, detail }, verb)) === verb;
  },
};
