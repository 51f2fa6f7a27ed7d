import type { ColorToken, Icon, Look } from '../../shared/states.ts';

/** What a node is about, for the commands that it offers. */
export interface NodeSubject {
  /** As the actions take it (`silver.orders@2011-11-11`, `source:orders`, `backfill:1a2b`, `gold`); absent: no act. */
  readonly target?: string;
  readonly dataset?: string;
  readonly slice?: string;
  /** Of a month: its first and last slice. */
  readonly from?: string;
  readonly to?: string;
  readonly source?: string;
  readonly window?: string;
  readonly backfill?: string;
  readonly run?: string;
  readonly plan?: string;
  readonly incident?: string;
  readonly execution?: string;
  readonly runbook?: string;
  readonly dependency?: string;
}

/** One row of a tree, as it is drawn. A node is a value: another look is another node of the same id. */
export interface TreeNode {
  /** Unique in its view and kept for the life of what it shows. */
  readonly id: string;
  readonly label: string;
  /** Right of the label: what one wants to know without opening. */
  readonly description: string;
  readonly icon:
    | { readonly name: Icon | (string & {}); readonly color?: ColorToken | (string & {}) }
    | undefined;
  readonly context: string;
  /** For the ear: the whole row in words. */
  readonly spoken: string;
  readonly open: 'leaf' | 'closed' | 'open';
  readonly subject: NodeSubject;
  /** Changes when what the tooltip tells has changed. */
  readonly stamp: string;
  /** Markdown, made when somebody looks; nothing of it is trusted but what we put there. */
  readonly card: () => string;
  /** For colour and badge of the row. */
  readonly decoration?: Decoration;
  readonly opens?: { readonly command: string; readonly title: string; readonly args: readonly unknown[] };
}

export interface Decoration {
  readonly kind: 'gold' | 'silver' | 'bronze' | 'failed' | 'late' | 'stale';
  readonly name: string;
}

/** One view: what stands below what. What is known is answered at once, what must be asked for later. */
export interface NodeSource {
  roots(): readonly TreeNode[];
  children(node: TreeNode): readonly TreeNode[] | Promise<readonly TreeNode[]>;
  /** Nobody looks at what is below this node any more. */
  closed?(node: TreeNode): void;
}

export function iconOf({ icon, color }: Look): TreeNode['icon'] {
  return { name: icon, color };
}

export function isSameRow(a: TreeNode, b: TreeNode): boolean {
  return (
    a.label === b.label &&
    a.description === b.description &&
    a.icon?.name === b.icon?.name &&
    a.icon?.color === b.icon?.color &&
    a.context === b.context &&
    a.spoken === b.spoken &&
    a.open === b.open &&
    a.stamp === b.stamp &&
    a.decoration?.kind === b.decoration?.kind
  );
}
