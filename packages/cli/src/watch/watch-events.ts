import type { AgentEvent } from '@lakewarden/contracts';
import { withAgent } from '../agent/with-agent.ts';
import { EXIT, type ExitCode } from '../exit.ts';
import { jsonText } from '../json-text.ts';
import { isSet, type Line, textOption } from '../line/verb.ts';
import { runLine } from '../look/health-lines.ts';
import { lagLine } from '../look/lag-lines.ts';
import { plainText } from '../plain-text.ts';
import { timeText } from '../words.ts';
import type { World } from '../world.ts';

/** Tails what the agent does, a line each; with `--json` every event as one line of JSON. */
export function watchEvents(line: Line, world: World): Promise<ExitCode> {
  const signal = world.stopSignal();
  const after = textOption(line, 'after');
  const isJson = isSet(line, 'json');
  const isAll = isSet(line, 'all');
  return withAgent(line, world, async ({ client }) => {
    const onState = (state: { readonly kind: string }) => {
      if (state.kind === 'lost') world.complain('the agent is gone · trying again');
    };
    for await (const event of client.events({ after, signal, onState })) {
      if (isJson) world.print(jsonText(event));
      else if (isAll || SHOWN.has(event.type)) world.print(plainText(eventLine(event, world.wallMs())));
    }
    return EXIT.done;
  });
}

/** The activity log in words; the rest says of things how they are now, and comes often. */
const SHOWN: ReadonlySet<AgentEvent['type']> = new Set(['fact', 'reset']);

function eventLine(event: AgentEvent, nowMs: number): string {
  const now = timeText(new Date(nowMs).toISOString(), nowMs);
  switch (event.type) {
    case 'fact':
      return `${timeText(event.at, nowMs)} ${event.level.padEnd(5)} ${event.message}`;
    case 'reset':
      return `${now} some events were missed: ${event.reason}`;
    case 'run':
      return `${now} ${runLine(event.run)}`;
    case 'source':
      return `${now} source ${lagLine(event.source)}`;
    case 'dataset':
      return `${now} dataset ${event.dataset.name} ${event.dataset.state}${event.dataset.why === '' ? '' : ` · ${event.dataset.why}`}`;
    case 'backfill':
      return `${now} ${event.backfill.id} ${event.backfill.state} · ${event.backfill.built} of ${event.backfill.total}`;
    case 'incident':
      return `${now} incident ${event.incident.id} ${event.incident.state} · ${event.incident.title}`;
    case 'execution':
      return `${now} runbook ${event.execution.runbook} ${event.execution.state} · ${event.execution.id}`;
    case 'breaker':
      return `${now} breaker ${event.breaker.dependency} ${event.breaker.state}`;
  }
}
