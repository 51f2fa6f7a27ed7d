import type { AgentClient } from '@lakewarden/client';
import { ACTIONS, type ActionInput, type ActionName, type ActionResult } from '@lakewarden/contracts';
import type { OpenAgent } from '../agent/open-client.ts';
import { withAgent } from '../agent/with-agent.ts';
import { EXIT, type ExitCode } from '../exit.ts';
import { jsonText } from '../json-text.ts';
import { usage } from '../line/parse-line.ts';
import { isSet, type Line, textOption } from '../line/verb.ts';
import { plainText } from '../plain-text.ts';
import type { World } from '../world.ts';
import { confirm, resultLines } from './confirm.ts';
import { planLines } from './plan-lines.ts';

/** Asks the agent for one action of the catalogue, after whatever has to be asked of the person. */
export function runAction(name: ActionName, line: Line, world: World): Promise<ExitCode> {
  const input = inputOf(name, line);
  return withAgent(line, world, async (open) => {
    const { danger } = ACTIONS[name];
    const { client } = open;
    const isDry = isSet(line, 'dry-run');
    const key = textOption(line, 'key');
    if (!isDry) {
      const subject = Object.values(line.words)[0] ?? '';
      const preview = async () =>
        shownLines(await client.act(name, input, { dryRun: true }), open, world, false);
      await confirm({ line, world, danger, subject, preview });
    }
    const result = await client.act(name, input, {
      dryRun: isDry,
      ...(key !== undefined && { idempotencyKey: key }),
    });
    const applies = ACTIONS[name].plans && isSet(line, 'apply') && !isDry;
    return applies ? applyNow(result, key, { line, world, open }) : show(result, { line, world, open });
  });
}

interface Showing {
  readonly line: Line;
  readonly world: World;
  readonly open: OpenAgent;
}

/** The contract's fields out of what was written. Throws `Refusal(usage)` naming what does not fit. */
function inputOf(name: ActionName, { verb, words, values }: Line): ActionInput {
  const fields = Object.keys(ACTIONS[name].input.shape);
  const written = Object.fromEntries(fields.map((field) => [field, words[field] ?? values[field]]));
  const given = Object.fromEntries(Object.entries(written).filter(([, value]) => value !== undefined));
  const checked = ACTIONS[name].input.safeParse(given);
  if (checked.success) return given as ActionInput;
  const [issue] = checked.error.issues;
  const field = issue?.path.map(String).join('.') ?? '';
  throw usage(
    `${verb.name}: ${field === '' ? '' : `${field} `}${written[field] ?? ''} · ${issue?.message ?? ''}`,
    verb,
  );
}

async function applyNow(planned: ActionResult, key: string | undefined, showing: Showing): Promise<ExitCode> {
  const { line, world, open } = showing;
  const { plan } = planned;
  if (plan === undefined) return show(planned, showing);
  if (!isSet(line, 'json')) printLines(shownLines(planned, open, world, false), world);
  const applied = await applyPlan(open.client, plan.hash, key);
  if (isSet(line, 'json')) world.print(jsonText({ ...applied, plan }));
  else printLines(['', ...shownLines(applied, open, world, false)], world);
  return EXIT.done;
}

function applyPlan(client: AgentClient, plan: string, key: string | undefined): Promise<ActionResult> {
  return client.act('apply', { plan }, key === undefined ? {} : { idempotencyKey: `${key}-apply` });
}

function show(result: ActionResult, { line, world, open }: Showing): ExitCode {
  if (isSet(line, 'json')) world.print(jsonText(result));
  else printLines(shownLines(result, open, world, result.outcome === 'planned'), world);
  return EXIT.done;
}

function shownLines(
  result: ActionResult,
  open: OpenAgent,
  world: World,
  isOffered: boolean,
): readonly string[] {
  const { plan, outcome } = result;
  const { suffix } = open;
  if (plan !== undefined && outcome !== 'started' && outcome !== 'done')
    return planLines(plan, { nowMs: world.wallMs(), suffix, isOffered });
  const follow = outcome === 'started' ? [`→ lakewarden ${followCommand(result)}${suffix}`] : [];
  return [...resultLines(result), ...follow];
}

/** How to see what was started come to its end. */
function followCommand({ action, id }: ActionResult): string {
  if (id?.startsWith('backfill:')) return `backfills ${id} --watch`;
  return action === 'run-runbook' || action === 'approve' ? 'runbook history' : 'runs --watch';
}

function printLines(lines: readonly string[], world: World): void {
  for (const line of lines) world.print(plainText(line));
}
