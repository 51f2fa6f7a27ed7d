import * as vscode from 'vscode';
import { LINKED_COMMANDS } from './markdown.ts';
import { decorationUri } from './row-decorations.ts';
import { TreeCache, type TreeElement } from './tree-cache.ts';
import type { NodeSource, TreeNode } from './tree-node.ts';

const COLLAPSE: Readonly<Record<TreeNode['open'], vscode.TreeItemCollapsibleState>> = {
  leaf: vscode.TreeItemCollapsibleState.None,
  closed: vscode.TreeItemCollapsibleState.Collapsed,
  open: vscode.TreeItemCollapsibleState.Expanded,
};

export interface TreeDeps {
  readonly source: NodeSource;
  /** Markdown of a row that somebody looks at; may ask the agent. */
  readonly cardOf: (node: TreeNode, signal: AbortSignal) => Promise<string>;
  readonly onError: (error: unknown) => void;
}

/** One view of rows. Draws what its source says, and draws again no more than what changed. */
export class LakeTreeDataProvider implements vscode.TreeDataProvider<TreeElement>, vscode.Disposable {
  readonly #deps: TreeDeps;
  readonly #cache: TreeCache;
  readonly #changed = new vscode.EventEmitter<TreeElement[] | undefined>();
  readonly onDidChangeTreeData = this.#changed.event;
  readonly #closed = new Set<string>();
  #isRefreshing = false;
  #isAgain = false;

  constructor(deps: TreeDeps) {
    this.#deps = deps;
    this.#cache = new TreeCache(deps.source);
  }

  /** One at a time; what changes meanwhile is looked at again. */
  async refresh(): Promise<void> {
    this.#isAgain = true;
    if (this.#isRefreshing) return;
    this.#isRefreshing = true;
    try {
      while (this.#isAgain) {
        this.#isAgain = false;
        const changed = await this.#cache.refresh();
        if (changed.includes(undefined)) this.#changed.fire(undefined);
        else if (changed.length > 0) this.#changed.fire(changed.filter((element) => element !== undefined));
      }
    } catch (error) {
      this.#deps.onError(error);
    } finally {
      this.#isRefreshing = false;
    }
  }

  async getChildren(element?: TreeElement): Promise<TreeElement[]> {
    return [...(await this.#cache.childrenOf(element))];
  }

  getParent(element: TreeElement): TreeElement | undefined {
    return element.parent;
  }

  getTreeItem({ id, node }: TreeElement): vscode.TreeItem {
    const item = new vscode.TreeItem(node.label, COLLAPSE[node.open]);
    item.id = id;
    item.description = node.description;
    item.contextValue = node.context;
    item.accessibilityInformation = { label: node.spoken, role: 'treeitem' };
    if (node.icon !== undefined) {
      const { name, color } = node.icon;
      item.iconPath = new vscode.ThemeIcon(
        name,
        color === undefined ? undefined : new vscode.ThemeColor(color),
      );
    }
    if (node.decoration !== undefined) item.resourceUri = decorationUri(node.decoration);
    if (node.opens !== undefined)
      item.command = {
        command: node.opens.command,
        title: node.opens.title,
        arguments: [...node.opens.args],
      };
    return item;
  }

  async resolveTreeItem(
    item: vscode.TreeItem,
    { node }: TreeElement,
    token: vscode.CancellationToken,
  ): Promise<vscode.TreeItem> {
    const left = new AbortController();
    const stop = token.onCancellationRequested(() => left.abort());
    try {
      item.tooltip = cardMarkdown(await this.#deps.cardOf(node, left.signal));
    } finally {
      stop.dispose();
    }
    return item;
  }

  /** Nobody looks below it: what is there is not kept up any more. */
  closed(element: TreeElement): void {
    this.#cache.closed(element);
    this.#closed.add(element.id);
  }

  /** The editor kept its rows while it was closed, and they may be old. */
  opened(element: TreeElement): void {
    if (this.#closed.delete(element.id)) this.#changed.fire([element]);
  }

  /** The row of this id, with the rows above it asked for on the way; undefined: it is not there. */
  async find(path: readonly string[]): Promise<TreeElement | undefined> {
    let at: TreeElement | undefined;
    for (const id of path) {
      const children = await this.#cache.childrenOf(at);
      at = children.find((child) => child.id === id);
      if (at === undefined) return undefined;
    }
    return at;
  }

  dispose(): void {
    this.#changed.dispose();
  }
}

/** A card of ours: links to what opens things, no HTML, icons never from data (it is escaped). */
export function cardMarkdown(text: string): vscode.MarkdownString {
  const markdown = new vscode.MarkdownString(text);
  markdown.isTrusted = { enabledCommands: LINKED_COMMANDS };
  markdown.supportHtml = false;
  return markdown;
}
