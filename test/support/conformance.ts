/** `npm run conformance`: the suites on the local Azure; `-- --real`: the same suites on a real subscription. */
import { spawnSync } from 'node:child_process';
import { createRequire } from 'node:module';
import { dirname, join } from 'node:path';
import {
  missingRealVariables,
  REAL_MODE,
  REAL_VARIABLES,
} from '../../packages/azure-local/conformance/support/environment.ts';

const given = process.argv.slice(2);
const isReal = given.includes('--real');
if (isReal) {
  const missing = missingRealVariables(process.env);
  if (missing.length > 0) {
    console.error('The real mode needs these environment variables:');
    for (const name of missing) console.error(`  ${name}: ${REAL_VARIABLES[name]}`);
    console.error(
      'Tokens come from DefaultAzureCredential: sign in with `az login`, or set AZURE_TENANT_ID,',
    );
    console.error(
      'AZURE_CLIENT_ID and AZURE_CLIENT_SECRET. The suites make and remove their own containers and hubs.',
    );
    process.exit(2);
  }
}
const vitest = join(dirname(createRequire(import.meta.url).resolve('vitest/package.json')), 'vitest.mjs');
const rest = given.filter((argument) => argument !== '--real');
const run = spawnSync(process.execPath, [vitest, 'run', '--project', 'conformance', ...rest], {
  stdio: 'inherit',
  env: { ...process.env, [REAL_MODE]: isReal ? '1' : '0' },
});
process.exit(run.status ?? 1);
