/** `npm run build -w extension`: host, pages and schemas, into `dist` and `schemas`. */
import { buildWebviews } from '../build.ts';
import { buildHost } from './build-host.ts';
import { writeSchemas } from './write-schemas.ts';

const [host, pages] = await Promise.all([buildHost(), buildWebviews(), writeSchemas()]);
const sizes = { ...host, ...pages };
for (const [name, bytes] of Object.entries(sizes))
  process.stdout.write(`${name.padEnd(28)} ${(bytes / 1024).toFixed(1)} kB\n`);
