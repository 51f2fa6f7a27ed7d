import { usage } from './line/parse-line.ts';
import { isSet, type Line, numberOption, type Option, textOption } from './line/verb.ts';

export interface UpOptions {
  readonly lake: string;
  readonly once: boolean;
  readonly json: boolean;
  /** Folder with real files; undefined: generated data. */
  readonly data: string | undefined;
  readonly asOf: string | undefined;
  /** First rows of each hub only; of generated data, about how many order lines there are. */
  readonly rows: number | undefined;
  readonly seed: number | undefined;
  readonly pipeline: string | undefined;
  readonly drainEveryMs: number | undefined;
  readonly windowEveryMs: number | undefined;
  /** Of the agent's API; undefined: the one of last time, or any free one. */
  readonly port: number | undefined;
}

export const UP_OPTIONS: readonly Option[] = [
  { name: 'once', kind: 'switch', about: 'drain and build everything once, then end' },
  { name: 'data', kind: 'path', placeholder: 'DIR', about: 'real files instead of generated data' },
  {
    name: 'as-of',
    kind: 'day',
    about: 'the one window of every batch source (default 2011-12-10 with --data)',
  },
  {
    name: 'rows',
    kind: 'count',
    about: 'only the first N rows of each hub; without --data: about N order lines are generated',
  },
  { name: 'seed', kind: 'count', about: 'seed of the generated data (without --data)' },
  { name: 'pipeline', kind: 'path', placeholder: 'FILE', about: 'another pipeline file' },
  { name: 'drain-every', kind: 'duration', about: 'how often the hubs are drained, down to 1s (default 5m)' },
  {
    name: 'window-every',
    kind: 'duration',
    placeholder: '30s',
    about: 'how often batch windows are copied again (default: each window once)',
  },
  {
    name: 'port',
    kind: 'count',
    about: "of the agent's API on this machine (default: any free one, then the same)",
  },
];

const PORT_MAX = 65_535;

/** Throws `Refusal(usage)`. */
export function upOptions(line: Line, lake: string): UpOptions {
  const data = textOption(line, 'data');
  const seed = numberOption(line, 'seed');
  const port = numberOption(line, 'port');
  if (data !== undefined && seed !== undefined)
    throw usage('--seed is for generated data and does not go with --data', line.verb);
  if (port !== undefined && port > PORT_MAX)
    throw usage(`--port ${port} is no port · write a number from 1 to ${PORT_MAX}`, line.verb);
  return {
    lake,
    once: isSet(line, 'once'),
    json: isSet(line, 'json'),
    data,
    asOf: textOption(line, 'as-of'),
    rows: numberOption(line, 'rows'),
    seed,
    pipeline: textOption(line, 'pipeline'),
    drainEveryMs: numberOption(line, 'drain-every'),
    windowEveryMs: numberOption(line, 'window-every'),
    port,
  };
}
