import type { ActionName } from '@lakewarden/contracts';
import {
  ACTION_COMMANDS,
  commandId,
  EXTENSION,
  HEALTH_PANEL,
  LINEAGE_PANEL,
  PLAN_SCHEME,
  VIEW_COMMANDS,
  VIEW_NAMES,
  type ViewCommand,
  type ViewCommandName,
  type ViewName,
  viewId,
} from './command-table.ts';
import { whenFacet } from './facets.ts';
import { RESTRICTED_SETTINGS, SETTINGS, type Setting } from './settings.ts';
import { WALKTHROUGH } from './walkthrough.ts';
import { welcomes } from './welcome.ts';

/** What `package.json` and `package.nls.json` hold of the tables; `npm run manifest` writes it, a test compares. */
export interface Manifest {
  readonly package: Readonly<Record<string, unknown>>;
  readonly nls: Readonly<Record<string, string>>;
}

const CONNECTED = 'lakewarden.connected';
const OURS = 'view =~ /^lakewarden\\./';
const VIEW_TITLES: Readonly<Record<ViewName, string>> = {
  layers: 'Layers',
  runs: 'Runs & Backfills',
  incidents: 'Incidents',
  sources: 'Sources & Lag',
  runbooks: 'Runbooks',
};

/** Shares of the height, when the container is opened for the first time. */
const VIEW_SIZES: Readonly<Record<ViewName, number>> = {
  layers: 8,
  runs: 4,
  incidents: 3,
  sources: 3,
  runbooks: 2,
};

const ACTIONS = Object.entries(ACTION_COMMANDS) as [ActionName, (typeof ACTION_COMMANDS)[ActionName]][];
const VIEWS = Object.entries(VIEW_COMMANDS) as [ViewCommandName, ViewCommand][];

export function manifest(): Manifest {
  const nls: Record<string, string> = {};
  const words = (key: string, text: string): string => {
    nls[key] = text;
    return `%${key}%`;
  };
  words('description', 'Lineage, health and acts of a medallion lake that a Lakewarden agent keeps alive.');
  return {
    package: {
      description: '%description%',
      activationEvents: [
        'workspaceContains:**/pipeline.yaml',
        'onUri',
        `onWebviewPanel:${LINEAGE_PANEL}`,
        `onWebviewPanel:${HEALTH_PANEL}`,
      ],
      capabilities: {
        untrustedWorkspaces: {
          supported: 'limited',
          description: words(
            'trust',
            'In an untrusted workspace its agent is not looked for, its token not read, and no program of it is run. An agent that you set yourself works.',
          ),
          restrictedConfigurations: RESTRICTED_SETTINGS.map((name) => `${EXTENSION}.${name}`),
        },
        virtualWorkspaces: {
          supported: 'limited',
          description: words('virtual', 'Files are not checked, and no local agent is started.'),
        },
      },
      contributes: {
        commands: commands(words),
        configuration: configuration(words),
        viewsContainers: {
          activitybar: [{ id: EXTENSION, title: 'Lakewarden', icon: 'media/lakewarden.svg' }],
        },
        views: {
          [EXTENSION]: VIEW_NAMES.map((name) => ({
            id: viewId(name),
            name: words(`view.${name}`, VIEW_TITLES[name]),
            contextualTitle: 'Lakewarden',
            icon: 'media/lakewarden.svg',
            initialSize: VIEW_SIZES[name],
            ...(name === 'runbooks' && { visibility: 'collapsed' }),
          })),
        },
        viewsWelcome: welcomes().map(({ view, key, when, text }) => ({
          view: viewId(view),
          contents: words(key, text),
          when,
        })),
        menus: menus(),
        colors: colors(words),
        walkthroughs: walkthroughs(words),
        yamlValidation: [
          { fileMatch: ['pipeline.yaml'], url: './schemas/pipeline.schema.json' },
          { fileMatch: ['runbook.yaml'], url: './schemas/runbook.schema.json' },
        ],
        taskDefinitions: [
          {
            type: EXTENSION,
            required: ['verb'],
            properties: {
              verb: {
                type: 'string',
                enum: ['up', 'status', 'doctor'],
                description: words('task.verb', 'What lakewarden is to do.'),
              },
            },
          },
        ],
        problemMatchers: [
          {
            name: EXTENSION,
            label: words('matcher', 'Problems of pipeline files and runbooks'),
            owner: EXTENSION,
            source: 'lakewarden',
            // biome-ignore lint/suspicious/noTemplateCurlyInString: the editor puts the folder there
            fileLocation: ['autoDetect', '${workspaceFolder}'],
            pattern: {
              regexp: '^(?:refused\\s+)?([^\\s:][^:]*):(\\d+):(\\d+)\\s{2}(.*)$',
              file: 1,
              line: 2,
              column: 3,
              message: 4,
            },
          },
        ],
      },
    },
    nls,
  };
}

type Words = (key: string, text: string) => string;

