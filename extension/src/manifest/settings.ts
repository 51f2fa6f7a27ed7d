/** Settings of the extension, `lakewarden.<name>`; `package.json` is written from this table. */
export interface Setting {
  readonly description: string;
  readonly type: 'string' | 'boolean';
  readonly default: string | boolean;
  readonly choices?: Readonly<Record<string, string>>;
  /** `machine`: a workspace cannot set it, so it can send no token elsewhere and start no other program. */
  readonly scope: 'machine' | 'window' | 'resource';
}

export const SETTINGS = {
  agentUrl: {
    description:
      'Where the agent listens, such as `https://agent.example` or `http://127.0.0.1:7077`. Empty: the agent of an open, trusted workspace is found by what it has written there (`.lakewarden/agent/api.json`).',
    type: 'string',
    default: '',
    scope: 'machine',
  },
  notifications: {
    description:
      'Which incidents are told by a notification, once each. All of them stand in the Incidents view.',
    type: 'string',
    default: 'critical',
    choices: {
      off: 'None.',
      critical: 'Critical ones, and those that were escalated to a person.',
      all: 'Each incident that opens.',
    },
    scope: 'window',
  },
  statusBar: {
    description: 'Show how far gold is behind, and how many incidents there are, in the status bar.',
    type: 'boolean',
    default: true,
    scope: 'window',
  },
  codeLens: {
    description: 'Show the state of each dataset in pipeline files, with what can be done about it.',
    type: 'boolean',
    default: true,
    scope: 'resource',
  },
  checkFiles: {
    description:
      "Check pipeline files and runbooks when they are opened and saved, with the agent that the workspace has installed. Only in trusted workspaces: it runs the workspace's code.",
    type: 'boolean',
    default: true,
    scope: 'resource',
  },
  nodePath: {
    description:
      'Node.js 22.18 or newer, to check files with. Empty: the one that the workspace has installed, else `node` of the PATH.',
    type: 'string',
    default: '',
    scope: 'machine',
  },
} as const satisfies Record<string, Setting>;

export type SettingName = keyof typeof SETTINGS;
export type NotificationLevel = keyof (typeof SETTINGS)['notifications']['choices'];

/** Not read from an untrusted workspace. */
export const RESTRICTED_SETTINGS = ['agentUrl', 'nodePath', 'checkFiles'] as const satisfies SettingName[];
