/** Environment variables of the real mode (`npm run conformance -- --real`). */

/** Set to `1`: the suites run against the real subscription named by the others. */
export const REAL_MODE = 'LAKEWARDEN_CONFORMANCE_REAL';

/** What the real mode needs, and what each is. Credentials come from DefaultAzureCredential (`az login` will do). */
export const REAL_VARIABLES = {
  LAKEWARDEN_CONFORMANCE_SUBSCRIPTION_ID: 'subscription that holds the resources below',
  LAKEWARDEN_CONFORMANCE_RESOURCE_GROUP: 'their resource group',
  LAKEWARDEN_CONFORMANCE_STORAGE_ACCOUNT:
    'storage account with hierarchical namespace (role: Storage Blob Data Owner)',
  LAKEWARDEN_CONFORMANCE_STORAGE_KEY: 'an account key of it',
  LAKEWARDEN_CONFORMANCE_EVENT_HUBS_NAMESPACE:
    'Event Hubs namespace (roles: Contributor, Azure Event Hubs Data Owner)',
  LAKEWARDEN_CONFORMANCE_EVENT_HUBS_CONNECTION_STRING:
    'a connection string of the namespace, without EntityPath',
  LAKEWARDEN_CONFORMANCE_DATA_FACTORY: 'data factory (role: Data Factory Contributor)',
} as const satisfies Record<string, string>;

export type RealVariable = keyof typeof REAL_VARIABLES;

export function missingRealVariables(environment: NodeJS.ProcessEnv): readonly RealVariable[] {
  return (Object.keys(REAL_VARIABLES) as RealVariable[]).filter((name) => (environment[name] ?? '') === '');
}
