import assert from 'node:assert/strict';
import { ACTION_NAMES } from '@lakewarden/contracts';
import { commands, extensions } from 'vscode';
import { VIEW_COMMANDS, VIEW_NAMES, viewId } from '../../src/manifest/command-table.ts';
import { extension } from './lakewarden.ts';

const OURS = /^lakewarden\./;

interface Contributed {
  readonly activationEvents: readonly string[];
  readonly contributes: {
    readonly commands: readonly { readonly command: string; readonly title: string }[];
    readonly views: Readonly<Record<string, readonly { readonly id: string }[]>>;
  };
}
const manifest = () => extension().packageJSON as Contributed;

describe('an editor that nobody has asked for Lakewarden', () => {
  it('has not loaded it', () => {
    assert.equal(extension().isActive, false);
  });

  it('is not told to load it at its start', () => {
    const { activationEvents } = manifest();
    for (const event of ['*', 'onStartupFinished'])
      assert.ok(!activationEvents.includes(event), `activates on ${event}`);
  });

  it('does not load it because another one is asked', async () => {
    await Promise.all(extensions.all.slice(0, 3).map((other) => other.activate()));
    assert.equal(extension().isActive, false);
  });
});

describe('the commands', () => {
  const wanted = [...ACTION_NAMES, ...Object.keys(VIEW_COMMANDS)].map((name) => `lakewarden.${name}`).sort();

  it('are contributed for every action of the agent, and for every look, and for nothing else', () => {
    const contributed = manifest().contributes.commands.map(({ command }) => command);
    assert.deepEqual(contributed.toSorted(), wanted);
  });

  it('have titles in plain words', () => {
    for (const { command, title } of manifest().contributes.commands)
      assert.ok(title !== '' && !title.includes('%'), `${command} is called ${title}`);
  });

  it('are all there once it is loaded', async () => {
    await extension().activate();
    const contributedViews = Object.values(manifest().contributes.views).flat();
    assert.deepEqual(
      contributedViews.map(({ id }) => id),
      VIEW_NAMES.map(viewId),
    );
    const registered = (await commands.getCommands(true)).filter((name) => OURS.test(name));
    const missing = wanted.filter((name) => !registered.includes(name));
    assert.deepEqual(missing, []);
    // What VS Code itself makes of the views: open, focus, remove, …
    const ofViews = new RegExp(`^(?:${VIEW_NAMES.map(viewId).join('|')})\\.`);
    const extra = registered.filter((name) => !wanted.includes(name) && !ofViews.test(name));
    assert.deepEqual(extra, []);
  });
});
