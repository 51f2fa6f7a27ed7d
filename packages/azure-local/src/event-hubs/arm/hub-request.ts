/** The body of a PUT on an event hub. */
export class Refused extends Error {}

export type HubRequest = {
  readonly partitionCount: number | undefined;
  /** null: for ever; undefined: not said. */
  readonly retentionHours: number | null | undefined;
  readonly userMetadata: string | undefined;
};

/** 32 in the standard tier (MS Learn: Event Hubs quotas). */
const PARTITIONS_MAX = 32;
/** 90 days, the most of any tier. */
const RETENTION_HOURS_MAX = 2160;
const METADATA_CHARS_MAX = 1024;
const NAME = /^[a-z0-9](?:[a-z0-9._-]{0,254}[a-z0-9])?$/i;

/** Names become folder names: letters, digits, `.`, `-`, `_`, beginning and ending with a letter or digit. */
export function isValidName(name: string): boolean {
  return NAME.test(name);
}

/** Throws `Refused`. */
export function readHubRequest(body: unknown): HubRequest {
  const properties = propertiesOf(body);
  const partitionCount = wholeNumber(properties.partitionCount, 'partitionCount', 1, PARTITIONS_MAX);
  return {
    partitionCount: partitionCount ?? undefined,
    retentionHours: retentionOf(properties),
    userMetadata: userMetadataOf(body),
  };
}

export function userMetadataOf(body: unknown): string | undefined {
  const { userMetadata } = propertiesOf(body);
  if (userMetadata === undefined || userMetadata === null) return undefined;
  if (typeof userMetadata !== 'string' || userMetadata.length > METADATA_CHARS_MAX)
    throw new Refused(`userMetadata must be a text of at most ${METADATA_CHARS_MAX} characters.`);
  return userMetadata;
}

/**
 * Hours before days, as the newer of the two. -1 and Int64.MaxValue keep events for ever: the latter is what the service
 * reports for unlimited retention (specification: retentionTimeInHours under compaction); -1 is our shorthand for it.
 */
function retentionOf(properties: Record<string, unknown>): number | null | undefined {
  const description = (properties.retentionDescription ?? {}) as Record<string, unknown>;
  const hours = limit(description.retentionTimeInHours, 'retentionTimeInHours', RETENTION_HOURS_MAX);
  if (hours !== undefined) return hours;
  const days = limit(properties.messageRetentionInDays, 'messageRetentionInDays', RETENTION_HOURS_MAX / 24);
  return typeof days === 'number' ? days * 24 : days;
}

function limit(value: unknown, name: string, most: number): number | null | undefined {
  if (value === -1 || (typeof value === 'number' && value >= Number.MAX_SAFE_INTEGER)) return null;
  return wholeNumber(value, name, 1, most);
}

function wholeNumber(value: unknown, name: string, least: number, most: number): number | undefined {
  if (value === undefined || value === null) return undefined;
  if (typeof value !== 'number' || !Number.isInteger(value) || value < least || value > most)
    throw new Refused(`${name} must be a whole number from ${least} to ${most}.`);
  return value;
}

function propertiesOf(body: unknown): Record<string, unknown> {
  const { properties } = (typeof body === 'object' && body !== null ? body : {}) as { properties?: unknown };
  return typeof properties === 'object' && properties !== null ? (properties as Record<string, unknown>) : {};
}
