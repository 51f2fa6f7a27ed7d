/** A local Event Hubs in a process of its own, to be killed. Arguments: folder, shared access key. Tells its ports by IPC. */
import { createEventHubs } from '../src/event-hubs/service.ts';
import { FaultBoard } from '../src/faults/fault-board.ts';
import { loadCertificates } from '../src/server/certificate-authority.ts';
import { testSecrets } from './event-hubs-world.ts';

const [dataDir = '', sharedAccessKey = ''] = process.argv.slice(2);
const service = await createEventHubs({
  dataDir,
  secrets: { ...testSecrets(), sharedAccessKey },
  faults: new FaultBoard(),
  now: Date.now,
  tls: await loadCertificates(dataDir, Date.now()),
  verifyToken: async () => ({ valid: false, reason: 'malformed' }),
});
await service.createHub({ namespace: 'retail-events', name: 'orders', partitionCount: 2 });
process.send?.(await service.listen({ host: '127.0.0.1', amqpPort: 0, amqpsPort: 0 }));
