import { expect, it } from 'vitest';
import { TreeCache } from './tree-cache.ts';
import type { TreeNode } from './tree-node.ts';

function node(id: string, description = '', change: Partial<TreeNode> = {}): TreeNode {
  return {
    id,
    label: id,
    description,
    icon: undefined,
    context: '',
    spoken: id,
    open: 'closed',
    subject: {},
    stamp: '',
    card: () => '',
    ...change,
  };
}

/** A tree as data; what was asked for is remembered. */
function source(tree: Record<string, TreeNode[]>) {
  const asked: string[] = [];
  const of = (id: string) => {
    asked.push(id);
    return tree[id] ?? [];
  };
  return {
    asked,
    tree,
    roots: () => of('root'),
    children: ({ id }: TreeNode) => of(id),
  };
}

async function opened(tree: Record<string, TreeNode[]>) {
  const nodes = source(tree);
  const cache = new TreeCache(nodes);
  const roots = await cache.childrenOf(undefined);
  for (const root of roots) await cache.childrenOf(root);
  nodes.asked.length = 0;
  return { nodes, cache, roots };
}

it('draws again the one row that differs, and no other', async () => {
  const { nodes, cache } = await opened({
    root: [node('a'), node('b')],
    a: [node('a1'), node('a2')],
    b: [node('b1')],
  });
  nodes.tree.a = [node('a1'), node('a2', 'failed')];
  const changed = await cache.refresh();
  expect(changed.map((element) => element?.id)).toEqual(['a2']);
  expect(changed[0]?.node.description).toBe('failed');
  expect(await cache.refresh()).toEqual([]);
});

it('draws a row with all below it when rows came or went there', async () => {
  const { nodes, cache } = await opened({ root: [node('a'), node('b')], a: [node('a1')], b: [node('b1')] });
  nodes.tree.a = [node('a1'), node('a2')];
  expect((await cache.refresh()).map((element) => element?.id)).toEqual(['a']);
  nodes.tree.root = [node('b')];
  expect(await cache.refresh()).toEqual([undefined]);
});

it('looks at nothing that nobody has opened', async () => {
  const nodes = source({ root: [node('a'), node('b')], a: [node('a1')] });
  const cache = new TreeCache(nodes);
  expect(await cache.refresh()).toEqual([]);
  expect(nodes.asked).toEqual([]);
  const [a] = await cache.childrenOf(undefined);
  await cache.refresh();
  expect(nodes.asked).toEqual(['root', 'root']);
  if (a !== undefined) {
    await cache.childrenOf(a);
    cache.closed(a);
  }
  nodes.asked.length = 0;
  await cache.refresh();
  expect(nodes.asked).toEqual(['root']);
});

it('keeps the identity of a row while it is there', async () => {
  const { nodes, cache, roots } = await opened({ root: [node('a'), node('b')] });
  nodes.tree.root = [node('b', 'x'), node('a')];
  await cache.refresh();
  const now = await cache.childrenOf(undefined);
  expect(now.map(({ id }) => id)).toEqual(['b', 'a']);
  expect(now[1]).toBe(roots[0]);
  expect(cache.get('b')).toBe(roots[1]);
  nodes.tree.root = [node('b')];
  await cache.refresh();
  expect(cache.get('a')).toBeUndefined();
});

it('draws one row instead of very many below it', async () => {
  const rows = (text: string) => Array.from({ length: 500 }, (_, index) => node(`a${index}`, text));
  const { nodes, cache } = await opened({ root: [node('a')], a: rows('') });
  nodes.tree.a = rows('changed');
  expect((await cache.refresh()).map((element) => element?.id)).toEqual(['a']);
});

it.each(['description', 'context', 'spoken', 'stamp', 'open', 'icon'] as const)(
  'sees another %s',
  async (field) => {
    const { nodes, cache } = await opened({ root: [node('a')] });
    const value = field === 'icon' ? { name: 'x' } : field === 'open' ? 'leaf' : 'x';
    nodes.tree.root = [node('a', '', { [field]: value } as never)];
    expect(await cache.refresh()).toHaveLength(1);
  },
);
