#!/usr/bin/env node
import { parseArgs } from 'node:util';
import { type AzureLocalPorts, startAzureLocal } from './server/start.ts';

const USAGE = `usage: azure-local --data DIR [--storage-port N] [--storage-tls-port N] [--arm-port N] [--arm-tls-port N]
  [--login-port N] [--login-tls-port N] [--amqp-port N] [--amqps-port N] [--control-port N]
  [--log-analytics-port N] [--log-analytics-tls-port N] [--metrics-port N] [--metrics-tls-port N]
  [--stop-with-parent]   end when stdin ends, which is when the process that started us is gone`;

const PORT_FLAGS = {
  'storage-port': 'storage',
  'storage-tls-port': 'storageTls',
  'arm-port': 'arm',
  'arm-tls-port': 'armTls',
  'login-port': 'login',
  'login-tls-port': 'loginTls',
  'amqp-port': 'amqp',
  'amqps-port': 'amqps',
  'control-port': 'control',
  'log-analytics-port': 'logAnalytics',
  'log-analytics-tls-port': 'logAnalyticsTls',
  'metrics-port': 'metrics',
  'metrics-tls-port': 'metricsTls',
} as const satisfies Record<string, keyof AzureLocalPorts>;

function readArguments(): { dataDir: string; ports: AzureLocalPorts; stopWithParent: boolean } {
  const flags = Object.fromEntries(
    Object.keys(PORT_FLAGS).map((name) => [name, { type: 'string' as const }]),
  );
  const { values } = parseArgs({
    options: { data: { type: 'string' }, 'stop-with-parent': { type: 'boolean' }, ...flags },
    strict: true,
  });
  if (typeof values.data !== 'string' || values.data === '') throw new Error('--data DIR is required');
  const ports: Partial<Record<keyof AzureLocalPorts, number>> = {};
  for (const [flag, name] of Object.entries(PORT_FLAGS)) {
    const given = (values as Record<string, unknown>)[flag];
    if (given === undefined) continue;
    const port = Number(given);
    if (!Number.isInteger(port) || port < 0 || port > 65_535)
      throw new Error(`--${flag} is not a port: ${given}`);
    ports[name] = port;
  }
  return { dataDir: values.data, ports, stopWithParent: values['stop-with-parent'] === true };
}

async function main(): Promise<void> {
  let asked: ReturnType<typeof readArguments>;
  try {
    asked = readArguments();
  } catch (error) {
    console.error(`${(error as Error).message}\n${USAGE}`);
    process.exitCode = 2;
    return;
  }
  const azure = await startAzureLocal({
    ...asked,
    onError: (error, context) => {
      const text = error instanceof Error ? (error.stack ?? error.message) : String(error);
      console.error(JSON.stringify({ error: text, ...context }));
    },
  });
  let stopping = false;
  const stop = async () => {
    // A second signal must not wait for the first stop's grace.
    if (stopping) process.exit(1);
    stopping = true;
    await azure.close();
    process.exit(0);
  };
  process.on('SIGTERM', stop);
  process.on('SIGINT', stop);
  if (asked.stopWithParent) process.stdin.on('end', stop).on('error', stop).resume();
  console.log(JSON.stringify({ ready: true, endpoints: azure.endpointsFile }));
}

await main();
