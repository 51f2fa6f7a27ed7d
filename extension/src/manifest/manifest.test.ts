import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { ACTION_NAMES, QUERY_NAMES } from '@lakewarden/contracts';
import { describe, expect, it } from 'vitest';
import { spokenWords } from '../../scripts/spoken-words.ts';
import { LINKED_COMMANDS } from '../tree/markdown.ts';
import {
  ACTION_COMMANDS,
  commandId,
  MODEL_QUERIES,
  VIEW_COMMANDS,
  type ViewCommand,
} from './command-table.ts';
import { contextValue, INLINE_MAX, NODE_KINDS, whenFacet } from './facets.ts';
import { manifest } from './manifest.ts';
import { CONNECTION_KINDS, welcomes } from './welcome.ts';

const EXTENSION = fileURLToPath(new URL('../..', import.meta.url));
const read = (file: string) => JSON.parse(readFileSync(join(EXTENSION, file), 'utf8'));

interface Contributes {
  readonly commands: readonly { readonly command: string }[];
  readonly menus: Readonly<Record<string, readonly { command: string; when?: string; group?: string }[]>>;
  readonly configuration: { readonly properties: Readonly<Record<string, { scope: string }>> };
  readonly viewsWelcome: readonly { readonly view: string; readonly when: string }[];
  readonly walkthroughs: readonly { steps: readonly { media: { markdown: string } }[] }[];
}

describe('the manifest', () => {
  const { package: fields, nls } = manifest();
  const contributes = fields.contributes as Contributes;
  const commands = contributes.commands.map(({ command }) => command);

  it('is what the tables say (else: npm run manifest -w extension)', () => {
    const written = read('package.json');
    for (const [name, value] of Object.entries(fields)) expect(written[name], name).toEqual(value);
    expect(read('package.nls.json')).toEqual(nls);
    expect(read('l10n/bundle.l10n.json')).toEqual(spokenWords(join(EXTENSION, 'src')));
  });

  it('has each action of the catalogue as a command, none missing, none extra beside those that look', () => {
    expect(Object.keys(ACTION_COMMANDS)).toEqual(ACTION_NAMES);
    const looks = Object.keys(VIEW_COMMANDS);
    expect(looks.filter((name) => (ACTION_NAMES as readonly string[]).includes(name))).toEqual([]);
    expect(commands).toEqual([...ACTION_NAMES, ...looks].map((name) => `lakewarden.${name}`));
  });

  it('asks each query of the contract somewhere', () => {
    const asked = [
      ...MODEL_QUERIES,
      ...Object.values(VIEW_COMMANDS as Readonly<Record<string, ViewCommand>>).flatMap(
        ({ queries = [] }) => queries,
      ),
    ];
    expect([...new Set(asked)].toSorted()).toEqual(QUERY_NAMES.toSorted());
  });

  it('gives each of its words a text, and has no text without a use', () => {
    const used = [...JSON.stringify({ ...read('package.json') }).matchAll(/%([a-zA-Z0-9._-]+)%/g)].map(
      ([, key]) => key,
    );
    expect([...new Set(used)].toSorted()).toEqual(Object.keys(nls).toSorted());
    expect(Object.entries(nls).filter(([, text]) => text.trim() === '')).toEqual([]);
  });

  it('offers in menus only commands that exist, on facets that nodes can have', () => {
    const facets = new Set([
      ...NODE_KINDS,
      ...Object.keys(ACTION_COMMANDS).flatMap((name) => [`can-${name}`, `next-${name}`]),
      ...Object.keys(VIEW_COMMANDS).flatMap((name) => [`see-${name}`, `next-${name}`]),
    ]);
    for (const item of Object.values(contributes.menus).flat()) {
      expect(commands).toContain(item.command);
      for (const [, facet = ''] of (item.when ?? '').matchAll(/viewItem =~ \/\\\.([a-zA-Z-]+)\(/g))
        expect(facets, item.when).toContain(facet);
    }
  });

  it('puts destructive acts last in menus, and nothing that needs a node into the palette', () => {
    const items = contributes.menus['view/item/context'] ?? [];
    const groups = [...new Set(items.map(({ group }) => group?.split('@')[0]))];
    expect(groups.toSorted()).toEqual(['1_act', '2_inspect', '3_copy', '9_danger', 'inline']);
    const hidden = (contributes.menus.commandPalette ?? []).filter(({ when }) => when === 'false');
    expect(hidden.map(({ command }) => command)).toEqual(
      Object.entries(VIEW_COMMANDS as Readonly<Record<string, ViewCommand>>)
        .filter(([, { palette }]) => palette === 'never')
        .map(([name]) => `lakewarden.${name}`),
    );
  });

  it('says something in every view for every state of the connection, with one link each', () => {
    for (const kind of CONNECTION_KINDS)
      expect(
        contributes.viewsWelcome.some(({ when }) => when.includes(`== '${kind}'`)),
        kind,
      ).toBe(true);
    for (const { key, text } of welcomes()) {
      const links = [...text.matchAll(/\]\(command:([a-zA-Z.-]+)\)/g)].map(([, command]) => command);
      expect(links.length, key).toBe(key === 'welcome.away' ? 0 : 1);
      for (const link of links)
        if (link?.startsWith('lakewarden.') && !link.endsWith('.focus')) expect(commands).toContain(link);
    }
  });

  it('lets no workspace say where a token goes or which program is run', () => {
    const { properties } = contributes.configuration;
    expect(properties['lakewarden.agentUrl']?.scope).toBe('machine');
    expect(properties['lakewarden.nodePath']?.scope).toBe('machine');
  });

  it('activates for a pipeline file, a link and a panel, never at start', () => {
    expect(fields.activationEvents).not.toContain('*');
    expect(fields.activationEvents).not.toContain('onStartupFinished');
  });

  it('names files that are there', () => {
    const written = read('package.json');
    const steps = contributes.walkthroughs.flatMap((walkthrough) => walkthrough.steps);
    expect(steps.length).toBeGreaterThanOrEqual(5);
    for (const file of [written.icon, 'media/lakewarden.svg', ...steps.map(({ media }) => media.markdown)])
      expect(existsSync(join(EXTENSION, file)), file).toBe(true);
  });
});

