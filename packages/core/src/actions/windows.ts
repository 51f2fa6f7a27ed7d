import type { BatchSource } from '@lakewarden/compute';
import { isSliceKey } from '@lakewarden/contracts';
import { lastClosedWindow, windowAppId } from '../land/window.ts';
import type { Observation } from '../observe/observation.ts';
import type { ControlState } from '../policy/control-state.ts';
import { type ActionDefinition, refuse, waking } from './action.ts';
import { findSource } from './find.ts';
import { isActive } from './until.ts';

export const rerunAdf: ActionDefinition<'rerun-adf'> = (input, context) => (state) => {
  const { seen, nowMs, host } = context;
  const source = findSource(seen, input.source);
  if (source.kind === 'refused') return source;
  if (source.found.kind !== 'data-factory') {
    return refuse(
      'invalid',
      `${input.source} is a hub: it has no windows`,
      `To read it again: lakewarden replay ${input.source}`,
    );
  }
  const { name } = source.found;
  const { window } = input;
  if (!isSliceKey(window, 'day')) {
    return refuse(
      'invalid',
      `${window} is no window of ${input.source}`,
      'A window is a day, such as 2011-11-11.',
    );
  }
  const last = lastClosedWindow(source.found, nowMs);
  if (window > last) {
    return refuse(
      'conflict',
      `the window ${window} of ${input.source} has not closed`,
      `The last closed one is ${last}.`,
    );
  }
  const attempt = nextAttempt(seen, state, source.found, window);
  const afterwards = waking(host);
  if (attempt === undefined) {
    return {
      kind: 'unchanged',
      message: `window ${window} of ${input.source} is to be copied again already`,
      afterwards,
    };
  }
  const isPaused = isActive(state.pauses.get(input.source), nowMs);
  return {
    kind: 'act',
    effects: [{ type: 'WindowRerun', source: name, window, attempt }],
    lines: [
      `${source.found.factory} copies ${window} once more (attempt ${attempt})`,
      'equal rows change nothing; other rows replace the window, and what is made from it follows',
      ...(isPaused ? [`${input.source} is paused: nothing is copied until it is resumed`] : []),
    ],
    message: `window ${window} of ${input.source} is copied again (attempt ${attempt})`,
    afterwards,
  };
};

/** One above all that are known. Undefined: a new one is wanted already, and has not failed. */
export function nextAttempt(
  seen: Observation,
  state: ControlState,
  source: BatchSource,
  window: string,
): number | undefined {
  const landed = landedAttempt(seen, source, window);
  const wanted = state.reruns.get(`${source.name}/${window}`) ?? 0;
  const last = seen.windows.find(
    (candidate) => candidate.source === source.name && candidate.window === window,
  );
  if (wanted > landed && last?.state !== 'failed') return undefined;
  return Math.max(landed, wanted, last?.attempts ?? 0) + 1;
}

function landedAttempt({ pipeline, bronze }: Observation, source: BatchSource, window: string): number {
  const dataset = pipeline.datasets.find(
    (step) => step.layer === 'bronze' && step.source.name === source.name,
  );
  const snapshot = dataset && bronze.get(dataset.name);
  return Number(snapshot?.txns.get(windowAppId(source, window)) ?? 0n);
}
