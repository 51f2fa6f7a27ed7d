import assert from 'node:assert/strict';
import type { IncomingMessage, ServerResponse } from 'node:http';
import { anOverview, type FakeAgent, startFakeAgent } from '@lakewarden/client/testing';
import { ConfigurationTarget, commands, env, workspace } from 'vscode';
import { announce, announceNone } from './agent-place.ts';
import { api, extension, signIn, untilConnection } from './lakewarden.ts';
import { until } from './until.ts';

const EMPTY_PAGE = { items: [] };
/** What the sidebar asks of an agent that has nothing. */
const NOTHING = {
  overview: anOverview({ layers: [], counts: {}, next: '' }),
  datasets: EMPTY_PAGE,
  runs: EMPTY_PAGE,
  backfills: EMPTY_PAGE,
  incidents: EMPTY_PAGE,
  executions: EMPTY_PAGE,
  lag: { sources: [] },
  runbooks: { runbooks: [], problems: [] },
  breakers: { breakers: [] },
} satisfies NonNullable<NonNullable<Parameters<typeof startFakeAgent>[0]>['queries']>;

describe('the connection', () => {
  const agents: FakeAgent[] = [];
  async function anAgent(options: Parameters<typeof startFakeAgent>[0] = {}): Promise<FakeAgent> {
    const agent = await startFakeAgent({ queries: NOTHING, ...options });
    agents.push(agent);
    return agent;
  }
  const answerAll =
    (status: number, type: string, body: string) => (_: IncomingMessage, response: ServerResponse) => {
      response.writeHead(status, { 'content-type': type }).end(body);
      return true;
    };

  before(() => extension().activate());
  afterEach(async () => {
    announceNone();
    await Promise.all(agents.splice(0).map((agent) => agent.close()));
  });

  it('says that there is no agent', async () => {
    announceNone();
    await commands.executeCommand('lakewarden.reconnect');
    await untilConnection('noAgent');
  });

  it('does not read a token that nobody has agreed to', async () => {
    announce(await anAgent());
    await commands.executeCommand('lakewarden.reconnect');
    await untilConnection('signedOut');
  });

  it('is there when a person has signed in, and finds the next agent of the workspace by itself', async () => {
    const first = await anAgent();
    announce(first);
    await signIn();
    await untilConnection('connected');
    const next = await anAgent({ token: 'another-token' });
    announce(next);
    await first.close();
    await until('a stream to the next agent', () => next.streams.length > 0);
    await untilConnection('connected');
  });

  it('says that a token is wrong', async () => {
    const agent = await anAgent();
    announce({ ...agent, token: 'wrong' });
    await commands.executeCommand('lakewarden.reconnect');
    await untilConnection('signedOut');
    assert.match(api().models.connection.state.problem ?? '', /·/);
  });

  it('comes back by itself from an agent that crashed', async () => {
    const agent = await anAgent();
    announce(agent);
    await commands.executeCommand('lakewarden.reconnect');
    await untilConnection('connected');
    await until('a stream', () => agent.streams.length > 0);
    agent.cut();
    await until('another stream', () => agent.streams.length > 1);
    await untilConnection('connected');
  });

  it('says that an agent is gone, and is there again when one has started', async () => {
    const agent = await anAgent();
    announce(agent);
    await commands.executeCommand('lakewarden.reconnect');
    await untilConnection('connected');
    await agent.close();
    await untilConnection('unreachable');
    announce(await anAgent());
    await untilConnection('connected');
  });

  it('refuses an agent of another contract, in words', async () => {
    const overview = anOverview();
    const older = { ...overview, agent: { ...overview.agent, api: 0 } };
    announce(await anAgent({ queries: { ...NOTHING, overview: older } }));
    await commands.executeCommand('lakewarden.reconnect');
    await untilConnection('tooOld');
    const newer = { ...overview, agent: { ...overview.agent, api: 99 } };
    announce(await anAgent({ queries: { ...NOTHING, overview: newer } }));
    await commands.executeCommand('lakewarden.reconnect');
    await untilConnection('tooNew');
  });

  it('says that what answers is no agent', async () => {
    const bodies = ['<html>hello</html>', '{"agent":', '[]', 'x'.repeat(1_000_000)];
    for (const body of bodies) {
      announce(await anAgent({ intercept: answerAll(200, 'application/json', body) }));
      await commands.executeCommand('lakewarden.reconnect');
      await untilConnection('broken');
    }
  });

  it('waits for an agent that is starting', async () => {
    const overview = anOverview();
    let ready = false;
    const queries = {
      ...NOTHING,
      overview: () => ({ ...NOTHING.overview, agent: { ...overview.agent, ready } }),
    };
    announce(await anAgent({ queries }));
    await commands.executeCommand('lakewarden.reconnect');
    await untilConnection('starting');
    ready = true;
    await untilConnection('connected');
  });

  it('stays usable while an agent never answers', async () => {
    const silent = await anAgent({ intercept: () => true });
    announce(silent);
    await commands.executeCommand('lakewarden.reconnect');
    await until('a question', () => silent.requests.length > 0);
    await commands.executeCommand('lakewarden.copyDiagnostics');
    announce(await anAgent());
    await commands.executeCommand('lakewarden.reconnect');
    await untilConnection('connected');
  });

  it('refuses a URL over which a token would be seen', async () => {
    const settings = workspace.getConfiguration('lakewarden');
    await settings.update('agentUrl', 'http://agent.example', ConfigurationTarget.Global);
    try {
      await untilConnection('badUrl');
    } finally {
      await settings.update('agentUrl', undefined, ConfigurationTarget.Global);
    }
  });

  it('is told in the diagnostics, without the token', async () => {
    const agent = await anAgent();
    announce(agent);
    await commands.executeCommand('lakewarden.reconnect');
    await untilConnection('connected');
    await commands.executeCommand('lakewarden.copyDiagnostics');
    const text = await env.clipboard.readText();
    assert.match(text, /connected/);
    assert.ok(!text.includes(agent.token));
  });

  it('is told in the log', async () => {
    await commands.executeCommand('lakewarden.openLog');
    const text = await until('lines of the log', () => {
      const logs = workspace.textDocuments.filter(({ uri }) => uri.scheme === 'output');
      return logs.map((log) => log.getText()).find((log) => log.includes('connection: connected'));
    });
    assert.match(text, /connection: unreachable/);
  });
});