describe('facets', () => {
  it('make a context that each when clause finds, and nothing else does', () => {
    const context = contextValue('dataset', ['silver', 'failed'], {
      can: ['retry', 'run-runbook'],
      see: ['openLineage'],
      next: ['retry', 'openLineage', 'pause'],
    });
    expect(context).toBe(
      'dataset.silver.failed.can-retry.can-run-runbook.see-openLineage.next-retry.next-openLineage',
    );
    const fits = (facet: string) => new RegExp(/\/(.*)\//.exec(whenFacet(facet))?.[1] ?? '').test(context);
    expect(fits('can-retry')).toBe(true);
    expect(fits('next-openLineage')).toBe(true);
    expect(fits('can-run')).toBe(false);
    expect(fits('next-pause')).toBe(false);
    expect(INLINE_MAX).toBe(2);
  });
});

it('links only to commands that exist and change nothing', () => {
  for (const command of LINKED_COMMANDS) {
    const name = command.slice('lakewarden.'.length);
    expect(Object.keys(VIEW_COMMANDS)).toContain(name);
    expect(command).toBe(commandId(name as keyof typeof VIEW_COMMANDS));
  }
});

it('keeps the editor out of models: only wiring and views import vscode', () => {
  const source = join(EXTENSION, 'src');
  const wiring =
    /(?:^|\/)(?:extension|uri-handler|parts|create-acts|token-store|local-agent-task|lake-tree-data-provider|row-decorations|page-panel|file-checks|diagnostics-text|register-[a-z]+|editor-[a-z]+)\.ts$/;
  const found = readdirSync(source, { recursive: true, encoding: 'utf8' })
    .filter((file) => file.endsWith('.ts') && !file.endsWith('.test.ts') && !wiring.test(file))
    .filter((file) => /from 'vscode'/.test(readFileSync(join(source, file), 'utf8')));
  expect(found).toEqual([]);
});
