import { describe, expect, it } from 'vitest';
import { addressParts } from '../documents/document-kinds.ts';
import { argumentOf, commandLineOf, datasetOf, focusOf, nameOf } from './subject-of.ts';

describe('what a command was called on', () => {
  it('is the subject of a row', () => {
    expect(argumentOf({ id: 'x', node: { subject: { dataset: 'silver.orders' } } })).toEqual({
      dataset: 'silver.orders',
    });
  });

  it('is the plan of a document', () => {
    const uri = { scheme: 'lakewarden-plan', ...addressParts({ kind: 'plan', about: 'abcd' }) };
    expect(argumentOf(uri)).toEqual({ plan: 'abcd' });
    expect(argumentOf({ ...uri, scheme: 'file' })).toEqual({});
  });

  it('is names of an object, and only those that we know', () => {
    expect(
      argumentOf({ dataset: 'silver.orders', focus: 'x', toString: 'y', __proto__: { run: 'z' } }),
    ).toEqual({
      dataset: 'silver.orders',
      focus: 'x',
    });
    expect(argumentOf({ dataset: 7, run: 'x'.repeat(1_000) })).toEqual({});
    expect(argumentOf({ input: { target: 'gold', n: 7 } })).toEqual({ input: { target: 'gold' } });
  });

  it.each([undefined, null, 7, 'text', [], { node: null }])('may be nothing: %j', (value) => {
    expect(argumentOf(value)).toEqual({});
  });
});

it('finds the dataset and the focus that are meant', () => {
  expect(datasetOf({ target: 'silver.orders@2011-11-11' })).toBe('silver.orders');
  expect(datasetOf({ target: 'source:orders' })).toBeUndefined();
  expect(focusOf({ source: 'orders' })).toBe('source:orders');
  expect(focusOf({ target: 'backfill:1a2b' })).toBeUndefined();
  expect(focusOf({ dataset: 'silver.orders', target: 'silver.orders@2011-11-11' })).toBe(
    'silver.orders@2011-11-11',
  );
});

it('says the same in the words of the command line', () => {
  expect(commandLineOf({ dataset: 'silver.orders', slice: '2011-11-11' }, 'failed')).toBe(
    'lakewarden retry silver.orders@2011-11-11',
  );
  expect(commandLineOf({ dataset: 'silver.orders', slice: '2011-11-11' }, 'fresh')).toBe(
    'lakewarden blame silver.orders@2011-11-11',
  );
  expect(commandLineOf({ dataset: 'silver.orders' }, 'fresh')).toBe('lakewarden dataset silver.orders');
  expect(commandLineOf({ incident: 'inc-7' }, undefined)).toBe('lakewarden incident inc-7');
  expect(commandLineOf({ backfill: '1a2b', run: 'backfill:1a2b', dataset: 'silver.orders' }, undefined)).toBe(
    'lakewarden backfills 1a2b',
  );
  expect(commandLineOf({ run: '8f3c', dataset: 'silver.orders' }, undefined)).toBe(
    'lakewarden runs --dataset silver.orders',
  );
  expect(commandLineOf({ source: 'orders', target: 'source:orders' }, undefined)).toBe('lakewarden lag');
  expect(commandLineOf({}, undefined)).toBeUndefined();
});

it('copies the name by which the rest of the world knows it', () => {
  expect(nameOf({ incident: 'inc-7', target: 'source:vendors' })).toBe('inc-7');
  expect(nameOf({ runbook: 'stuck-adf-run', execution: 'exec-3' })).toBe('exec-3');
  expect(nameOf({ target: 'silver.orders@2011-11-11', dataset: 'silver.orders' })).toBe(
    'silver.orders@2011-11-11',
  );
});
