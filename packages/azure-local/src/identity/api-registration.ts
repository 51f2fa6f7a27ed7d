/** "AZNS AAD Webhook", as which Azure Monitor's action groups call (MS Learn "Action groups"). */
const AZURE_MONITOR_CLIENT_ID = '461e8683-5575-4561-ac7f-899cc907d62a';

/**
 * The one API that is registered in this directory: that of the agent. Its `requestedAccessTokenVersion` is 2, so tokens
 * for it differ from those for Azure's own services, and hold the app roles that the caller was assigned.
 */
export interface ApiRegistration {
  readonly appId: string;
  /** Client ids of the applications that have a secret here; each may have roles. */
  readonly clientIds: readonly string[];
  rolesOf(clientId: string): readonly string[];
}

/** `appId` must be the same after every restart. The application of this directory administers, Azure Monitor sends alerts. */
export function registerApi(appId: string, applicationId: string): ApiRegistration {
  const assigned = new Map<string, readonly string[]>([
    [applicationId, ['Admin']],
    [AZURE_MONITOR_CLIENT_ID, ['Alert.Send']],
  ]);
  return {
    appId,
    clientIds: [...assigned.keys()],
    rolesOf: (clientId) => assigned.get(clientId) ?? [],
  };
}

/** An API may be asked for by its id or by its default identifier URI. */
export function isApi({ appId }: ApiRegistration, resource: string): boolean {
  return resource === appId || resource === `api://${appId}`;
}
