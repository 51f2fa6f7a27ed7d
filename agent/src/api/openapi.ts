import { IDEMPOTENCY_HEADER, problemDocumentSchema } from '@lakewarden/contracts';
import { z } from 'zod';
import { PROBLEM_TYPE } from './problem.ts';
import type { Route } from './routes.ts';

type Json = Record<string, unknown>;

/** OpenAPI 3.1, made from the routes that answer, as text. */
export function formatOpenApi(routes: readonly Route[], version: string): string {
  const paths: Record<string, Json> = {};
  for (const route of routes) {
    const path = route.path.replaceAll(PART, '{$1}');
    paths[path] = { ...paths[path], [route.method.toLowerCase()]: operationOf(route) };
  }
  return JSON.stringify({
    openapi: '3.1.0',
    info: {
      title: 'Lakewarden agent',
      version,
      description:
        'Everything that can be asked of the agent. Actions are one closed catalogue, with a role each.',
    },
    paths,
    components: {
      schemas: { Problem: schemaOf(problemDocumentSchema) },
      responses: {
        Problem: {
          description: 'What went wrong, with a stable code and what to do.',
          content: { [mediaType(PROBLEM_TYPE)]: { schema: { $ref: '#/components/schemas/Problem' } } },
        },
      },
      securitySchemes: { token: { type: 'http', scheme: 'bearer' } },
    },
  });
}

const PART = /:([a-z]+)/g;

function operationOf(route: Route): Json {
  const { id, summary, tag, access, body, success } = route;
  const parameters = parametersOf(route);
  return {
    operationId: id,
    summary,
    tags: [tag],
    ...(access === 'public' ? { security: [] } : { security: [{ token: [] }], 'x-lakewarden-role': access }),
    ...(parameters.length > 0 && { parameters }),
    ...(body !== undefined && {
      requestBody: { required: true, content: { 'application/json': { schema: schemaOf(body) } } },
    }),
    responses: {
      [success.status]: {
        description: success.status === 202 ? 'It is durable.' : 'As asked for.',
        content: {
          [mediaType(success.type)]: {
            schema: success.schema === undefined ? { type: 'string' } : schemaOf(success.schema),
          },
        },
      },
      default: { $ref: '#/components/responses/Problem' },
    },
  };
}

function parametersOf({ path, input, idempotent }: Route): Json[] {
  const inPath = new Set([...path.matchAll(PART)].map((match) => match[1]));
  const { properties = {}, required = [] } = input === undefined ? {} : (schemaOf(input) as InputSchema);
  const parameters: Json[] = Object.entries(properties).map(([name, schema]) =>
    inPath.has(name)
      ? { name, in: 'path', required: true, schema }
      : { name, in: 'query', required: required.includes(name), schema },
  );
  if (idempotent) {
    parameters.push({
      name: IDEMPOTENCY_HEADER,
      in: 'header',
      description: 'Needed unless `dryRun` is true. The same key with the same request is one act.',
      schema: { type: 'string', pattern: '^[A-Za-z0-9._:-]{8,128}$' },
    });
  }
  return parameters;
}

interface InputSchema {
  readonly properties?: Readonly<Record<string, Json>>;
  readonly required?: readonly string[];
}

/** Without `$schema`, which is that of the document. Answers may get more fields, so objects in them stay open. */
function schemaOf(type: z.ZodType): Json {
  const { $schema: _, ...schema } = z.toJSONSchema(type, { io: 'input', unrepresentable: 'any' });
  return schema;
}

function mediaType(type: string): string {
  return type.split(';')[0] ?? type;
}
