/** Steps of the first hour; each is done when the context key `lakewarden.did.<id>` is set, or by what is connected. */
export interface WalkthroughStep {
  readonly id: string;
  readonly title: string;
  readonly description: string;
  readonly completionEvents: readonly string[];
}

/** Context keys that the steps wait for, set once and kept. */
export const DEEDS = ['sawLayers', 'openedLineage', 'readQuarantine', 'readPlan', 'appliedPlan'] as const;
export type Deed = (typeof DEEDS)[number];
const did = (deed: Deed): readonly string[] => [`onContext:lakewarden.did.${deed}`];

export const WALKTHROUGH: readonly WalkthroughStep[] = [
  {
    id: 'connect',
    title: 'Connect to an Agent',
    description:
      'The agent owns the lake; the sidebar only asks it. Start one on this machine, or set the URL of yours.\n[Start a Local Agent](command:lakewarden.startLocal)\n[Connect to an Agent](command:lakewarden.connect)',
    completionEvents: ['onContext:lakewarden.connected'],
  },
  {
    id: 'layers',
    title: 'See the Health of Each Layer',
    description:
      'Layers, datasets and slices have one state each, in one word. Failed ones come with their reason.\n[Show Layers](command:lakewarden.layers.focus)',
    completionEvents: did('sawLayers'),
  },
  {
    id: 'lineage',
    title: 'Walk the Lineage',
    description:
      'From sources to consumers, with the rows that went through each step and those that did not.\n[Open Lineage](command:lakewarden.openLineage)',
    completionEvents: did('openedLineage'),
  },
  {
    id: 'quarantine',
    title: 'Read Why Rows Were Kept Back',
    description:
      'Nothing is dropped: what does not pass goes to quarantine with its reason.\n[Show Quarantine](command:lakewarden.showQuarantine)',
    completionEvents: did('readQuarantine'),
  },
  {
    id: 'plan',
    title: 'Plan a Replay or a Backfill',
    description:
      'A plan says what is built, what follows, what it reads and what it costs, before anything changes.\n[Plan a Replay](command:lakewarden.replay)',
    completionEvents: did('readPlan'),
  },
  {
    id: 'apply',
    title: 'Apply It, and Watch It Turn Green',
    description:
      'A plan is applied by its hash, and refused when the world moved since. A backfill can be paused, resumed and cancelled.\n[Apply a Plan](command:lakewarden.apply)',
    completionEvents: did('appliedPlan'),
  },
];
