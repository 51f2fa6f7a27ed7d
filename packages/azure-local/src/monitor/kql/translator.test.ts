import { afterEach, expect, test } from 'vitest';
import { createTranslator, type Translator } from './translator.ts';

const TABLES = [{ name: 'Runs', columns: [{ name: 'N', type: 'long' as const }] }];
const made: Translator[] = [];
afterEach(async () => {
  for (const translator of made.splice(0)) await translator.close();
});

function translatorWith(timing?: { parseMsMax: number; idleMsMax: number }): Translator {
  const translator = createTranslator(TABLES, timing);
  made.push(translator);
  return translator;
}

test('queries that come at once are each answered with their own plan', async () => {
  const translator = translatorWith();
  const counts = [1, 2, 3, 4].map((count) => translator.translate(`Runs | take ${count}`));
  const steps = (await Promise.all(counts)).map((each) => (each.ok ? each.plan.steps : each.refusal));
  expect(steps).toEqual([1, 2, 3, 4].map((count) => [{ kind: 'take', count }]));
});

test('a parse that takes too long is refused, and the next query is answered', async () => {
  const translator = translatorWith({ parseMsMax: 1, idleMsMax: 60_000 });
  const refused = await translator.translate('Runs | take 1');
  expect(refused).toMatchObject({ ok: false, refusal: { code: 'SyntaxError', detail: 'ParserFailed' } });
  const patient = translatorWith();
  const slow = `Runs | where ${'('.repeat(3000)}N == 1${')'.repeat(3000)}`;
  expect((await patient.translate(slow)).ok).toBe(false);
  expect((await patient.translate('Runs | take 1')).ok).toBe(true);
});

test('what waits when it is closed is told so', async () => {
  const translator = translatorWith();
  const waiting = [translator.translate('Runs'), translator.translate('Runs')];
  const outcomes = Promise.allSettled(waiting);
  await translator.close();
  expect((await outcomes).map(({ status }) => status)).toEqual(['rejected', 'rejected']);
  await expect(translator.translate('Runs')).rejects.toThrow('closed');
});
