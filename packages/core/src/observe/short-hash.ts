import { createHash } from 'node:crypto';

/** Twelve hexadecimal digits: names that are the same for the same thing, such as ids of incidents. */
export function shortHash(text: string): string {
  return createHash('sha256').update(text).digest('hex').slice(0, 12);
}