function commands(words: Words) {
  const command = (name: ActionName | ViewCommandName, title: string, icon: string | undefined) => ({
    command: commandId(name),
    title: words(`command.${name}`, title),
    category: 'Lakewarden',
    ...(icon !== undefined && { icon: `$(${icon})` }),
  });
  return [
    ...ACTIONS.map(([name, { title, icon }]) => command(name, title, icon)),
    ...VIEWS.map(([name, { title, icon }]) => command(name, title, icon)),
  ];
}

function configuration(words: Words) {
  const property = (name: string, { description, choices, ...rest }: Setting) => ({
    ...rest,
    markdownDescription: words(`setting.${name}`, description),
    ...(choices !== undefined && {
      enum: Object.keys(choices),
      enumDescriptions: Object.entries(choices).map(([choice, text]) =>
        words(`setting.${name}.${choice}`, text),
      ),
    }),
  });
  return {
    title: 'Lakewarden',
    properties: Object.fromEntries(
      Object.entries(SETTINGS).map(([name, setting], order) => [
        `${EXTENSION}.${name}`,
        { ...property(name, setting), order },
      ]),
    ),
  };
}

function menus() {
  const inline = [...ACTIONS.map(([name]) => name), ...VIEWS.map(([name]) => name)]
    .filter((name) => name in ACTION_COMMANDS || VIEW_COMMANDS_WITH_BUTTON.has(name))
    .map((name, order) => ({
      command: commandId(name),
      when: `${OURS} && ${whenFacet(`next-${name}`)}`,
      group: `inline@${order + 1}`,
    }));
  const acts = ACTIONS.filter(([, { onNodes }]) => onNodes).map(([name, { group }], order) => ({
    command: commandId(name),
    when: `${OURS} && ${whenFacet(`can-${name}`)}`,
    group: `${group}@${order + 1}`,
  }));
  const looks = VIEWS.filter(([, { group }]) => group !== undefined).map(([name, { group }], order) => ({
    command: commandId(name),
    when: `${OURS} && ${whenFacet(`see-${name}`)}`,
    group: `${group}@${order + 1}`,
  }));
  return {
    'view/item/context': [...inline, ...acts, ...looks],
    'view/title': titleBars(),
    'editor/title': [
      {
        command: commandId('apply'),
        when: `resourceScheme == ${PLAN_SCHEME} && ${CONNECTED}`,
        group: 'navigation@1',
      },
      {
        command: commandId('openLineage'),
        when: `resourceFilename == pipeline.yaml && ${CONNECTED}`,
        group: 'navigation@1',
      },
    ],
    commandPalette: [
      ...ACTIONS.map(([name]) => ({ command: commandId(name), when: CONNECTED })),
      ...VIEWS.filter(([, { palette }]) => palette !== 'always').map(([name, { palette }]) => ({
        command: commandId(name),
        when: palette === 'never' ? 'false' : CONNECTED,
      })),
    ],
  };
}

/** Of the commands that only look, these may be a button on a row. */
const VIEW_COMMANDS_WITH_BUTTON: ReadonlySet<string> = new Set<ViewCommandName>([
  'openLineage',
  'showIncident',
  'showQuarantine',
]);

function titleBars() {
  return VIEWS.flatMap(([name, { titleBar }], order) =>
    (titleBar?.of ?? []).map((view) => ({
      command: commandId(name),
      when: [
        `view == ${viewId(view)}`,
        ...(titleBar?.when === undefined ? [] : [titleBar.when]),
        ...(titleBar?.place === 'navigation' ? [CONNECTED] : []),
      ].join(' && '),
      group: titleBar?.place === 'navigation' ? `navigation@${order + 1}` : `5_lakewarden@${order + 1}`,
    })),
  );
}

function colors(words: Words) {
  const color = (layer: string, text: string, dark: string, light: string) => ({
    id: `lakewarden.${layer}`,
    description: words(`color.${layer}`, text),
    defaults: { dark, light, highContrast: dark, highContrastLight: light },
  });
  return [
    color('gold', 'Names of gold in the trees of Lakewarden.', '#e8c35a', '#7a5c00'),
    color('silver', 'Names of silver in the trees of Lakewarden.', '#c3cad3', '#4d5a68'),
    color('bronze', 'Names of bronze in the trees of Lakewarden.', '#dda27a', '#8a4a1e'),
  ];
}

function walkthroughs(words: Words) {
  return [
    {
      id: 'start',
      title: words('walkthrough.title', 'Get Started with Lakewarden'),
      description: words(
        'walkthrough.description',
        'Connect to a lake, see what is wrong, and put it right.',
      ),
      steps: WALKTHROUGH.map(({ id, title, description, completionEvents }) => ({
        id,
        title: words(`walkthrough.${id}.title`, title),
        description: words(`walkthrough.${id}.description`, description),
        media: { markdown: `media/walkthrough/${id}.md` },
        completionEvents,
      })),
    },
  ];
}
