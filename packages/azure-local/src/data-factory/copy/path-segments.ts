/** Paths named by definitions and parameters: they may go down from the store's root, never up or out. */
import { copyFailure } from './copy-error.ts';

const pathCharsMax = 1024;

/** Splits at `/` and `\`; empty segments vanish. Throws for `..`, `.`, control characters and overlong paths. */
export function pathSegments(path: string, side: 'Source' | 'Sink'): readonly string[] {
  const segments = path.split(/[/\\]/).filter((segment) => segment !== '');
  const isBad = (segment: string) =>
    segment === '..' || segment === '.' || /[\u0000-\u001f\u007f]/.test(segment);
  if (path.length > pathCharsMax || segments.some(isBad)) {
    throw copyFailure('UserErrorInvalidPath', side, `The path '${path.slice(0, 200)}' is not allowed.`);
  }
  return segments;
}
