import type { OPENABLE } from '../../shared/messages.ts';
import type { Camera } from './camera.ts';

export type OpenWhat = (typeof OPENABLE)[number];

/** What the lineage needs of where it runs: VS Code's page or the agent's. */
export interface LineagePort {
  /** Answered by `LineagePage.receive` or `refuse`, unless a newer question comes first. */
  query(question: LineageQuestion): void;
  /** Absent where there is nothing to open a node in. */
  readonly open?: ((id: string, what: OpenWhat) => void) | undefined;
  /** Kept while the page is hidden, or gone and made again. */
  save(kept: KeptPlace): void;
}

export interface LineageQuestion {
  readonly level: 'table' | 'slice';
  readonly focus?: string | undefined;
  readonly depth: number;
}

export interface KeptPlace {
  readonly level: 'table' | 'slice';
  readonly focus?: string | undefined;
  readonly current?: string | undefined;
  readonly camera?: Camera | undefined;
}

/** What was kept comes back as anything. */
export function readKeptPlace(value: unknown): KeptPlace | undefined {
  if (typeof value !== 'object' || value === null) return undefined;
  const { level, focus, current, camera } = value as Record<string, unknown>;
  if (level !== 'table' && level !== 'slice') return undefined;
  return {
    level,
    ...(typeof focus === 'string' && { focus }),
    ...(typeof current === 'string' && { current }),
    ...(isCamera(camera) && { camera }),
  };
}

function isCamera(value: unknown): value is Camera {
  const { x, y, scale } = (value ?? {}) as Record<string, unknown>;
  return Number.isFinite(x) && Number.isFinite(y) && Number.isFinite(scale) && (scale as number) > 0;
}
