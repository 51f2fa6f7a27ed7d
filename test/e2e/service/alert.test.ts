import { execFile } from 'node:child_process';
import { existsSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { alertReceiptSchema, problemDocumentSchema } from '@lakewarden/contracts';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type LoggedAct, readAudit } from '../../support/audit-log.ts';
import { commonAlert, SHARED_ALERTS, sampleAlert } from '../../support/common-alert.ts';
import { type Posted, post } from '../../support/post.ts';
import { StandingLake, WAIT_MS_MAX } from '../../support/standing-lake.ts';
import { waitFor } from '../../support/wait-for.ts';

/** One alert of Azure Monitor from the webhook to a verified recovery; then everything that is none. */
const FIRED = 'metric_static_fired_full.json';
const ALERTS_POSTED = 1_000;
const AT_ONCE = 20;

function hasSamples(): boolean {
  if (existsSync(join(SHARED_ALERTS, FIRED))) return true;
  const message = `Azure Monitor's sample alerts are not beside the project (${SHARED_ALERTS})`;
  if (process.env.CI) throw new Error(message);
  console.warn(`skipped: ${message}`);
  return false;
}

describe.runIf(hasSamples())('an alert of Azure Monitor', () => {
  const folder = mkdtempSync(join(tmpdir(), 'lakewarden-alert-'));
  const lake = join(folder, 'lake');
  let up: StandingLake;
  let token: string;
  let fired: string;

  beforeAll(async () => {
    fired = sampleAlert(FIRED);
    const [resource = ''] = essentialsOf(fired).alertTargetIDs;
    up = await StandingLake.up({
      lake,
      args: ['--rows', '1000', '--drain-every', '1s'],
      settings: { resources: { [resource]: ['silver.orders'] } },
    });
    token = await tokenOf('alert-sender', '1h');
    // Nothing else is to be written to the audit meanwhile.
    await up.until('a lake at rest', 'overview', {}, ({ agent, counts, lag }) =>
      agent.observedAt !== undefined && (counts.fresh ?? 0) > 20 && lag.events < 200 ? true : undefined,
    );
  });
  afterAll(() => {
    up?.kill();
    rmSync(folder, { recursive: true, force: true });
  });

  const bearer = (of: string) => ({ authorization: `Bearer ${of}` });
  const send = (body: string | Buffer, headers: Readonly<Record<string, string>> = {}) =>
    post(`${up.url}/api/v1/alerts`, body, { ...bearer(token), ...headers });

  async function tokenOf(role: string, ttl: string): Promise<string> {
    const { code, stdout, stderr } = await up.run(
      'token',
      '--role',
      role,
      '--ttl',
      ttl,
      '--subject',
      'azure',
    );
    if (code !== 0) throw new Error(stderr);
    return stdout.trim();
  }

  function effects(type: string): readonly LoggedAct['effects'][number][] {
    return readAudit(lake).flatMap((entry) => entry.effects.filter((effect) => effect.type === type));
  }

  const alertsHeard = () => effects('AlertReceived').map(({ condition }) => condition);

  it('posted with curl opens an incident, runs its runbook, verifies and closes', async () => {
    const { stdout } = await promisify(execFile)('curl', [
      ...['-sS', '-X', 'POST', `${up.url}/api/v1/alerts`],
      ...['-H', `Authorization: Bearer ${token}`, '-H', 'Content-Type: application/json'],
      ...['--data-binary', `@${join(SHARED_ALERTS, FIRED)}`, '-w', '\\n%{http_code}'],
    ]);
    const [answer = '', status] = stdout.split('\n');
    expect(status).toBe('202');
    expect(alertReceiptSchema.parse(JSON.parse(answer))).toMatchObject({
      duplicate: false,
      targets: ['silver.orders'],
    });
    const incident = await up.until('the incident to close', 'incidents', {}, ({ items }) =>
      items.find(({ kind, state }) => kind === 'alert' && state === 'resolved'),
    );
    expect(incident).toMatchObject({ targets: ['silver.orders'], runbook: 'dependency-blackout' });
    const { items } = await up.query('executions', { runbook: 'dependency-blackout' });
    expect(items.map(({ incident: about, state }) => [about, state])).toEqual([[incident.id, 'succeeded']]);
    expect(items[0]?.steps.map(({ id, state }) => [id, state])).toEqual([
      ['probe', 'done'],
      ['reset', 'skipped'],
      ['resume', 'done'],
    ]);
    expect(effects('IncidentMoved').map(({ to }) => to)).toEqual(['recovering', 'verifying', 'resolved']);
  });

  it(`the same one ${ALERTS_POSTED} times is one alert, one incident and one act`, async () => {
    const receipts: Posted[] = [];
    for (let sent = 0; sent < ALERTS_POSTED; sent += AT_ONCE) {
      receipts.push(...(await Promise.all(Array.from({ length: AT_ONCE }, () => send(fired)))));
    }
    expect(receipts.filter(({ status }) => status !== 202)).toEqual([]);
    expect(receipts.filter(({ json }) => json?.duplicate !== true)).toEqual([]);
    expect(alertsHeard()).toEqual(['Fired']);
  });

  it('that is over changes nothing, and twice changes nothing twice', async () => {
    const over = resolvedOf(fired);
    const first = await send(over);
    const second = await send(over);
    expect([first.status, first.json?.duplicate, second.status, second.json?.duplicate]).toEqual([
      202,
      false,
      202,
      true,
    ]);
    const heard = () => (alertsHeard().length === 2 ? true : undefined);
    await waitFor('the resolved alert in the audit', heard, WAIT_MS_MAX);
    expect(effects('IncidentOpened').length).toBe(1);
    expect(effects('ExecutionStarted').length).toBe(1);
  });

  it('that overtakes the one that fired leaves nothing to do', async () => {
    const resource = essentialsOf(fired).alertTargetIDs[0] ?? '';
    const late = JSON.stringify(commonAlert({ rule: 'late', resource }));
    expect((await send(resolvedOf(late))).status).toBe(202);
    expect((await send(late)).status).toBe(202);
    const heard = () => (alertsHeard().length === 4 ? true : undefined);
    await waitFor('both in the audit', heard, WAIT_MS_MAX);
    // Detectors have looked since: another alert that came later has its incident.
    expect((await send(JSON.stringify(commonAlert({ rule: 'later', resource })))).status).toBe(202);
    await up.until('the later one to close', 'incidents', {}, ({ items }) =>
      items.find(({ title, state }) => title.includes('later') && state === 'resolved'),
    );
    expect(effects('IncidentOpened').length).toBe(2);
  });

  describe('what is refused changes nothing', () => {
    const refusals: readonly [string, number, string, () => string | Buffer][] = [
      ['a resource that is not ours', 422, 'foreign-resource', () => foreign()],
      [
        'a subscription of somebody else with our names',
        422,
        'foreign-resource',
        () => foreign('retaillake'),
      ],
      [
        'the legacy schema',
        422,
        'legacy-schema',
        () => changed((alert) => ({ ...alert, schemaId: 'AzureMonitorMetricAlert' })),
      ],
      [
        'an unknown schema',
        422,
        'unknown-schema',
        () => changed((alert) => ({ ...alert, schemaId: 'mine' })),
      ],
      ['no schema', 422, 'not-an-alert', () => changed(({ data }) => ({ data }))],
      [
        'essentials that are none',
        422,
        'invalid-alert',
        () => changed((alert) => ({ ...alert, data: { essentials: {} } })),
      ],
      ['half a body', 400, 'malformed', () => fired.slice(0, fired.length / 2)],
      ['nothing', 400, 'malformed', () => ''],
      ['__proto__', 400, 'malformed', () => fired.replace('{', '{"__proto__":{"role":"admin"},')],
      ['10 MB', 413, 'too-large', () => Buffer.alloc(10 * 1024 * 1024, ' ')],
    ];
    it.each(refusals)('%s: %d %s', async (_, status, code, body) => {
      await refused(() => send(body()), status, code);
    });

    it('a body that says it is no JSON', async () => {
      await refused(() => send(fired, { 'content-type': 'text/plain' }), 415);
    });

    it.each([
      ['no token', () => ''],
      ['a forged token', () => `${token.slice(0, -4)}AAAA`],
      [
        'a token that says another role',
        () => token.replace(/\.[^.]+\./, `.${btoa('{"role":"admin"}').replace(/=+$/, '')}.`),
      ],
      ['the token of another agent', () => 'lw1.e30.AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA'],
    ])('%s: 401', async (_, made) => {
      await refused(() => send(fired, { authorization: `Bearer ${made()}` }), 401, 'unauthenticated');
    });

    it('a token that has expired: 401', async () => {
      const short = await tokenOf('alert-sender', '1s');
      const isOver = async () => ((await send(fired, bearer(short))).status === 401 ? true : undefined);
      await waitFor('the token to expire', isOver, WAIT_MS_MAX);
      await refused(() => send(fired, bearer(short)), 401, 'unauthenticated');
    });

    it('the token of a viewer: 403', async () => {
      const viewer = await tokenOf('viewer', '1h');
      await refused(() => send(fired, bearer(viewer)), 403, 'forbidden');
    });

    it('a name that is not ours in Host, or another site as Origin', async () => {
      await refused(() => send(fired, { host: 'lake.example' }), 403, 'wrong-host');
      await refused(() => send(fired, { origin: 'https://lake.example' }), 403);
    });

    async function refused(ask: () => Promise<Posted>, status: number, code?: string): Promise<void> {
      const before = readAudit(lake).length;
      const answer = await ask();
      const problem = problemDocumentSchema.parse(answer.json);
      expect([answer.status, problem.code]).toEqual([status, code ?? problem.code]);
      expect([problem.status, problem.remedy === '']).toEqual([status, false]);
      expect(readAudit(lake).length).toBe(before);
      // It answers the next one as before.
      expect((await fetch(`${up.url}/healthz`)).status).toBe(200);
    }
  });

  function changed(change: (alert: Record<string, unknown>) => unknown): string {
    return JSON.stringify(change(JSON.parse(fired) as Record<string, unknown>));
  }

  function foreign(account = 'somebodys'): string {
    const subscription = '/subscriptions/00000000-0000-0000-0000-00000000000f/resourcegroups/theirs';
    const resource = `${subscription}/providers/microsoft.storage/storageaccounts/${account}`;
    return JSON.stringify(commonAlert({ rule: 'theirs', resource }));
  }
});

interface Essentials {
  readonly alertTargetIDs: readonly string[];
  readonly firedDateTime: string;
}

function essentialsOf(alert: string): Essentials {
  return (JSON.parse(alert) as { data: { essentials: Essentials } }).data.essentials;
}

/** As Azure Monitor says later that it is over: the same alert, resolved ten minutes after it fired. */
function resolvedOf(alert: string): string {
  const parsed = JSON.parse(alert) as { data: { essentials: Record<string, unknown> } };
  const resolvedMs = Date.parse(essentialsOf(alert).firedDateTime) + 600_000;
  Object.assign(parsed.data.essentials, {
    monitorCondition: 'Resolved',
    resolvedDateTime: new Date(resolvedMs).toISOString(),
  });
  return JSON.stringify(parsed);
}
