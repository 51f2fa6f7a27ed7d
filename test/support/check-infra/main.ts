/** `npm run check:infra`: Bicep and Dockerfile of infra/, without Azure and without Docker. */
import { join, relative } from 'node:path';
import { ROOT } from '../paths.ts';
import { checkInfra } from './check-infra.ts';
import { hasInfraTools } from './tools.ts';

if (hasInfraTools()) {
  const { problems, deployments, files } = checkInfra(join(ROOT, 'infra'));
  for (const { file, line, message } of problems)
    console.error(`${relative(ROOT, file)}:${line}  ${message}`);
  for (const [name, { resources }] of deployments)
    console.log(`infra: ${name} makes ${resources.length} resources`);
  console.log(
    `infra: ${files} files, ${problems.length === 0 ? 'nothing to say' : `${problems.length} problems`}`,
  );
  process.exitCode = problems.length === 0 ? 0 : 1;
}
