import type { Connection } from './connection/connection.ts';
import type { LakeModel } from './models/lake-model.ts';
import type { PlansModel } from './models/plans-model.ts';
import type { SlicesModel } from './models/slices-model.ts';

/**
 * What other extensions, and our own tests in the extension host, get from `activate`. They look; acts are commands, and
 * ask the person. Nothing of it leads to the client or to a token.
 */
export interface ExtensionApi {
  /** Settles when an agent is connected and everything was asked for once; never rejects. */
  whenConnected(): Promise<void>;
  readonly models: {
    readonly connection: Pick<Connection, 'state' | 'onChange'>;
    readonly lake: Pick<LakeModel, (typeof SEEN)[number] | 'onChange'>;
    readonly slices: Pick<SlicesModel, 'peek' | 'load' | 'onChange'>;
    readonly plans: Pick<PlansModel, 'get' | 'list'>;
  };
}

const SEEN = [
  'overview',
  'datasets',
  'sources',
  'breakers',
  'runs',
  'backfills',
  'incidents',
  'executions',
  'runbooks',
  'isLoaded',
] as const satisfies readonly (keyof LakeModel)[];

export interface ApiModels {
  readonly connection: Connection;
  readonly lake: LakeModel;
  readonly slices: SlicesModel;
  readonly plans: PlansModel;
}

export function extensionApi({ connection, lake, slices, plans }: ApiModels): ExtensionApi {
  const seen = Object.defineProperties(
    { onChange: lake.onChange },
    Object.fromEntries(SEEN.map((name) => [name, { enumerable: true, get: () => lake[name] }])),
  );
  return {
    whenConnected: () => connection.whenConnected(),
    models: {
      connection: {
        onChange: connection.onChange,
        get state() {
          return connection.state;
        },
      },
      lake: seen as ExtensionApi['models']['lake'],
      slices: {
        onChange: slices.onChange,
        peek: (dataset, filter) => slices.peek(dataset, filter),
        load: (dataset, filter) => slices.load(dataset, filter),
      },
      plans: { get: (hash) => plans.get(hash), list: () => plans.list() },
    },
  };
}
