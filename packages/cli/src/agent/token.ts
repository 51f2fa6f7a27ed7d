import { existsSync } from 'node:fs';
import { askAgent } from '../ask-agent.ts';
import { EXIT, type ExitCode, Refusal } from '../exit.ts';
import { jsonText } from '../json-text.ts';
import { lakeFolder } from '../lake-folder.ts';
import { usage } from '../line/parse-line.ts';
import { isSet, type Line, textOption } from '../line/verb.ts';
import { durationOf, OptionError } from '../option-values.ts';
import type { World } from '../world.ts';

interface TokenAnswer {
  readonly token: string;
}

/** Made by a process of the agent from the key in its state folder; only the token goes to stdout. */
export async function showToken(line: Line, lake: string, world: World): Promise<ExitCode> {
  const config = textOption(line, 'config') ?? lakeFolder(lake).agentConfig;
  if (!existsSync(config)) {
    throw new Refusal(
      EXIT.usage,
      `no agent's file · ${config} · give --config, or --lake with a lake that was up before`,
    );
  }
  const subject = textOption(line, 'subject');
  const ttl = textOption(line, 'ttl') ?? '';
  requireDuration(line, ttl);
  const args = ['token', '--config', config, '--role', textOption(line, 'role') ?? '', '--ttl', ttl];
  const answer = await askAgent<TokenAnswer>(
    [...args, ...(subject === undefined ? [] : ['--subject', subject])],
    world,
  );
  if (answer === undefined) return EXIT.failed;
  world.print(isSet(line, 'json') ? jsonText(answer) : answer.token);
  return EXIT.done;
}

/** The agent takes it as it is written; what is no duration is wrong usage before anything is started. */
function requireDuration(line: Line, text: string): void {
  try {
    durationOf('ttl', text);
  } catch (error) {
    throw error instanceof OptionError ? usage(error.message, line.verb) : error;
  }
}
