/** `npm run package -w extension`: one VSIX, of at most 1 MB. */
import { execFileSync } from 'node:child_process';
import { existsSync, mkdirSync, readFileSync, statSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';

const EXTENSION = join(dirname(fileURLToPath(import.meta.url)), '..');
const TOOLS = join(EXTENSION, '..', 'node_modules', '.cache', 'lakewarden-tools', 'vsce');
/** Not among the dependencies: it is large, and nothing but a release needs it. */
const VSCE = '@vscode/vsce@4.1.0';
const BYTES_MAX = 1024 * 1024;

function vsce(): string {
  const main = join(TOOLS, 'node_modules', '@vscode', 'vsce', 'vsce');
  if (existsSync(main)) return main;
  process.stdout.write(`installing ${VSCE} into node_modules/.cache, once\n`);
  mkdirSync(TOOLS, { recursive: true });
  writeFileSync(join(TOOLS, 'package.json'), '{"private": true}\n');
  const npm = process.platform === 'win32' ? 'npm.cmd' : 'npm';
  execFileSync(npm, ['install', '--no-audit', '--no-fund', '--ignore-scripts', VSCE], {
    cwd: TOOLS,
    stdio: ['ignore', 'ignore', 'inherit'],
    env: ownEnvironment(),
  });
  return main;
}

/** Without what the npm that runs us has set for its own project. */
function ownEnvironment(): NodeJS.ProcessEnv {
  return Object.fromEntries(
    Object.entries(process.env).filter(([name]) => !/^npm_(?:config_)?(?:local_)?prefix$/i.test(name)),
  );
}

execFileSync(process.execPath, [join(EXTENSION, 'scripts', 'build.ts')], { stdio: 'inherit' });
const { name, version } = JSON.parse(readFileSync(join(EXTENSION, 'package.json'), 'utf8')) as {
  readonly name: string;
  readonly version: string;
};
const file = process.argv[2] ?? join(EXTENSION, 'dist', `${name}-${version}.vsix`);
const args = [
  'package',
  '--no-dependencies',
  '--allow-missing-repository',
  '--skip-license',
  '--no-rewrite-relative-links',
  '-o',
  file,
];
execFileSync(process.execPath, [vsce(), ...args], { cwd: EXTENSION, stdio: 'inherit' });
const { size } = statSync(file);
process.stdout.write(`${file}  ${(size / 1024).toFixed(1)} kB\n`);
if (size > BYTES_MAX) {
  process.stderr.write(
    `the package is larger than ${BYTES_MAX / 1024} kB · leave something out of .vscodeignore's exceptions\n`,
  );
  process.exitCode = 1;
}
