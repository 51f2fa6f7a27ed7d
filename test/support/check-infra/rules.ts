import { type BicepFile, type Node, walk } from './bicep-file.ts';
import type { DeployedResource } from './deployment.ts';
import type { Value, ValueObject } from './evaluate.ts';

export interface InfraProblem {
  readonly file: string;
  readonly line: number;
  readonly message: string;
}

/** What can be said of a file as it is written. */
export function judgeFile(file: BicepFile): readonly InfraProblem[] {
  const problems = file.problems.map((problem) => ({ file: file.path, ...problem }));
  // A parameter file declares what the template uses.
  if (file.using !== undefined) return problems;
  const used = new Set<string>();
  for (const node of walk(file.tree)) for (const name of namesIn(node)) used.add(name);
  for (const { kind, name, line } of file.declarations.values()) {
    if ((kind !== 'param' && kind !== 'var') || used.has(name)) continue;
    problems.push({ file: file.path, line, message: `${kind} ${name} is never used` });
  }
  return problems;
}

/** Names that stand for a value; those of declarations and properties are other things. */
function namesIn({ type, children = [] }: Node): readonly string[] {
  const isDeclaration = type.endsWith('_declaration');
  const isProperty = type === 'object_property';
  return children
    .filter((child, at) => child.type === 'identifier' && !(at === 0 && (isDeclaration || isProperty)))
    .map(({ text = '' }) => text);
}

type Rule = (resource: DeployedResource) => readonly string[];

/** What can be said of what would be made: no secrets, least rights, no door open that need not be. */
export function judgeResource(resource: DeployedResource): readonly InfraProblem[] {
  const { file, line } = resource;
  return RULES.flatMap((rule) => rule(resource)).map((message) => ({
    file,
    line,
    message: `${resource.type} ${resource.name}: ${message}`,
  }));
}

/** Built-in roles that somebody here may get, each on one resource. */
export const ROLES: Readonly<Record<string, string>> = {
  '7f951dda-4ed3-4680-a7ca-43fe172d538d': 'AcrPull',
  '2b629674-e913-4c01-ae53-ef4638d8f975': 'Azure Event Hubs Data Sender',
  'a638d3c7-ab3a-418d-83e6-5f17a39d4fde': 'Azure Event Hubs Data Receiver',
  '73c42c96-874c-492b-b04d-ab87d138a893': 'Log Analytics Reader',
  '43d0d8ad-25c7-4714-9337-8ba259a9fe05': 'Monitoring Reader',
  'ba92f5b4-2d11-453d-a403-e96b0029c9fe': 'Storage Blob Data Contributor',
};
/** `Microsoft.Authorization/roleDefinitions` of our own, which the rules judge themselves. */
const OWN_ROLE = /\/resourceGroups\/.*\/roleDefinitions\//;
const READING = /\/(?:read|action)$/;

const SECRET = /password|secret|accountkey|sharedaccesskey|connectionstring|sastoken/i;
/** Names that would do, but for what they name. */
const NO_SECRET = new Set(['allowSharedKeyAccess']);

const SETTINGS: Readonly<Record<string, ValueObject>> = {
  'Microsoft.Storage/storageAccounts': {
    allowBlobPublicAccess: false,
    allowSharedKeyAccess: false,
    isHnsEnabled: true,
    minimumTlsVersion: 'TLS1_2',
    supportsHttpsTrafficOnly: true,
  },
  'Microsoft.EventHub/namespaces': { disableLocalAuth: true, minimumTlsVersion: '1.2' },
  'Microsoft.ContainerRegistry/registries': { adminUserEnabled: false, anonymousPullEnabled: false },
  'Microsoft.Storage/storageAccounts/blobServices/containers': { publicAccess: 'None' },
};

/** What Azure would refuse only when it is too late. */
const NAMES: Readonly<Record<string, RegExp>> = {
  'Microsoft.Storage/storageAccounts': /^[a-z0-9]{3,24}$/,
  'Microsoft.ContainerRegistry/registries': /^[a-zA-Z0-9]{5,50}$/,
  'Microsoft.EventHub/namespaces': /^[a-zA-Z][a-zA-Z0-9-]{4,48}[a-zA-Z0-9]$/,
  'Microsoft.DataFactory/factories': /^[A-Za-z0-9][A-Za-z0-9-]{1,61}[A-Za-z0-9]$/,
  'Microsoft.App/containerApps': /^[a-z][a-z0-9-]{0,30}[a-z0-9]$/,
};
const STABLE = /^\d{4}-\d{2}-\d{2}$/;
/** Has had no other version for years. */
const PREVIEWS = new Set(['Microsoft.Insights/diagnosticSettings']);

const RULES: readonly Rule[] = [
  ({ type, name }) => (NAMES[type]?.test(name) === false ? ['this name is not allowed'] : []),
  ({ type, apiVersion }) =>
    STABLE.test(apiVersion) || PREVIEWS.has(type) ? [] : [`${apiVersion} is no stable version`],
  ({ type, body }) =>
    Object.entries(SETTINGS[type] ?? {})
      .filter(([key, wanted]) => (body.properties as ValueObject | undefined)?.[key] !== wanted)
      .map(([key, wanted]) => `${key} must be ${wanted}`),
  ({ body }) => secretsIn(body),
  ({ type, body }) => (type === 'Microsoft.Authorization/roleAssignments' ? judgeAssignment(body) : []),
  ({ type, body }) => (type === 'Microsoft.Authorization/roleDefinitions' ? judgeRole(body) : []),
];

function judgeAssignment({ scope, properties }: ValueObject): readonly string[] {
  const { roleDefinitionId } = properties as ValueObject;
  const id = String(roleDefinitionId);
  const isKnown = ROLES[id.split('/').at(-1) ?? ''] !== undefined || OWN_ROLE.test(id);
  return [
    ...(scope === undefined ? ['a role is given on one resource, not on the whole group'] : []),
    ...(isKnown ? [] : [`${id} is no role that is needed here`]),
  ];
}

function judgeRole({ properties }: ValueObject): readonly string[] {
  const { permissions } = properties as { permissions: readonly ValueObject[] };
  const actions = permissions.flatMap((each) => [
    ...((each.actions ?? []) as readonly string[]),
    ...((each.dataActions ?? []) as readonly string[]),
  ]);
  return actions
    .filter((action) => action.includes('*') || !READING.test(action))
    .map((action) => `${action} is more than starting, following and cancelling runs`);
}

/** Functions that hand out keys are refused by `evaluate`, which does not know them. */
function secretsIn(value: Value, path = ''): readonly string[] {
  if (typeof value !== 'object' || value === null) return [];
  return Object.entries(value as ValueObject).flatMap(([key, each]) => {
    const where = path === '' ? key : `${path}.${key}`;
    const isSecret = SECRET.test(key) && !NO_SECRET.has(key) && each !== undefined;
    // What it is attached to has been judged where it is made.
    if (key === 'scope' || key === 'dependsOn') return [];
    return isSecret ? [`${where} looks like a secret`] : secretsIn(each, where);
  });
}
