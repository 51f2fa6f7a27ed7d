/** Judging what a token is asked for, and by whom; shared by both grants. */
import { createHash, timingSafeEqual } from 'node:crypto';

export function isResource(text: string): boolean {
  if (text.length > 512) return false;
  return (
    /^(https|api):\/\/[A-Za-z0-9.:_-]+(\/[A-Za-z0-9._~/-]*)?$/.test(text) || /^[0-9a-f-]{36}$/i.test(text)
  );
}

/** Compares digests, so that neither length nor the first wrong byte shows in the time taken. */
export function isSameSecret(given: string, wanted: string): boolean {
  const digest = (text: string) => createHash('sha256').update(text).digest();
  return timingSafeEqual(digest(given), digest(wanted));
}
