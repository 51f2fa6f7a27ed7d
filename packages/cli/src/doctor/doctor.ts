import { surroundings } from '../agent/agent-place.ts';
import { EXIT, type ExitCode } from '../exit.ts';
import { jsonText } from '../json-text.ts';
import { lakeFolder } from '../lake-folder.ts';
import { isSet, type Line } from '../line/verb.ts';
import { plainText } from '../plain-text.ts';
import { plural } from '../words.ts';
import type { World } from '../world.ts';
import { checkAgent } from './agent-checks.ts';
import type { Check } from './check.ts';
import {
  checkConfig,
  checkDisk,
  checkLake,
  checkLocalAzure,
  checkNode,
  checkTokenFile,
} from './machine-checks.ts';

/** Looks at everything that is needed; exit code 1 when something is wrong, with what to do. Changes nothing. */
export async function showDoctor(line: Line, world: World): Promise<ExitCode> {
  const { lake, agent, suffix } = surroundings(line, world);
  const folder = lakeFolder(lake);
  const isRemote = agent !== undefined && agent.from !== 'lake';
  const [config, azure, agentChecks] = await Promise.all([
    checkConfig(folder),
    checkLocalAzure(folder),
    checkAgent({ agent, suffix, wallMs: world.wallMs }),
  ]);
  const ofLake: readonly Check[] = [checkLake(folder), config, checkDisk(folder), azure];
  const checks: readonly Check[] = [
    checkNode(process.version),
    // Whoever asks an agent elsewhere needs no lake here.
    ...(isRemote ? [] : ofLake),
    ...agentChecks,
    checkTokenFile(agent?.tokenFile, process.getuid?.()),
  ];
  const problems = checks.filter(({ state }) => state === 'problem').length;
  if (isSet(line, 'json')) world.print(jsonText({ ok: problems === 0, checks }));
  else for (const text of doctorLines(checks)) world.print(plainText(text));
  return problems === 0 ? EXIT.done : EXIT.failed;
}

export function doctorLines(checks: readonly Check[]): readonly string[] {
  const problems = checks.filter(({ state }) => state === 'problem').length;
  const lines = checks.map(
    ({ name, state, found, remedy }) =>
      `${state.padEnd(8)} ${name.padEnd(12)} ${found}${remedy === undefined ? '' : ` · ${remedy}`}`,
  );
  return [...lines, problems === 0 ? 'all is well' : `${plural(problems, 'problem')}`];
}
