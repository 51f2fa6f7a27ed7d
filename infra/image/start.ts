/**
 * What the image runs. Container Apps hands configuration over as environment, so the agent's file and, where names
 * differ from those of the shipped pipeline, the pipeline file are written into the state folder first.
 */
import { placeFiles } from './place-files.ts';

const CONFIG_FLAG = '--config';

const config = placeFiles(process.env);
const given = process.argv.slice(2);
const asked = given.length === 0 ? ['run'] : given;
process.argv = [
  ...process.argv.slice(0, 2),
  ...asked,
  ...(asked.includes(CONFIG_FLAG) ? [] : [CONFIG_FLAG, config]),
];
await import('../../agent/src/main.ts');
