import type { SliceHealth } from '@lakewarden/contracts';
import { countText, plural } from '../../shared/words.ts';
import type { Ask, Choice, Translate } from './ask.ts';

export interface SliceRange {
  readonly from: string;
  readonly to: string;
}

const SLICE_KEY = /^(?:[0-9]{4}-[0-9]{2}(?:-[0-9]{2}(?:T[0-9]{2})?)?|all)$/;

/**
 * Ranges that people mean most, counted back from the newest slice (data may be of any year), then a choice of both
 * ends. `slices` are the newest ones, newest first; a range may begin before them.
 */
export async function askRange(
  dataset: string,
  slices: readonly SliceHealth[],
  ask: Ask,
  t: Translate,
): Promise<SliceRange | undefined> {
  const choices = rangeChoices(slices, t);
  const title = t('Which slices of {0}?', dataset);
  const chosen =
    choices.length === 0
      ? 'other'
      : await ask.pick<SliceRange | 'other'>(
          title,
          [...choices, { label: t('Another range…'), value: 'other' as const }],
          { placeholder: t('Both ends are included') },
        );
  if (chosen !== 'other') return chosen;
  const newest = slices[0]?.key;
  const from = await ask.text(t('First slice of {0}', dataset), {
    placeholder: newest ?? '2011-11-01',
    ...(newest !== undefined && { value: newest }),
    problem: (text) => keyProblem(text, t),
  });
  if (from === undefined) return undefined;
  const to = await ask.text(t('Last slice of {0}, included', dataset), {
    value: from,
    problem: (text) => keyProblem(text, t) ?? (text < from ? t('It is before {0}', from) : undefined),
  });
  return to === undefined ? undefined : { from, to };
}

function keyProblem(text: string, t: Translate): string | undefined {
  return SLICE_KEY.test(text)
    ? undefined
    : t('A slice is written as {0}, {1} or {2}', '2011-11-11', '2011-11', '2011-11-11T07');
}

const DAY_MS = 24 * 60 * 60 * 1_000;

/** Presets; each at most once, and none that holds a single slice more than the one before it. */
export function rangeChoices(slices: readonly SliceHealth[], t: Translate): readonly Choice<SliceRange>[] {
  const keys = slices.map(({ key }) => key).filter((key) => key !== 'all');
  const to = keys[0];
  const oldest = keys.at(-1);
  if (to === undefined || oldest === undefined) return [];
  const found: Choice<SliceRange>[] = [];
  const add = (label: string, from: string, last = to) => {
    const count = keys.filter((key) => key >= from && key <= last).length;
    if (count === 0 || found.some(({ value }) => value.from === from && value.to === last)) return;
    found.push({
      label,
      description: from === last ? from : `${from} … ${last}`,
      detail: plural(count, 'slice'),
      value: { from, to: last },
    });
  };
  const failed = slices.filter(({ state }) => state === 'failed').map(({ key }) => key);
  if (failed.length > 0)
    add(
      t('From the first to the last that failed ({0})', countText(failed.length)),
      failed.at(-1) ?? to,
      failed[0],
    );
  add(t('The newest slice'), to);
  for (const days of [7, 30, 90]) {
    const from = keyBack(to, days);
    if (from !== undefined && from >= oldest) add(t('The newest {0} days', days), from);
  }
  add(t('The month {0}', to.slice(0, 7)), keys.filter((key) => key.startsWith(to.slice(0, 7))).at(-1) ?? to);
  add(t('All {0} that are listed', countText(keys.length)), oldest);
  return found;
}

/** The key that begins so many days, counted with that of `key`; undefined for months. */
function keyBack(key: string, days: number): string | undefined {
  if (key.length < 10) return undefined;
  const ms = Date.parse(`${key.slice(0, 10)}T00:00:00Z`);
  if (Number.isNaN(ms)) return undefined;
  const day = new Date(ms - (days - 1) * DAY_MS).toISOString().slice(0, 10);
  return key.length === 10 ? day : `${day}T00`;
}
