import type { HttpRequest } from '../server/service.ts';
import type { Address } from './address.ts';

/** Short names of the operations, for faults to match. Pure. */
export function operationOf(request: HttpRequest, { endpoint, fileSystem, path }: Address): string {
  const { method, query, headers } = request;
  const comp = query.get('comp');
  const action = query.get('action');
  if (path === '') {
    if (comp === 'list' || (method === 'GET' && endpoint === 'dfs')) return 'list';
    const noun = fileSystem === '' ? 'account' : 'file-system';
    return `${{ PUT: 'create', DELETE: 'delete', PATCH: 'update' }[method] ?? 'get'}-${noun}`;
  }
  if (action !== null) return kebab(action);
  if (headers['x-ms-rename-source'] !== undefined) return 'rename';
  if (endpoint === 'dfs' && method === 'PUT') return `create-${query.get('resource') ?? 'path'}`;
  if (comp !== null) return `${method.toLowerCase()}-${comp}`;
  if (headers['x-ms-copy-source'] !== undefined) return 'copy-blob';
  return (
    { PUT: 'put-blob', GET: 'read', HEAD: 'get-properties', DELETE: 'delete' }[method] ?? method.toLowerCase()
  );
}

function kebab(camel: string): string {
  return camel.replace(/[A-Z]/g, (letter) => `-${letter.toLowerCase()}`);
}
