import { expect, it } from 'vitest';
import { pipelineJsonSchema } from './pipeline-schema.ts';

it('gives editors a JSON Schema that refuses unknown keys and explains the known ones', () => {
  const schema = JSON.parse(JSON.stringify(pipelineJsonSchema()));
  expect(schema).toMatchObject({
    $schema: 'https://json-schema.org/draft/2020-12/schema',
    title: 'Lakewarden pipeline',
    additionalProperties: false,
    required: ['pipeline', 'sources', 'bronze'],
  });
  const silver = schema.properties.silver.additionalProperties;
  expect(silver.additionalProperties).toBe(false);
  expect(silver.properties.slice.enum).toEqual(['hour', 'day']);
  expect(silver.properties.rules.description).toMatch(/null does not pass/);
  expect(schema.properties.gold.additionalProperties.properties.slice.enum).toEqual([
    'hour',
    'day',
    'month',
    'all',
  ]);
  expect(schema.properties.objectives.additionalProperties.additionalProperties).toBe(false);
  expect(schema.properties.logRules.additionalProperties.properties.query.description).toMatch(/KQL/);
});
