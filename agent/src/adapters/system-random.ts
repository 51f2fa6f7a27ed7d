import { randomUUID } from 'node:crypto';
import type { Random } from '@lakewarden/core';

export const systemRandom: Random = { uuid: () => randomUUID() };
