import { readdirSync } from 'node:fs';
import { join, relative } from 'node:path';
import { type BicepFile, parseBicep } from './bicep-file.ts';
import { type Deployment, deploy } from './deployment.ts';
import { type InfraProblem, judgeFile, judgeResource } from './rules.ts';
import { lintDockerfile } from './tools.ts';

export interface InfraReport {
  readonly problems: readonly InfraProblem[];
  /** By parameter file, relative to the folder: `environments/prod.bicepparam`. */
  readonly deployments: ReadonlyMap<string, Deployment>;
  readonly files: number;
}

/** What the machine that deploys would say; with it every optional part is made. */
const ENVIRONMENT = {
  SERVICE_AGENT_IMAGE_NAME: 'lakewarden.example/agent:1',
  LAKEWARDEN_API_APP: '00000000-0000-0000-0000-000000000004',
  LAKEWARDEN_WEBHOOK_URI: 'api://lakewarden',
  LAKEWARDEN_WEBHOOK_OBJECT: '00000000-0000-0000-0000-000000000003',
  LAKEWARDEN_ALERT_EMAIL: 'people@contoso.example',
};

/** Parses and judges every Bicep file of a folder, what each of its parameter files would deploy, and its Dockerfile. */
export function checkInfra(
  folder: string,
  environment: Readonly<Record<string, string>> = ENVIRONMENT,
): InfraReport {
  const names = readdirSync(folder, { recursive: true, encoding: 'utf8' }).filter(
    (name) => !name.split('/').includes('dist') && !name.split('/').includes('node_modules'),
  );
  const files = parseBicep(
    names.filter((name) => /\.bicep(?:param)?$/.test(name)).map((name) => join(folder, name)),
  );
  const problems: InfraProblem[] = [...files.values()].flatMap(judgeFile);
  const deployments = new Map<string, Deployment>();
  // What could not be read means nothing.
  if (problems.length === 0) {
    for (const file of files.values()) {
      if (file.using === undefined) continue;
      const made = tryDeploy(files, file, environment);
      if ('message' in made) problems.push(made);
      else deployments.set(relative(folder, file.path), made);
    }
  }
  for (const { resources } of deployments.values()) problems.push(...resources.flatMap(judgeResource));
  for (const name of names.filter((each) => /(?:^|\/)Dockerfile$/.test(each))) {
    const file = join(folder, name);
    problems.push(
      ...lintDockerfile(file).map(({ line, code, message }) => ({
        file,
        line,
        message: `${code} ${message}`,
      })),
    );
  }
  const distinct = new Map(problems.map((problem) => [JSON.stringify(problem), problem]));
  return { problems: [...distinct.values()], deployments, files: files.size };
}

function tryDeploy(
  files: ReadonlyMap<string, BicepFile>,
  { path }: BicepFile,
  environment: Readonly<Record<string, string>>,
): Deployment | InfraProblem {
  try {
    return deploy(files, path, environment);
  } catch (error) {
    return { file: path, line: 1, message: (error as Error).message };
  }
}
