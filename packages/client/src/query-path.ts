import { type ProblemDocument, QUERIES, type QueryName } from '@lakewarden/contracts';
import { AgentRefused } from './agent-error.ts';

/**
 * `GET` path of a query: its `:name` parts filled and encoded, the rest of the input in the query string. Throws
 * `AgentRefused(invalid)` for an input that the agent would refuse as well.
 */
export function queryPath(name: QueryName, input: Readonly<Record<string, unknown>>): string {
  const { path, input: schema } = QUERIES[name];
  const checked = schema.safeParse(input);
  if (!checked.success) throw invalid(name, checked.error.issues);
  const left = new Map(Object.entries(input).filter(([, value]) => value !== undefined));
  const filled = path.replace(/:([a-z]+)/g, (_, part: string) => {
    const text = String(left.get(part));
    left.delete(part);
    // A URL parser would take these for the folder itself or the one above, encoded or not.
    if (text === '' || text === '.' || text === '..')
      throw invalid(name, [{ path: [part], message: `"${text}" names nothing` }]);
    return encodeURIComponent(text);
  });
  const query = new URLSearchParams(
    Object.fromEntries([...left].map(([key, value]) => [key, String(value)])),
  ).toString();
  return query === '' ? filled : `${filled}?${query}`;
}

interface Issue {
  readonly path: readonly PropertyKey[];
  readonly message: string;
}

export function invalid(name: string, issues: readonly Issue[]): AgentRefused {
  const told = issues
    .slice(0, 5)
    .map(({ path, message }) => (path.length === 0 ? message : `${path.map(String).join('.')}: ${message}`));
  const problem: ProblemDocument = {
    type: 'urn:lakewarden:problem:invalid',
    title: 'Bad Request',
    status: 400,
    detail: told.join('; '),
    code: 'invalid',
    remedy: 'correct what is named',
  };
  return new AgentRefused(problem, name);
}
