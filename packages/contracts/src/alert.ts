import { z } from 'zod';
import { type Severity, severitySchema } from './incident.ts';

/**
 * An alert of Azure Monitor, out of its Common Alert Schema. It is a hint: whoever acts on it reads the state again first.
 * All texts in it are a stranger's: shown, compared, never executed.
 */
export const alertSchema = z.object({
  /** Key of deduplication: the same for the same delivery, another one for fired and for resolved. */
  id: z.string(),
  rule: z.string(),
  severity: severitySchema,
  /** As Azure wrote it: Sev0 to Sev4. */
  azureSeverity: z.string(),
  signalType: z.enum(['metric', 'log', 'activity-log']),
  condition: z.enum(['Fired', 'Resolved']),
  service: z.string(),
  /** Azure resource ids in lower case, at least one. */
  resourceIds: z.array(z.string()),
  /** Names in lower case that a log alert says it is about; its resource ids may name only the workspace. */
  items: z.array(z.string()),
  /** Such as `microsoft.storage/storageaccounts`; empty when the first resource id has none. */
  resourceType: z.string(),
  firedAt: z.string(),
  resolvedAt: z.string().optional(),
  /** The same for an alert that fired and for the one that says that it is over. */
  correlation: z.string(),
  description: z.string(),
  metric: z
    .object({
      name: z.string(),
      operator: z.string(),
      threshold: z.number().optional(),
      value: z.number().optional(),
      dimensions: z.record(z.string(), z.string()),
    })
    .optional(),
  customProperties: z.record(z.string(), z.string()),
});
export type Alert = z.infer<typeof alertSchema>;

export interface AlertRefusal {
  readonly kind: 'refused';
  /** Stable, for programs. */
  readonly code:
    | 'not-an-alert'
    | 'legacy-schema'
    | 'unknown-schema'
    | 'unsupported-alert'
    | 'invalid-alert'
    | 'foreign-resource';
  readonly reason: string;
  readonly remedy: string;
}

const TEXT_LENGTH_MAX = 2_048;
const TARGETS_MAX = 100;
const CORRELATED_MAX = 10;
const PROPERTIES_MAX = 50;
const CRITERIA_MAX = 20;

const COMMON_SCHEMA = 'azureMonitorCommonAlertSchema';
const ENABLE_COMMON = 'in the action group, turn "Enable the common alert schema" on for this webhook';

const text = z.string().max(TEXT_LENGTH_MAX);
const optionalText = text.nullish();

/** Only what we read; fields come and go with the service that sends (field.md §6, parser traps). */
const essentialsSchema = z.object({
  alertId: optionalText,
  originAlertId: optionalText,
  alertRule: text.min(1),
  severity: z.enum(['Sev0', 'Sev1', 'Sev2', 'Sev3', 'Sev4']),
  signalType: text,
  monitorCondition: z.enum(['Fired', 'Resolved']),
  monitoringService: text,
  alertTargetIDs: z.array(text.min(1)).min(1).max(TARGETS_MAX),
  configurationItems: z.array(text).max(TARGETS_MAX).nullish(),
  firedDateTime: text.refine(isInstant, 'is no ISO 8601 date and time'),
  resolvedDateTime: text.refine(isInstant, 'is no ISO 8601 date and time').nullish(),
  description: z.string().nullish(),
  targetResourceType: optionalText,
});
type Essentials = z.infer<typeof essentialsSchema>;

const scalar = z.union([z.string(), z.number()]).nullish();
const criterionSchema = z.object({
  metricName: z.string().max(TEXT_LENGTH_MAX).nullish(),
  metricMeasureColumn: z.string().max(TEXT_LENGTH_MAX).nullish(),
  operator: z.string().max(TEXT_LENGTH_MAX).nullish(),
  threshold: scalar,
  metricValue: scalar,
  dimensions: z
    .array(z.object({ name: text, value: text.nullish() }))
    .max(PROPERTIES_MAX)
    .nullish(),
});
const contextSchema = z.object({
  properties: z.unknown().optional(),
  condition: z.object({ allOf: z.array(criterionSchema).max(CRITERIA_MAX).nullish() }).nullish(),
});

const SEVERITY_OF: Readonly<Record<Essentials['severity'], Severity>> = {
  Sev0: 'critical',
  Sev1: 'error',
  Sev2: 'warning',
  Sev3: 'info',
  Sev4: 'info',
};

