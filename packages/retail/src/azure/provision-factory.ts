import { readdir, readFile } from 'node:fs/promises';
import { resolve } from 'node:path';
import { fileURLToPath } from 'node:url';
import type {
  DataFactoryManagementClient,
  DatasetResource,
  LinkedServiceResource,
  PipelineResource,
} from '@azure/arm-datafactory';
import armDataFactory from '@azure/arm-datafactory';
import { DefaultAzureCredential } from '@azure/identity';
import { routedHttpClient } from './routed-http-client.ts';
import type { AzureTarget } from './target.ts';

const FOLDER = fileURLToPath(new URL('../../factory/', import.meta.url));
const FILES_SERVICE = 'retail_files';

/** A document in the layout that Data Factory's own Git integration keeps: one file a resource, named after it. */
interface FactoryDocument {
  readonly name: string;
  readonly properties: Readonly<Record<string, unknown>>;
}

/** Makes the factory and all that copies files of `filesRoot` into the lake; making it again changes nothing. */
export async function provisionFactory(target: AzureTarget, filesRoot: string): Promise<void> {
  const client = createFactoryClient(target);
  const { resourceGroup: group, factory } = target;
  await client.factories.createOrUpdate(group, factory, { location: 'westeurope' });
  for (const { name, properties } of await readDocuments('linkedService')) {
    const host = name === FILES_SERVICE ? { host: resolve(filesRoot) } : {};
    const body = { properties: { ...toSdkShape(properties), ...host } } as unknown as LinkedServiceResource;
    await client.linkedServices.createOrUpdate(group, factory, name, body);
  }
  for (const { name, properties } of await readDocuments('dataset')) {
    const body = { properties: toSdkShape(properties) } as unknown as DatasetResource;
    await client.datasets.createOrUpdate(group, factory, name, body);
  }
  for (const { name, properties } of await readDocuments('pipeline')) {
    await client.pipelines.createOrUpdate(group, factory, name, toSdkShape(properties) as PipelineResource);
  }
}

function createFactoryClient(target: AzureTarget): DataFactoryManagementClient {
  const httpClient = routedHttpClient(target.routes);
  const options = httpClient === undefined ? {} : { httpClient };
  return new armDataFactory.DataFactoryManagementClient(
    new DefaultAzureCredential(),
    target.subscriptionId,
    options,
  );
}

async function readDocuments(kind: 'linkedService' | 'dataset' | 'pipeline'): Promise<FactoryDocument[]> {
  const names = (await readdir(`${FOLDER}${kind}`)).filter((name) => name.endsWith('.json')).toSorted();
  return Promise.all(
    names.map(
      async (name) => JSON.parse(await readFile(`${FOLDER}${kind}/${name}`, 'utf8')) as FactoryDocument,
    ),
  );
}

/** The SDK's models lift `typeProperties` into the object that holds them and put them back on the wire. */
export function toSdkShape(value: Readonly<Record<string, unknown>>): Record<string, unknown> {
  const { typeProperties, activities, ...others } = value;
  return {
    ...others,
    ...(isObject(typeProperties) ? typeProperties : {}),
    ...(Array.isArray(activities) ? { activities: activities.map((each) => toSdkShape(each)) } : {}),
  };
}

function isObject(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null;
}
