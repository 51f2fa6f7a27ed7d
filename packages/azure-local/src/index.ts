export type { Endpoints } from './server/endpoints.ts';
export {
  type AzureLocal,
  type AzureLocalOptions,
  type AzureLocalPorts,
  DEFAULT_STORAGE_ACCOUNT,
  startAzureLocal,
} from './server/start.ts';
