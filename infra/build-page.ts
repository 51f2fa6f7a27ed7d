/**
 * Before `npm start`: the agent's status page, from what it is made of now. A page that cannot be built keeps nobody from
 * starting, as the agent has a plain one.
 */
import { buildStatusPage } from '../extension/build.ts';

await buildStatusPage().catch((error: Error) => {
  process.stderr.write(
    `the plain status page is shown, as the other one cannot be built: ${error.message}\n`,
  );
});
