import type { Pipeline } from '@lakewarden/compute';
import type { ControlEffect } from '@lakewarden/contracts';
import {
  type ControlState,
  createGate,
  drainSource,
  landWindow,
  lastClosedWindow,
  type Policy,
  replayHub,
  rootOf,
} from '@lakewarden/core';
import type { AgentConfig } from '../config.ts';
import type { Parts } from '../parts.ts';
import type { Board } from './board.ts';
import { HubLanding } from './hub-landing.ts';
import { WindowLanding } from './window-landing.ts';

export interface LandingsOptions {
  readonly config: AgentConfig;
  readonly pipeline: Pipeline;
  readonly parts: Parts;
  readonly board: Board;
  readonly control: () => ControlState;
  readonly policy: () => Policy;
  readonly epoch: () => bigint;
  readonly note: (effects: readonly ControlEffect[]) => void;
  readonly onLanded: () => void;
}

/** One loop a source. */
export interface Landings {
  readonly hubs: ReadonlyMap<string, HubLanding>;
  readonly windows: ReadonlyMap<string, WindowLanding>;
  run(signal: AbortSignal): Promise<void>;
  wake(): void;
}

export function createLandings(options: LandingsOptions): Landings {
  const { board, config, control, epoch, note, onLanded, parts, pipeline, policy } = options;
  const { deps } = parts;
  const { clock } = deps;
  // A drain already uses all partitions, the whole engine and two commits' worth of memory (I15).
  const oneDrain = createGate(1);
  const hubs = new Map<string, HubLanding>();
  const windows = new Map<string, WindowLanding>();
  for (const dataset of pipeline.datasets) {
    if (dataset.layer !== 'bronze') continue;
    const readBronze = (signal: AbortSignal) => deps.tables.refresh(rootOf(dataset.name), signal);
    const shared = { dataset, board, clock, policy, readBronze, onLanded };
    const { source } = dataset;
    if (source.kind === 'event-hub') {
      const landing = new HubLanding({
        ...shared,
        source,
        drain: (signal) => oneDrain(() => drainSource(deps, { dataset, source, epoch: epoch() }, signal)),
        describe: (signal) => deps.stream.describe(source, signal),
        replays: () => [...control().replays.values()].filter((replay) => replay.source === source.name),
        replay: ({ slices }, signal) => {
          const keys = slices.map((id) => id.slice(id.indexOf('@') + 1));
          return replayHub(deps, { dataset, source, slices: keys, epoch: epoch() }, signal);
        },
        endReplay: ({ plan }, as, words) => note([{ type: 'SourceReplayEnded', plan, as, note: words }]),
        drainEveryMs: config.drainEveryMs,
        probeEveryMs: config.probeEveryMs,
      });
      hubs.set(source.name, landing);
    } else {
      const landing = new WindowLanding({
        ...shared,
        source,
        control,
        windowOf: () => config.asOf ?? lastClosedWindow(source, clock.now()),
        land: (window, attempt, signal) =>
          landWindow(deps, { dataset, source, window, attempt, epoch: epoch() }, signal),
        windowEveryMs: config.windowEveryMs,
      });
      windows.set(source.name, landing);
    }
  }
  const loops = [...hubs.values(), ...windows.values()];
  return {
    hubs,
    windows,
    async run(signal) {
      await Promise.all(loops.map((loop) => loop.run(signal)));
    },
    wake() {
      for (const loop of loops) loop.waker.wake();
    },
  };
}