/** Never throws, whatever it is given; `value` comes from a JSON parser. */
export function parseAlert(value: unknown): { readonly kind: 'alert'; readonly alert: Alert } | AlertRefusal {
  const refusal = refuseOtherSchemas(value);
  if (refusal !== undefined) return refusal;
  const data = (value as { data?: unknown }).data;
  const essentials = own(data, 'essentials');
  const unsupported = refuseUnsupported(essentials);
  if (unsupported !== undefined) return unsupported;
  const parsed = essentialsSchema.safeParse(essentials);
  if (!parsed.success) return invalid('data.essentials', parsed.error);
  const { alertId, originAlertId } = parsed.data;
  if (!alertId && !originAlertId) {
    return refused('invalid-alert', 'data.essentials has neither alertId nor originAlertId', NOT_OURS);
  }
  // A context of an unknown shape costs the metric, not the alert: the state is read again anyway.
  const context = contextSchema.safeParse(own(data, 'alertContext'));
  return { kind: 'alert', alert: assemble(parsed.data, context.data, own(data, 'customProperties')) };
}

const NOT_OURS = 'send what Azure Monitor sends: Test action group in the portal shows it';

function refuseOtherSchemas(value: unknown): AlertRefusal | undefined {
  if (typeof value !== 'object' || value === null || Array.isArray(value)) {
    return refused('not-an-alert', 'the body is no JSON object', NOT_OURS);
  }
  const schemaId = own(value, 'schemaId');
  if (schemaId === COMMON_SCHEMA) return undefined;
  if (schemaId === 'AzureMonitorMetricAlert' || schemaId === 'Microsoft.Insights/activityLogs') {
    return refused('legacy-schema', `this is the legacy payload ${schemaId}`, ENABLE_COMMON);
  }
  if (typeof schemaId === 'string') {
    return refused('unknown-schema', `"${schemaId.slice(0, 80)}" is no schema of alerts`, ENABLE_COMMON);
  }
  const isLegacy = own(value, 'SearchQuery') !== undefined || own(value, 'context') !== undefined;
  return isLegacy
    ? refused('legacy-schema', 'this is a legacy payload without a schemaId', ENABLE_COMMON)
    : refused('not-an-alert', `there is no schemaId "${COMMON_SCHEMA}"`, ENABLE_COMMON);
}

const POINT_ELSEWHERE = 'take this webhook out of the action group of that rule';

/** Alerts in the common schema that say nothing about a pipeline, or in a way that cannot be read safely. */
function refuseUnsupported(essentials: unknown): AlertRefusal | undefined {
  const service = plain(own(essentials, 'monitoringService'));
  const signalType = own(essentials, 'signalType');
  if (service === 'costalerts' || (signalType === null && own(essentials, 'alertTargetIDs') === null)) {
    return refused('unsupported-alert', 'budget alerts name no resource', POINT_ELSEWHERE);
  }
  if (service === 'loganalytics' || service === 'applicationinsights') {
    const remedy = 'make the rule again as a log search alert rule (API 2021-08-01 or newer)';
    return refused('unsupported-alert', 'log alerts of version 1 are retired', remedy);
  }
  if (service === 'smartdetector' || service === 'prometheus') {
    return refused(
      'unsupported-alert',
      `${service} alerts are not about Azure resources of a pipeline`,
      POINT_ELSEWHERE,
    );
  }
  if (typeof signalType === 'string' && signalTypeOf(signalType) === undefined) {
    const reason = `"${signalType.slice(0, 80)}" is none of: Metric, Log, Activity Log`;
    return refused('unsupported-alert', reason, POINT_ELSEWHERE);
  }
  return undefined;
}

function assemble(
  essentials: Essentials,
  context: z.infer<typeof contextSchema> | undefined,
  customProperties: unknown,
): Alert {
  const { alertRule, severity, monitorCondition, monitoringService, firedDateTime } = essentials;
  const resourceIds = unique(essentials.alertTargetIDs.map((id) => id.toLowerCase()));
  const items = unique((essentials.configurationItems ?? []).map((item) => item.toLowerCase())).filter(
    Boolean,
  );
  const itemIds = items.filter((item) => item.startsWith('/subscriptions/'));
  const firedAt = isoOf(firedDateTime);
  const resolvedAt = essentials.resolvedDateTime ? isoOf(essentials.resolvedDateTime) : undefined;
  const source = essentials.alertId || essentials.originAlertId || '';
  const metric = metricOf(context);
  return {
    id: `alert-${hashOf([source, monitorCondition, firedAt, resolvedAt ?? ''])}`,
    rule: alertRule,
    severity: SEVERITY_OF[severity],
    azureSeverity: severity,
    signalType: signalTypeOf(essentials.signalType) ?? 'metric',
    condition: monitorCondition,
    service: monitoringService,
    resourceIds: unique([...resourceIds, ...itemIds]),
    items: items.filter((item) => !itemIds.includes(item)),
    resourceType: (essentials.targetResourceType ?? '').toLowerCase() || typeOfResource(resourceIds[0] ?? ''),
    firedAt,
    ...(resolvedAt !== undefined && { resolvedAt }),
    correlation: `alert-${hashOf([essentials.originAlertId || source, alertRule, ...resourceIds.slice(0, CORRELATED_MAX).sort()])}`,
    description: (essentials.description ?? '').slice(0, TEXT_LENGTH_MAX),
    ...(metric && { metric }),
    customProperties: { ...textsOf(context?.properties), ...textsOf(customProperties) },
  };
}

