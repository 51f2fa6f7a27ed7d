import { mkdir, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { pipelineJsonSchema } from '@lakewarden/compute';
import { ACTION_NAMES, BUILTIN_STEPS, runbookSchema } from '@lakewarden/contracts';

const FOLDER = join(dirname(fileURLToPath(import.meta.url)), '..', 'schemas');

/** JSON Schema of a runbook file, for editors: the agent's own, and the names of the actions that a step may take. */
export function runbookJsonSchema(): Record<string, unknown> {
  const schema = runbookSchema.toJSONSchema({ io: 'input' }) as unknown as {
    properties: { steps: { items: { properties: { action: Record<string, unknown> } } } };
  };
  schema.properties.steps.items.properties.action.enum = [...ACTION_NAMES, ...BUILTIN_STEPS];
  return { title: 'Lakewarden runbook', ...schema };
}

/** What the extension ships for YAML editors, from the agent's own validators. */
export async function writeSchemas(folder: string = FOLDER): Promise<void> {
  await mkdir(folder, { recursive: true });
  const write = (name: string, schema: unknown) =>
    writeFile(join(folder, `${name}.schema.json`), `${JSON.stringify(schema, null, 1)}\n`);
  await write('pipeline', pipelineJsonSchema());
  await write('runbook', runbookJsonSchema());
}
