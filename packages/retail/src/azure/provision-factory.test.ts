import { readdir, readFile } from 'node:fs/promises';
import { fileURLToPath } from 'node:url';
import { expect, test } from 'vitest';
import { pipelineFile } from '../index.ts';
import { BATCH_FILES } from '../load/data-folder.ts';
import { toSdkShape } from './provision-factory.ts';

const FACTORY = fileURLToPath(new URL('../../factory/pipeline/', import.meta.url));

test('every batch source of the pipeline has a Data Factory pipeline, and each copies a file that the loader looks for', async () => {
  const yaml = await readFile(pipelineFile, 'utf8');
  const wanted = [...yaml.matchAll(/^ {4}pipeline: (\S+)$/gm)].map((match) => match[1]);
  const names = await readdir(FACTORY);
  expect(names.map((name) => name.replace('.json', '')).toSorted()).toEqual(wanted.toSorted());
  const files = await Promise.all(
    names.map(async (name) => {
      const document = JSON.parse(await readFile(`${FACTORY}${name}`, 'utf8'));
      const { folder, file } = document.properties.activities[0].inputs[0].parameters;
      return `${folder}/${file}`;
    }),
  );
  expect(files.toSorted()).toEqual(BATCH_FILES.toSorted());
});

test('type properties are lifted as the models of the SDK have them', () => {
  const activity = { name: 'copy', type: 'Copy', typeProperties: { source: { type: 'BinarySource' } } };
  expect(toSdkShape({ type: 'x', typeProperties: { host: 'h' }, activities: [activity] })).toEqual({
    type: 'x',
    host: 'h',
    activities: [{ name: 'copy', type: 'Copy', source: { type: 'BinarySource' } }],
  });
});