function metricOf(context: z.infer<typeof contextSchema> | undefined): Alert['metric'] {
  const criterion = context?.condition?.allOf?.[0];
  if (!criterion) return undefined;
  const threshold = numberOf(criterion.threshold);
  const value = numberOf(criterion.metricValue);
  const dimensions = Object.fromEntries(
    (criterion.dimensions ?? []).flatMap(({ name, value: of }) => (of && isName(name) ? [[name, of]] : [])),
  );
  return {
    name: criterion.metricName ?? criterion.metricMeasureColumn ?? '',
    // `Greater Than` and `GreaterThan` are one operator.
    operator: (criterion.operator ?? '').replaceAll(' ', ''),
    ...(threshold !== undefined && { threshold }),
    ...(value !== undefined && { value }),
    dimensions,
  };
}

/** `Activity Log` and `ActivityLog` are one type; health alerts of services and resources come as it, too. */
function signalTypeOf(value: string): Alert['signalType'] | undefined {
  const types: Readonly<Record<string, Alert['signalType']>> = {
    metric: 'metric',
    log: 'log',
    activitylog: 'activity-log',
  };
  return Object.hasOwn(types, plain(value)) ? types[plain(value)] : undefined;
}

/** `/subscriptions/…/providers/microsoft.eventhub/namespaces/n/eventhubs/h` → `microsoft.eventhub/namespaces/eventhubs`. */
export function typeOfResource(resourceId: string): string {
  const [, provider = ''] = resourceId.toLowerCase().split('/providers/').slice(-2);
  const [namespace = '', ...rest] = provider.split('/');
  if (namespace === '') return '';
  return [namespace, ...rest.filter((_, index) => index % 2 === 0)].join('/');
}

/** An own property only: what a prototype was made to hold is not there. */
function own(value: unknown, key: string): unknown {
  if (typeof value !== 'object' || value === null || !Object.hasOwn(value, key)) return undefined;
  return (value as Record<string, unknown>)[key];
}

function textsOf(value: unknown): Record<string, string> {
  if (typeof value !== 'object' || value === null || Array.isArray(value)) return {};
  const texts: [string, string][] = [];
  for (const [key, each] of Object.entries(value).slice(0, PROPERTIES_MAX)) {
    const isScalar = typeof each === 'string' || typeof each === 'number' || typeof each === 'boolean';
    if (isScalar && isName(key)) texts.push([key, String(each).slice(0, TEXT_LENGTH_MAX)]);
  }
  return Object.fromEntries(texts);
}

function isName(key: string): boolean {
  return key.length <= 128 && key !== '__proto__' && key !== 'constructor' && key !== 'prototype';
}

/** Thresholds are texts in metric and log alerts. */
function numberOf(value: string | number | null | undefined): number | undefined {
  const number = typeof value === 'string' && value.trim() !== '' ? Number(value) : value;
  return typeof number === 'number' && Number.isFinite(number) ? number : undefined;
}

function plain(value: unknown): string {
  return typeof value === 'string' ? value.slice(0, 128).replaceAll(' ', '').toLowerCase() : '';
}

function isInstant(value: string): boolean {
  return /^\d{4}-\d{2}-\d{2}T\d{2}:\d{2}:\d{2}/.test(value) && Number.isFinite(Date.parse(value));
}

function isoOf(value: string): string {
  return new Date(Date.parse(value)).toISOString();
}

function unique(values: readonly string[]): string[] {
  return [...new Set(values)];
}

function invalid(path: string, error: z.ZodError): AlertRefusal {
  const [issue] = error.issues;
  const where = [path, ...(issue?.path ?? []).map(String)].join('.');
  return refused('invalid-alert', `${where}: ${issue?.message ?? 'has another shape'}`, NOT_OURS);
}

function refused(code: AlertRefusal['code'], reason: string, remedy: string): AlertRefusal {
  return { kind: 'refused', code, reason, remedy };
}

const FNV_OFFSET = 0x6c62272e07bb014262b821756295c58dn;
const FNV_PRIME = 0x0000000001000000000000000000013bn;
const MASK = (1n << 128n) - 1n;

/** FNV-1a over 128 bits: tells deliveries apart. This room has no crypto, and who may send alerts gains nothing by a collision. */
function hashOf(parts: readonly string[]): string {
  let hash = FNV_OFFSET;
  for (const byte of new TextEncoder().encode(JSON.stringify(parts))) {
    hash = ((hash ^ BigInt(byte)) * FNV_PRIME) & MASK;
  }
  return hash.toString(16).padStart(32, '0');
}
