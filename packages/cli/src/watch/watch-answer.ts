import type { AgentClient, StreamState } from '@lakewarden/client';
import type { AgentEvent } from '@lakewarden/contracts';
import { withAgent } from '../agent/with-agent.ts';
import { EXIT, type ExitCode } from '../exit.ts';
import { usage } from '../line/parse-line.ts';
import { isSet, type Line } from '../line/verb.ts';
import { viewOf } from '../look/look.ts';
import type { View } from '../look/view.ts';
import { plainText } from '../plain-text.ts';
import { timeText } from '../words.ts';
import type { World } from '../world.ts';
import { LiveScreen } from './live-screen.ts';

export interface Watched<Answer> {
  readonly ask: (client: AgentClient, signal: AbortSignal) => Promise<Answer>;
  /** Does it change what is shown? */
  readonly concerns: (event: AgentEvent) => boolean;
  /** For a terminal. */
  readonly lines: (answer: Answer, view: View) => readonly string[];
  /** For a pipe: a line each, said again when it has changed. */
  readonly logLines: (answer: Answer) => readonly string[];
}

/** At most so often is asked again, however many events come. */
const ASK_TERMINAL_MS = 500;
const ASK_PIPE_MS = 3_000;
/** Without events: countdowns go on, and what no event tells is seen. */
const ASK_ANYWAY_MS = 10_000;

/** Shows an answer, and shows it again whenever an event says that it is another one, until the person ends it. */
export function watchAnswer<Answer>(watched: Watched<Answer>, line: Line, world: World): Promise<ExitCode> {
  refuseJson(line);
  const signal = world.stopSignal();
  return withAgent(line, world, async (open) => {
    const { client } = open;
    const said = new Set<string>();
    const screen = world.screen === undefined ? undefined : new LiveScreen(world.screen);
    const waker = createWaker(world, signal);
    const listening = listen(client, watched, waker.wake, signal);
    while (!signal.aborted) {
      const answer = await Promise.race([watched.ask(client, signal), listening.failed]);
      const view = viewOf(world, open);
      if (screen === undefined) logChanges(watched.logLines(answer), said, world);
      else screen.draw([...watched.lines(answer, view), ...listening.notes(), '(Ctrl-C ends)']);
      await world.sleep(screen === undefined ? ASK_PIPE_MS : ASK_TERMINAL_MS, signal);
      await waker.wait(ASK_ANYWAY_MS);
    }
    return EXIT.done;
  }).catch((error: unknown) => {
    if (signal.aborted) return EXIT.done;
    throw error;
  });
}

/** A document has an end; what is watched has none. */
export function refuseJson(line: Line): void {
  if (isSet(line, 'json'))
    throw usage('--json does not go with --watch · use: lakewarden events --json', line.verb);
}

function logChanges(lines: readonly string[], said: Set<string>, world: World): void {
  const nowMs = world.wallMs();
  const time = timeText(new Date(nowMs).toISOString(), nowMs);
  for (const line of lines.filter((text) => !said.has(text))) world.print(plainText(`${time} ${line}`));
  said.clear();
  for (const line of lines) said.add(line);
}

function createWaker({ sleep }: World, signal: AbortSignal) {
  let isWoken = false;
  let nap = new AbortController();
  return {
    wake() {
      isWoken = true;
      nap.abort();
    },
    /** Returns at once when it was woken since the last time. */
    async wait(ms: number) {
      if (!isWoken) await sleep(ms, AbortSignal.any([signal, nap.signal]));
      isWoken = false;
      nap = new AbortController();
    },
  };
}

function listen<Answer>(
  client: AgentClient,
  { concerns }: Watched<Answer>,
  wake: () => void,
  signal: AbortSignal,
) {
  let lost: string | undefined;
  const onState = (state: StreamState) => {
    lost = state.kind === 'lost' ? `${state.problem.what} · trying again` : undefined;
    wake();
  };
  const follow = async () => {
    for await (const event of client.events({ signal, onState })) {
      if (event.type === 'reset' || concerns(event)) wake();
    }
  };
  const failed = Promise.withResolvers<never>();
  // Whoever waits for an answer races it; before that nobody does.
  failed.promise.catch(() => undefined);
  follow().catch((error: unknown) => {
    failed.reject(error);
    wake();
  });
  return { failed: failed.promise, notes: () => (lost === undefined ? [] : [lost]) };
}
