import type { ViewName } from './command-table.ts';

/** What an empty view says, by the state of the connection; one link command each. */
export interface Welcome {
  readonly view: ViewName;
  readonly key: string;
  readonly when: string;
  readonly text: string;
}

/** Values of the context key `lakewarden.connection`. */
export const CONNECTION_KINDS = [
  'idle',
  'noAgent',
  'untrusted',
  'badUrl',
  'connecting',
  'signedOut',
  'forbidden',
  'unreachable',
  'tooOld',
  'tooNew',
  'broken',
  'starting',
  'connected',
] as const;
export type ConnectionKind = (typeof CONNECTION_KINDS)[number];

const is = (kind: ConnectionKind): string => `lakewarden.connection == '${kind}'`;

const CONNECTION_TEXTS: Readonly<Record<ConnectionKind, string>> = {
  idle: 'Lakewarden shows the layers of your lake here.\n[Connect to an Agent](command:lakewarden.connect)',
  noAgent:
    'No agent is up in this workspace, and no URL of one is set.\n[Start a Local Agent](command:lakewarden.startLocal)\nOr set `lakewarden.agentUrl` to the one that you have.',
  untrusted:
    'Where the agent of this workspace listens is not read before you trust the workspace.\n[Manage Workspace Trust](command:workbench.trust.manage)',
  badUrl:
    'The setting `lakewarden.agentUrl` is no URL of an agent. Plain http is for this machine only.\n[Connect to an Agent](command:lakewarden.connect)',
  connecting: 'Signing in…\n[Show Log](command:lakewarden.openLog)',
  signedOut:
    'The agent is there and asks who you are. Your token is kept in the secret storage of VS Code.\n[Sign In](command:lakewarden.signIn)',
  forbidden:
    'The agent knows you, and your role may not look at the lake. Ask for a token of the role viewer or above.\n[Sign In](command:lakewarden.signIn)',
  unreachable:
    'The agent does not answer; it is asked again by itself. The log says what was tried.\n[Try Again Now](command:lakewarden.reconnect)',
  tooOld:
    'The agent is older than this extension and speaks another contract. Update the agent, or install an older extension.\n[Try Again Now](command:lakewarden.reconnect)',
  tooNew:
    'The agent is newer than this extension and speaks another contract. Update the extension.\n[Show Extension Updates](command:workbench.extensions.action.checkForUpdates)',
  broken:
    'Something answers there, and not as an agent does. Is it the right URL?\n[Connect to an Agent](command:lakewarden.connect)',
  starting: 'The agent is starting: it reads the lake.\n[Show Log](command:lakewarden.openLog)',
  connected: 'Asking for the datasets…\n[Refresh](command:lakewarden.refresh)',
};

const EMPTY_TEXTS: Readonly<Record<Exclude<ViewName, 'layers'>, string>> = {
  runs: 'Nothing was built since the agent started.\n[Plan a Backfill](command:lakewarden.backfill)',
  incidents: 'No incidents.\n[Show Audit](command:lakewarden.showAudit)',
  sources: 'The pipeline has no sources.\n[Refresh](command:lakewarden.refresh)',
  runbooks: 'The agent has no runbooks.\n[Refresh](command:lakewarden.refresh)',
};

export function welcomes(): readonly Welcome[] {
  const layers = CONNECTION_KINDS.map((kind) => ({
    view: 'layers' as const,
    key: `welcome.${kind}`,
    when:
      kind === 'connected' ? `${is(kind)} && !lakewarden.empty && lakewarden.filter != 'failed'` : is(kind),
    text: CONNECTION_TEXTS[kind],
  }));
  const others = Object.entries(EMPTY_TEXTS).map(([view, text]) => ({
    view: view as ViewName,
    key: `welcome.${view}`,
    when: is('connected'),
    text,
  }));
  const away = Object.keys(EMPTY_TEXTS).map((view) => ({
    view: view as ViewName,
    key: 'welcome.away',
    when: `!(${is('connected')})`,
    text: 'No agent is connected; Layers says why.',
  }));
  return [
    ...layers,
    ...away,
    {
      view: 'layers',
      key: 'welcome.empty',
      when: `${is('connected')} && lakewarden.empty`,
      text: 'The pipeline of this agent has no datasets yet.\n[Refresh](command:lakewarden.refresh)',
    },
    {
      view: 'layers',
      key: 'welcome.filtered',
      when: `${is('connected')} && !lakewarden.empty && lakewarden.filter == 'failed'`,
      text: 'Nothing has failed.\n[Show Everything](command:lakewarden.showAll)',
    },
    ...others,
  ];
}
