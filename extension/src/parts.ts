import type * as vscode from 'vscode';
import type { Connection } from './connection/connection.ts';
import type { DocumentAddress } from './documents/document-kinds.ts';
import type { Deed } from './manifest/walkthrough.ts';
import type { LakeModel } from './models/lake-model.ts';
import type { ModelClock } from './models/model-ports.ts';
import type { PlansModel } from './models/plans-model.ts';
import type { SlicesModel } from './models/slices-model.ts';

/** What the features of the extension share; made once in `extension.ts`. */
export interface Parts {
  readonly context: vscode.ExtensionContext;
  readonly log: vscode.LogOutputChannel;
  readonly clock: ModelClock;
  readonly lake: LakeModel;
  readonly slices: SlicesModel;
  readonly plans: PlansModel;
  readonly connection: Connection;
  /** A step of the walkthrough has been taken. */
  did(deed: Deed): void;
  /** Shows a text of ours, read-only. */
  open(address: DocumentAddress): Promise<void>;
}

export type Register = (parts: Parts) => readonly vscode.Disposable[];
