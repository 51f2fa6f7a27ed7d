import { ApiProblem } from './problem.ts';

/** The names under which we answer; all else is a page elsewhere that points a name of its own at us (DNS rebinding). */
export interface OwnNames {
  readonly hosts: ReadonlySet<string>;
  readonly origins: ReadonlySet<string>;
}

/** Loopback with our port, and `publicHosts` exactly as given (with a port where it is not that of their scheme). */
export function ownNames(port: number, publicHosts: readonly string[]): OwnNames {
  const loopback = ['127.0.0.1', 'localhost', '[::1]'].map((name) => `${name}:${port}`);
  const named = publicHosts.map((host) => host.toLowerCase());
  return {
    hosts: new Set([...loopback, ...named]),
    origins: new Set([
      ...loopback.map((host) => `http://${host}`),
      ...named.map((host) => `https://${host}`),
    ]),
  };
}

interface Source {
  readonly rawHeaders: readonly string[];
  readonly headers: { readonly host?: string | undefined; readonly origin?: string | undefined };
}

/** Throws 403 for a request that is not addressed to us, or comes from a page that is not ours. */
export function checkSource({ headers, rawHeaders }: Source, { hosts, origins }: OwnNames): void {
  if (headers.host === undefined || !hosts.has(headers.host.toLowerCase()) || isTwice('host', rawHeaders)) {
    throw new ApiProblem({
      status: 403,
      code: 'wrong-host',
      detail: 'The Host header names somebody else.',
      remedy: `Ask ${[...hosts][0]}, or add the name to api.publicHosts in the agent's file.`,
    });
  }
  if (headers.origin !== undefined && (!origins.has(headers.origin) || isTwice('origin', rawHeaders))) {
    throw new ApiProblem({
      status: 403,
      code: 'wrong-origin',
      detail: 'Pages of other origins may not ask this agent.',
      remedy: 'Use the command line, the extension or the own status page.',
    });
  }
}

/** Of a header that stands twice Node shows the first; something before us may have looked at the second. */
function isTwice(name: string, rawHeaders: readonly string[]): boolean {
  return rawHeaders.filter((text, index) => index % 2 === 0 && text.toLowerCase() === name).length > 1;
}
