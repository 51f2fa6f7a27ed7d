import { type ChildProcess, execFile, spawn } from 'node:child_process';
import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { bundleAgent } from '../../../infra/bundle.ts';
import { CONFIG_VARIABLE, NAMES_VARIABLE, placeFiles } from '../../../infra/image/place-files.ts';
import { waitFor } from '../wait-for.ts';

const START_MS_MAX = 30_000;
const TEST_MS_MAX = 60_000;
const run = promisify(execFile);

/** The folder of the image, away from the project: what it needs must be in it. */
describe('the bundle of the agent', () => {
  let folder: string;
  let environment: Record<string, string>;
  beforeAll(async () => {
    folder = mkdtempSync(join(tmpdir(), 'agent-bundle-'));
    await bundleAgent(join(folder, 'app'));
    environment = {
      PATH: process.env.PATH ?? '',
      [CONFIG_VARIABLE]: JSON.stringify({
        pipeline: join(folder, 'app/packages/retail/pipeline/pipeline.yaml'),
        stateDir: join(folder, 'state/agent'),
        storage: { account: 'retaillake', fileSystem: 'lake' },
        dataFactory: { subscriptionId: 's', resourceGroup: 'g' },
        api: { port: await freePort() },
        lakeFolder: folder,
        // No host is mapped, so none is asked.
        routes: {},
      }),
      [NAMES_VARIABLE]: JSON.stringify({ 'retail-events': 'retail-events-dev' }),
    };
  }, TEST_MS_MAX);
  afterAll(() => rmSync(folder, { recursive: true, force: true }));

  const agent = (...args: readonly string[]) =>
    run(process.execPath, [join(folder, 'app/agent/start.mjs'), ...args], { cwd: folder, env: environment });

  it('has no TypeScript that Node would have to strip, and no tests', () => {
    const files = readdirSync(join(folder, 'app'), { recursive: true, encoding: 'utf8' });
    expect(files.filter((name) => /\.ts$|\.map$/.test(name))).toEqual([]);
    expect(files).toContain('agent/worker-entry.mjs');
    expect(files.filter((name) => name.startsWith('node_modules/')).length).toBeGreaterThan(0);
    expect(existsSync(join(folder, 'app/node_modules/esbuild'))).toBe(false);
  });

  it(
    "asks DuckDB in the engine's thread",
    async () => {
      const { stdout } = await agent('read', 'query', '--sql', 'select 40 + 2 as answer');
      expect(JSON.parse(stdout)).toMatchObject({ answer: { rows: [[42]] } });
    },
    TEST_MS_MAX,
  );

  it(
    'has the pipeline and the runbooks that ship',
    async () => {
      const { stdout } = await agent('runbook', 'test');
      const { answer } = JSON.parse(stdout) as { answer: { tests: readonly { ok: boolean }[] } };
      expect(answer.tests.length).toBeGreaterThan(0);
      expect(answer.tests.every(({ ok }) => ok)).toBe(true);
    },
    TEST_MS_MAX,
  );

  it(
    'stands up, is healthy, shows its page, and ends when asked to',
    async () => {
      const { api } = JSON.parse(environment[CONFIG_VARIABLE] ?? '') as { api: { port: number } };
      const child = spawn(process.execPath, [join(folder, 'app/agent/start.mjs')], {
        cwd: folder,
        env: environment,
        stdio: 'ignore',
      });
      try {
        const page = await waitFor('the agent to answer', () => answerOf(child, api.port), START_MS_MAX);
        expect(page.headers.get('content-security-policy')).toContain("default-src 'none'");
        expect(await page.text()).toContain('<title>Lakewarden</title>');
        await run(process.execPath, [join(folder, 'app/agent/healthy.mjs')], { env: environment });
      } finally {
        child.kill('SIGTERM');
        await new Promise((resolve) => child.once('exit', resolve));
      }
      expect(child.exitCode).toBe(0);
      await expect(
        run(process.execPath, [join(folder, 'app/agent/healthy.mjs')], { env: environment }),
      ).rejects.toMatchObject({ code: 1 });
      const placed = readFileSync(join(folder, 'state/agent/pipeline/pipeline.yaml'), 'utf8');
      expect(placed).toContain('namespace: retail-events-dev');
    },
    TEST_MS_MAX,
  );
});

describe('what the image is given', () => {
  it.each([
    [{}, `${CONFIG_VARIABLE} is not set`],
    [{ [CONFIG_VARIABLE]: '{' }, `${CONFIG_VARIABLE} is not a JSON object`],
    [{ [CONFIG_VARIABLE]: '[]' }, `${CONFIG_VARIABLE} is not a JSON object`],
    [{ [CONFIG_VARIABLE]: '{"stateDir":1}' }, 'must hold stateDir and pipeline'],
    [
      { [CONFIG_VARIABLE]: '{"stateDir":"s","pipeline":"p"}', [NAMES_VARIABLE]: 'x' },
      `${NAMES_VARIABLE} is not a JSON object`,
    ],
  ])('is refused by name: %j', (environment, message) => {
    expect(() => placeFiles(environment)).toThrow(message);
  });
});

async function answerOf(child: ChildProcess, port: number): Promise<Response | undefined> {
  if (child.exitCode !== null) throw new Error(`the agent ended with ${child.exitCode}`);
  return fetch(`http://127.0.0.1:${port}/`).catch(() => undefined);
}

function freePort(): Promise<number> {
  return new Promise((resolve, reject) => {
    const server = createServer().on('error', reject);
    server.listen(0, '127.0.0.1', () => {
      const address = server.address();
      server.close(() => resolve(typeof address === 'object' && address !== null ? address.port : 0));
    });
  });
}
