/** HEALTHCHECK of the image, which has no curl: exit 0 when the agent answers. */
import { CONFIG_VARIABLE } from './place-files.ts';

const ANSWER_MS_MAX = 4_000;

const { api } = JSON.parse(process.env[CONFIG_VARIABLE] ?? '{}') as { api?: { port?: number } };
const answer = await fetch(`http://127.0.0.1:${api?.port}/healthz`, {
  signal: AbortSignal.timeout(ANSWER_MS_MAX),
}).catch(() => undefined);
process.exitCode = answer?.ok === true ? 0 : 1;
