/** `npm run manifest -w extension`: what the tables say, into `package.json`, `package.nls.json` and the bundle of words. */
import { readFileSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { manifest } from '../src/manifest/manifest.ts';
import { spokenWords } from './spoken-words.ts';

const EXTENSION = join(dirname(fileURLToPath(import.meta.url)), '..');
const json = (value: unknown): string => `${JSON.stringify(value, null, 2)}\n`;

const path = join(EXTENSION, 'package.json');
const { devDependencies, ...rest } = JSON.parse(readFileSync(path, 'utf8')) as Record<string, unknown>;
const { package: fields, nls } = manifest();
writeFileSync(path, json({ ...rest, ...fields, devDependencies }));
writeFileSync(join(EXTENSION, 'package.nls.json'), json(nls));
writeFileSync(join(EXTENSION, 'l10n', 'bundle.l10n.json'), json(spokenWords(join(EXTENSION, 'src'))));
