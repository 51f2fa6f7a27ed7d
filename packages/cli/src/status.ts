import { askLake, type ReadTools } from './ask-lake.ts';
import { EXIT, type ExitCode } from './exit.ts';
import { jsonText } from './json-text.ts';
import { lakeFolder } from './lake-folder.ts';
import { isUp } from './local-azure.ts';
import { type LakeStatus, statusLines } from './status-lines.ts';

/** Of the files of the lake, which needs no agent. */
export async function showLakeStatus(lake: string, json: boolean, tools: ReadTools): Promise<ExitCode> {
  const folder = lakeFolder(lake);
  const status = await askLake<LakeStatus>(folder, ['status'], tools);
  if (status === undefined) return EXIT.failed;
  if (json) tools.print(jsonText({ from: 'files', ...status }));
  else for (const line of statusLines(status, { lake, isUp: await isUp(folder) })) tools.print(line);
  return EXIT.done;
}
