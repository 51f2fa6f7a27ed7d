import { DefaultAzureCredential, type TokenCredential } from '@azure/identity';

/**
 * A managed identity in Azure, environment variables or a developer's login elsewhere. The environment is read once a
 * process (facts.md, Azure 7), so one credential serves all adapters and caches a token a scope.
 */
export function createCredential(): TokenCredential {
  return new DefaultAzureCredential();
}
