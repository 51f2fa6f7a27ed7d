import type * as vscode from 'vscode';
import { focusOf } from './commands/subject-of.ts';
import type { Panels } from './panels/register-panels.ts';
import type { Parts } from './parts.ts';
import type { LakeTrees } from './tree/register-trees.ts';

const ID = /^[A-Za-z0-9._:-]{1,128}$/;

/**
 * Links from alert mails: `vscode://lakewarden.lakewarden-vscode/incident/inc-7`, `/dataset/silver.orders`, `/lineage/…`.
 * They only open what there is to see; a link of somebody else's can change nothing.
 */
export class LakewardenUris implements vscode.UriHandler {
  readonly #parts: Parts;
  readonly #panels: Panels;
  readonly #trees: LakeTrees;

  constructor(parts: Parts, panels: Panels, trees: LakeTrees) {
    this.#parts = parts;
    this.#panels = panels;
    this.#trees = trees;
  }

  async handleUri({ path }: vscode.Uri): Promise<void> {
    const [, kind, about = ''] = path.split('/');
    if (!ID.test(about.replace('@', '')))
      return this.#parts.log.warn(`a link names nothing that we know: ${path.slice(0, 200)}`);
    await this.#parts.connection.start();
    switch (kind) {
      case 'incident':
        await this.#trees.focus('incidents');
        return await this.#parts.open({ kind: 'incident', about });
      case 'dataset':
        await this.#trees.focus('layers');
        return await this.#trees.revealDataset(about);
      case 'lineage': {
        const focus = focusOf({ focus: about });
        return this.#panels.lineage(
          focus === undefined ? undefined : { level: focus.includes('@') ? 'slice' : 'table', focus },
        );
      }
      default:
        return this.#parts.log.warn(`a link names nothing that we know: ${path.slice(0, 200)}`);
    }
  }
}
