import { TerminalError } from '@lakewarden/contracts';
import { isJsonObject } from '../json.ts';
import type { ProtocolAction } from './actions.ts';
import type { TableMetadata } from './snapshot.ts';

/** We read protocol reader 1 and write (1,2); whatever is newer or unknown is refused, never guessed (facts.md, Data 1.2). */
export const READER_VERSION = 1;
export const WRITER_VERSION = 2;

interface TableRules {
  readonly protocol: ProtocolAction;
  readonly metadata: TableMetadata;
}

/** @throws TerminalError `unsupported` naming what we do not implement. */
export function requireReadable(place: string, { protocol, metadata }: TableRules): void {
  requireReadableProtocol(place, protocol);
  const mapping = metadata.configuration['delta.columnMapping.mode'] ?? 'none';
  if (mapping !== 'none')
    throw new TerminalError('unsupported', `${place}  uses column mapping (${mapping})`);
}

/** @throws TerminalError `unsupported` naming what we do not implement. */
export function requireReadableProtocol(place: string, protocol: ProtocolAction): void {
  const { minReaderVersion, readerFeatures, writerFeatures } = protocol;
  if (minReaderVersion !== READER_VERSION || readerFeatures !== undefined) {
    const features = readerFeatures?.join(', ') ?? 'none listed';
    throw new TerminalError(
      'unsupported',
      `${place}  needs a reader of version ${minReaderVersion} (features: ${features})`,
    );
  }
  const catalog = writerFeatures?.find((feature) => feature.startsWith('catalog'));
  if (catalog !== undefined)
    throw new TerminalError('unsupported', `${place}  is managed by a catalog (${catalog})`);
}

/** Why we must not write this table; undefined when we may. */
export function whyNotWritable({ protocol, metadata }: TableRules): string | undefined {
  if (protocol.minReaderVersion !== READER_VERSION || protocol.minWriterVersion > WRITER_VERSION) {
    return `needs a writer of protocol (${protocol.minReaderVersion},${protocol.minWriterVersion})`;
  }
  if (protocol.writerFeatures !== undefined) return `lists features: ${protocol.writerFeatures.join(', ')}`;
  const setting = Object.entries(metadata.configuration).find(([key, value]) => isRule(key, value));
  if (setting !== undefined) return `has the setting ${setting[0]}=${setting[1]}`;
  return ruleInSchema(metadata.schemaString);
}

/** `delta.appendOnly` (PROTOCOL.md, Append-only Tables): rows may be added and files rearranged, nothing else. */
export function isAppendOnly(metadata: TableMetadata): boolean {
  return metadata.configuration['delta.appendOnly']?.toLowerCase() === 'true';
}

/** Settings that ask a writer for what we do not do. At writer 2 most are inert; refusing them costs nothing. */
function isRule(key: string, value: string): boolean {
  if (key.startsWith('delta.constraints.')) return true;
  const asked = new Set([
    'delta.enableChangeDataFeed',
    'delta.enableDeletionVectors',
    'delta.enableRowTracking',
    'delta.enableInCommitTimestamps',
    'delta.enableIcebergCompatV1',
    'delta.enableIcebergCompatV2',
    'delta.enableTypeWidening',
    'delta.checkpoint.writeStatsAsStruct',
  ]);
  return asked.has(key) && value.toLowerCase() === 'true';
}

/** Invariants (writer 2 must enforce them), generated, identity and default columns: rules on rows that only SQL can check. */
function ruleInSchema(schemaString: string): string | undefined {
  const parsed: unknown = JSON.parse(schemaString);
  const fields = isJsonObject(parsed) && Array.isArray(parsed.fields) ? parsed.fields : [];
  for (const field of fields as unknown[]) {
    if (!isJsonObject(field) || !isJsonObject(field.metadata)) continue;
    const rule = Object.keys(field.metadata).find(
      (key) =>
        key.startsWith('delta.') || key.startsWith('CURRENT_DEFAULT') || key.startsWith('EXISTS_DEFAULT'),
    );
    if (rule !== undefined) return `has the rule ${rule} on column ${String(field.name)}`;
  }
  return undefined;
}
