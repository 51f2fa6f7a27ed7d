import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Lineage } from '@lakewarden/contracts';
import { buildStatusPage } from '../../build.ts';

/** The status page as an agent serves it, and the four queries that it asks. */
export interface StatusServer {
  readonly url: string;
  readonly token: string;
  /** `GET /api/v1/overview`, oldest first. */
  readonly asked: readonly string[];
  answers: StatusAnswers;
  close(): Promise<void>;
}

export interface StatusAnswers {
  readonly overview: unknown;
  readonly incidents: unknown;
  readonly lag: unknown;
  readonly lineage: Lineage;
}

const TOKEN = 'lw1.aW5zcGVjdG9y.viewer-of-the-test';
const TYPES = { html: 'text/html', js: 'text/javascript', css: 'text/css' } as const;

export async function startStatusServer(answers: StatusAnswers): Promise<StatusServer> {
  const folder = await mkdtemp(join(tmpdir(), 'lakewarden-status-'));
  await buildStatusPage(folder);
  const asked: string[] = [];
  const server = createServer(async (request, response) => {
    const path = request.url ?? '/';
    if (path.startsWith('/api/v1/')) {
      asked.push(path);
      if (request.headers.authorization !== `Bearer ${TOKEN}`) return void response.writeHead(401).end('{}');
      const name = /^\/api\/v1\/(overview|incidents|lag|lineage)\b/.exec(path)?.[1];
      const answer = name === undefined ? undefined : own.answers[name as keyof StatusAnswers];
      response.writeHead(answer === undefined ? 404 : 200, { 'content-type': 'application/json' });
      response.end(JSON.stringify(answer ?? {}));
      return;
    }
    const file = path === '/' ? 'index.html' : path.slice(1);
    const kind = /^(?:index|status)\.(html|js|css)$/.exec(file)?.[1] as keyof typeof TYPES | undefined;
    if (kind === undefined) return void response.writeHead(404).end();
    response.writeHead(200, { 'content-type': TYPES[kind] }).end(await readFile(join(folder, file)));
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const own: StatusServer = {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    token: TOKEN,
    asked,
    answers,
    async close() {
      server.closeAllConnections();
      await new Promise((resolve) => server.close(resolve));
      await rm(folder, { recursive: true, force: true });
    },
  };
  return own;
}
