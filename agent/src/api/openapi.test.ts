import {
  ACTION_NAMES,
  ACTION_PATH,
  ALERTS_PATH,
  EVENTS_PATH,
  QUERIES,
  QUERY_NAMES,
} from '@lakewarden/contracts';
import { Validator } from '@seriousme/openapi-schema-validator';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { startTestApi, type TestApi } from './testing.ts';

describe('the OpenAPI document', () => {
  let api: TestApi;
  // biome-ignore lint/suspicious/noExplicitAny: a document of any shape.
  let document: any;
  beforeAll(async () => {
    api = await startTestApi();
    document = (await api.send({ path: '/openapi.json', token: api.token('viewer') })).json;
  });
  afterAll(() => api.close());

  test('is valid OpenAPI 3.1', async () => {
    const validator = new Validator();
    expect(await validator.validate(structuredClone(document))).toEqual({ valid: true });
    expect(validator.version).toBe('3.1');
  });

  test('lists exactly the catalogue, the queries and what every agent has', () => {
    const expected = [
      ...QUERY_NAMES.map((name) => `get ${QUERIES[name].path.replaceAll(/:([a-z]+)/g, '{$1}')}`),
      ...ACTION_NAMES.map((name) => `post ${ACTION_PATH}/${name}`),
      ...[ACTION_PATH, EVENTS_PATH, '/healthz', '/readyz', '/metrics', '/openapi.json'].map(
        (path) => `get ${path}`,
      ),
      `post ${ALERTS_PATH}`,
    ];
    const listed = Object.entries(document.paths).flatMap(([path, methods]) =>
      Object.keys(methods as object).map((method) => `${method} ${path}`),
    );
    expect(listed.sort()).toEqual(expected.sort());
  });

  test('has one name for each operation, and says its role', () => {
    const operations = Object.values(document.paths).flatMap((methods) => Object.values(methods as object));
    expect(new Set(operations.map(({ operationId }) => operationId)).size).toBe(operations.length);
    for (const { security, ...operation } of operations) {
      expect(security.length === 0 || operation['x-lakewarden-role']).not.toBeUndefined();
    }
  });

  test('says where each argument goes', () => {
    const { parameters } = document.paths['/api/v1/datasets/{dataset}/rows'].get;
    expect(parameters.map((one: Record<string, unknown>) => `${one.in} ${one.name} ${one.required}`)).toEqual(
      ['path dataset true', 'query of false', 'query slice false', 'query limit false'],
    );
    const { post } = document.paths['/api/v1/actions/freeze'];
    expect(post.parameters).toMatchObject([{ in: 'header', name: 'idempotency-key' }]);
    expect(post.requestBody.content['application/json'].schema).toMatchObject({
      required: ['input'],
      properties: { input: { required: ['target', 'reason'] }, dryRun: { default: false } },
    });
  });
});
