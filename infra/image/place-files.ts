import { cpSync, mkdirSync, readFileSync, renameSync, writeFileSync } from 'node:fs';
import { basename, dirname, join } from 'node:path';
import { parseDocument } from 'yaml';

/** The agent's file as JSON (agent/src/config.ts); made by infra/modules/agent.bicep. */
export const CONFIG_VARIABLE = 'LAKEWARDEN_CONFIG';
/** `{"retail-events":"retail-events-dev"}`: name in the pipeline file → name of the resource in this environment. */
export const NAMES_VARIABLE = 'LAKEWARDEN_NAMES';

type Environment = Readonly<Record<string, string | undefined>>;

/**
 * Writes what the agent reads and returns the path of its configuration. Event Hubs namespaces and factories have names
 * that are unique in all of Azure, so an environment may call them otherwise than the pipeline file that ships does.
 */
export function placeFiles(environment: Environment): string {
  const config = readJson(environment, CONFIG_VARIABLE);
  if (config === undefined)
    throw new Error(`${CONFIG_VARIABLE} is not set: it holds the agent's file as JSON`);
  const { stateDir, pipeline } = config;
  if (typeof stateDir !== 'string' || typeof pipeline !== 'string') {
    throw new Error(`${CONFIG_VARIABLE} must hold stateDir and pipeline, both paths`);
  }
  const names = readJson(environment, NAMES_VARIABLE) ?? {};
  mkdirSync(stateDir, { recursive: true, mode: 0o700 });
  const changed = Object.entries(names).some(([from, to]) => from !== to);
  const file = changed ? placePipeline(pipeline, join(stateDir, 'pipeline'), names) : pipeline;
  const target = join(stateDir, 'config.json');
  replaceFile(target, `${JSON.stringify({ ...config, pipeline: file }, null, 2)}\n`);
  return target;
}

function placePipeline(source: string, folder: string, names: Readonly<Record<string, unknown>>): string {
  cpSync(dirname(source), folder, { recursive: true });
  const target = join(folder, basename(source));
  replaceFile(target, renameResources(readFileSync(source, 'utf8'), names));
  return target;
}

/** Only what names a resource of Azure; the names of sources, tables and columns are the pipeline's own. */
export function renameResources(yaml: string, names: Readonly<Record<string, unknown>>): string {
  const document = parseDocument(yaml);
  const { sources = {} } = document.toJS() as { sources?: Record<string, Record<string, unknown>> };
  for (const [source, description] of Object.entries(sources)) {
    for (const key of ['namespace', 'factory']) {
      const to = names[String(description[key])];
      if (typeof to === 'string') document.setIn(['sources', source, key], to);
    }
  }
  return document.toString();
}

/** Somebody may look (`az containerapp exec`) while the agent runs: never half a file. */
function replaceFile(path: string, text: string): void {
  const draft = `${path}.${process.pid}`;
  writeFileSync(draft, text, { mode: 0o600 });
  renameSync(draft, path);
}

function readJson(environment: Environment, name: string): Record<string, unknown> | undefined {
  const text = environment[name];
  if (text === undefined || text === '') return undefined;
  try {
    const value: unknown = JSON.parse(text);
    if (typeof value === 'object' && value !== null && !Array.isArray(value)) return { ...value };
  } catch {
    // Told below, without the text.
  }
  throw new Error(`${name} is not a JSON object`);
}
