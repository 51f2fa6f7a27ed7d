import { ApiProblem } from './problem.ts';
import type { Route } from './routes.ts';

/** Why no route took the request: there is none at the address, or none for the method. */
export function unrouted(url: string, routes: readonly Route[]): ApiProblem {
  const path = url.split('?')[0] ?? '';
  const here = routes.filter((route) => patternOf(route.path).test(path));
  const methods = here.flatMap(({ method, tag }) =>
    method === 'GET' && tag !== 'events' ? ['GET', 'HEAD'] : [method],
  );
  if (methods.length === 0) {
    return new ApiProblem({
      status: 404,
      code: 'not-found',
      detail: 'There is nothing at this address.',
      remedy: 'GET /openapi.json lists what there is.',
    });
  }
  const allow = [...new Set(methods)].join(', ');
  return new ApiProblem({
    status: 405,
    code: 'method-not-allowed',
    detail: 'This address does not take this method.',
    remedy: `Use ${allow}.`,
    headers: { allow },
  });
}

function patternOf(path: string): RegExp {
  return new RegExp(`^${path.replaceAll('.', '\\.').replaceAll(/:[a-z]+/g, '[^/]+')}$`);
}
