import { join } from 'node:path';
import type { Pipeline } from '@lakewarden/compute';
import type { EmitFact } from '@lakewarden/core';
import { openEntraDirectory } from '../adapters/entra-directory.ts';
import { systemClock } from '../adapters/system-clock.ts';
import { createApi } from '../api/create-api.ts';
import { createEventHub } from '../api/event-hub.ts';
import { keepTokenFile, openTokenAuthority, TOKEN_FILE, writePrivate } from '../api/token-files.ts';
import { acceptTokens } from '../api/tokens.ts';
import type { AgentConfig } from '../config.ts';
import { openParts } from '../parts.ts';
import { createAnswers } from '../queries/answers.ts';
import { iso } from '../queries/shape.ts';
import { createMetrics } from '../telemetry/metrics.ts';
import { AGENT_VERSION } from '../version.ts';
import { factsOnto } from './fact-board.ts';
import { logAnswers } from './log-answers.ts';
import { performActions } from './perform-actions.ts';
import { publishFacts } from './publish-facts.ts';
import { Service } from './service.ts';

/** Below the state folder: where clients of the same user find the API. */
const API_FILE = 'api.json';
/** What was noted and is not in the lake yet gets this long when the agent stops; the next start states it again. */
const FLUSH_MS_MAX = 3_000;

/** The agent as a service: its API first, then its loops, until the signal aborts. */
export async function runService(
  config: AgentConfig,
  pipeline: Pipeline,
  report: EmitFact,
  signal: AbortSignal,
): Promise<void> {
  const clock = systemClock;
  const startedMs = clock.now();
  const sinks: EmitFact[] = [report];
  const emit: EmitFact = (fact) => {
    for (const sink of sinks) sink(fact);
  };
  const parts = await openParts(config, pipeline, emit);
  const events = createEventHub({ startedMs });
  const service = new Service({ config, pipeline, parts, events, emit: parts.deps.emit });
  const { board } = service;
  const metrics = createMetrics(() => board.observe());
  sinks.push(
    metrics.record,
    factsOnto(board, pipeline, clock.now),
    publishFacts((event) => events.publish(event), parts.ledger, parts.engineName, clock.now),
  );
  const tokens = await openTokenAuthority(config.stateDir, clock.now);
  const {
    routes,
    api: { entra },
  } = config;
  const directory = entra && openEntraDirectory({ ...entra, routes, emit, signal });
  const tokenFile = join(config.stateDir, TOKEN_FILE);
  const who = { subject: 'local', role: 'admin' } as const;
  await keepTokenFile({ authority: tokens, path: tokenFile, who, clock, emit }, signal);
  const isReady = () => service.waitingFor().length === 0;
  const api = createApi({
    host: config.api.host,
    port: config.api.port,
    publicHosts: config.api.publicHosts,
    statusPage: config.api.statusPage,
    tokens: acceptTokens(tokens, directory),
    clock,
    emit,
    answers: createAnswers({
      observe: () => board.observe(),
      info: () => ({ version: AGENT_VERSION, epoch: String(service.epoch), ready: isReady() }),
      ledger: parts.ledger,
      storage: parts.storage,
      previews: service.previews,
      engine: parts.engineName,
      plan: async (hash, abort) => {
        const found = await service.actions?.plans.get(hash, abort);
        return found?.kind === 'found' ? found.plan : undefined;
      },
      ...logAnswers(service),
    }),
    perform: performActions(() => service.actions),
    receiveAlert: service.alerts.receive,
    events,
    metrics: metrics.scrape,
    ready: () => ({ ready: isReady(), waitingFor: service.waitingFor() }),
    info: { version: AGENT_VERSION, pipeline: pipeline.name, startedAt: iso(startedMs) },
  });
  const { url } = await api.listen();
  await writePrivate(join(config.stateDir, API_FILE), JSON.stringify({ url, tokenFile, pid: process.pid }));
  try {
    await service.run(signal);
  } finally {
    emit({ type: 'AgentStopping' });
    await api.close();
    await service.log?.flush(AbortSignal.timeout(FLUSH_MS_MAX)).catch(() => undefined);
    await service.close();
    await parts.close();
  }
}
