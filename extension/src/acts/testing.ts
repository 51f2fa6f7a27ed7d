import type { Ask } from './ask.ts';

export interface Asked {
  readonly kind: 'pick' | 'text' | 'confirm';
  readonly question: string;
  readonly detail?: string;
  readonly labels?: readonly string[];
  readonly problem?: ((text: string) => string | undefined) | undefined;
}

/** Texts that fit what each field of the catalogue asks for. */
const FITTING = [
  'silver.orders',
  'silver.orders@2011-11-11',
  'source:orders',
  '2011-11-11',
  'backfill:1a2b3c4d',
  'failed-slice',
  'abcd1234',
];

/**
 * A person whose answers are known beforehand, in the order of the questions; `any`: takes the first choice, says yes, and
 * writes whatever is accepted.
 */
export function scriptedAsk(answers: readonly unknown[] | 'any'): Ask & { readonly asked: readonly Asked[] } {
  const asked: Asked[] = [];
  const left = answers === 'any' ? undefined : [...answers];
  return {
    asked,
    async pick(question, choices) {
      asked.push({ kind: 'pick', question, labels: choices.map(({ label }) => label) });
      return left === undefined ? choices[0]?.value : (left.shift() as never);
    },
    async text(question, { problem } = {}) {
      asked.push({ kind: 'text', question, problem });
      if (left !== undefined) return left.shift() as string | undefined;
      const typed = /Type (\S+) to go on/.exec(question)?.[1];
      return [...(typed === undefined ? [] : [typed]), ...FITTING].find(
        (text) => problem?.(text) === undefined,
      );
    },
    async confirm(question, detail) {
      asked.push({ kind: 'confirm', question, detail });
      return left === undefined ? true : left.shift() === true;
    },
  };
}
