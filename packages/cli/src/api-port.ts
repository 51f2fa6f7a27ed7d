import { readFileSync } from 'node:fs';
import type { AddressInfo } from 'node:net';
import { createServer } from 'node:net';
import { EXIT, Refusal } from './exit.ts';
import type { LakeFolder } from './lake-folder.ts';

/**
 * The port of the agent's API for as long as this `up` lives, so that whoever follows it finds it again when the agent
 * is started anew: the one that was asked for, that of last time, or any free one.
 */
export async function settlePort(folder: LakeFolder, asked: number | undefined): Promise<number> {
  if (asked !== undefined) {
    if ((await free(asked)) === asked) return asked;
    throw new Refusal(EXIT.refused, `port ${asked} is taken · 127.0.0.1 · give another --port`);
  }
  const last = lastPort(folder);
  return (last === undefined ? undefined : await free(last)) ?? (await free(0)) ?? 0;
}

function lastPort({ agentConfig }: LakeFolder): number | undefined {
  try {
    const { api } = JSON.parse(readFileSync(agentConfig, 'utf8')) as {
      readonly api?: { readonly port?: unknown };
    };
    const port = api?.port;
    return typeof port === 'number' && Number.isInteger(port) && port > 0 && port < 65_536 ? port : undefined;
  } catch {
    return undefined;
  }
}

/** The port itself, any one for 0; undefined when it is taken. */
function free(port: number): Promise<number | undefined> {
  return new Promise((resolve) => {
    const server = createServer();
    server.once('error', () => resolve(undefined));
    server.listen(port, '127.0.0.1', () => {
      const found = (server.address() as AddressInfo).port;
      server.close(() => resolve(found));
    });
  });
}
