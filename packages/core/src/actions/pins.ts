import type { Pin } from '../policy/control-state.ts';
import {
  type ActionContext,
  type ActionDefinition,
  type DecideAction,
  type Refused,
  refuse,
  waking,
} from './action.ts';
import { type BuiltSlice, findBuiltSlice } from './find.ts';
import { isActive, isSameUntil, textOfUntil, whyUntilIsPast } from './until.ts';

export const hold: ActionDefinition<'hold'> = (input, context) =>
  pin(context, { ...input, by: 'hold', as: 'as-is' });

export const waive: ActionDefinition<'waive'> = (input, context) => pin(context, { ...input, by: 'waive' });

export const release: ActionDefinition<'release'> =
  ({ slice }, context) =>
  (state) => {
    const afterwards = waking(context.host);
    const standing = state.pins.get(slice);
    if (standing === undefined || !isActive(standing, context.nowMs)) {
      const found = findBuiltSlice(context.seen, slice);
      if (found.kind === 'refused') return found;
      return { kind: 'unchanged', message: `${slice} is not pinned`, afterwards };
    }
    return {
      kind: 'act',
      effects: [{ type: 'Released', slice }],
      lines: [`${slice} is built again if it is stale by now, and so is what is made from it`],
      message: `${slice} is released: it was ${WORDS[standing.by]} by ${standing.actor}`,
      afterwards,
    };
  };

interface NewPin extends Pick<Pin, 'slice' | 'by' | 'as' | 'reason'> {
  readonly until?: string | undefined;
}

const WORDS = { hold: 'held', waive: 'waived' } as const;

function pin(context: ActionContext, asked: NewPin): DecideAction {
  const { slice, by, as, reason, until } = asked;
  return (state) => {
    const found = findBuiltSlice(context.seen, slice);
    if (found.kind === 'refused') return found;
    const refusal = whyNotPinnable(found.found, asked) ?? whyUntilIsPast(context, until);
    if (refusal !== undefined) return refusal;
    const afterwards = async (signal: AbortSignal) => {
      // What runs now was begun before the pin and must not commit into the slice.
      await context.host.fence([found.found.dataset], signal);
      context.host.wake();
      return undefined;
    };
    const how = `${WORDS[by]}${as === 'empty' ? ' as empty' : ' as it is'}${textOfUntil(until)}`;
    const standing = state.pins.get(slice);
    if (isActive(standing, context.nowMs) && isSamePin(standing, asked)) {
      return { kind: 'unchanged', message: `${slice} is ${how} already`, afterwards };
    }
    return {
      kind: 'act',
      effects: [{ type: 'Pinned', slice, by, as, reason, ...(until && { until }) }],
      lines: [
        `${slice} is ${how}, whatever changes before it`,
        `${found.found.dataset} is fenced: what runs now begins again without the slice`,
        ...(by === 'waive' ? ['what is made from it is built, and flagged'] : []),
      ],
      message: `${slice} is ${how}`,
      afterwards,
    };
  };
}

function whyNotPinnable({ view }: BuiltSlice, { slice, as }: NewPin): Refused | undefined {
  if (as === 'empty' || view?.recorded !== undefined) return undefined;
  const message =
    view === undefined ? `there is no slice ${slice}` : `${slice} was never built: there is nothing to keep`;
  return refuse(
    'not-found',
    message,
    `To let readers go on without it: lakewarden waive ${slice} --as empty`,
  );
}

function isSamePin(standing: Pin | undefined, { by, as, reason, until }: NewPin): boolean {
  return (
    standing?.by === by &&
    standing.as === as &&
    standing.reason === reason &&
    isSameUntil(standing.until, until)
  );
}
