import { addDigests, type Digest, EMPTY_DIGEST, formatDigest, type LandedTags } from '@lakewarden/contracts';

/**
 * What some landed files are to those who read them: their rows as a whole, and by the slices that they touch. Equal text
 * means equal rows, however they are spread over files; no file and files without a row are the same.
 */
export function landedContent(files: readonly Pick<LandedTags, 'digest' | 'touches'>[]): string {
  const sums = new Map<string, Digest>();
  const add = (key: string, digest: Digest) =>
    sums.set(key, addDigests(sums.get(key) ?? EMPTY_DIGEST, digest));
  for (const { digest, touches } of files) {
    add('', digest);
    for (const [key, touched] of Object.entries(touches)) add(key, touched);
  }
  return [...sums]
    .filter(([, digest]) => digest.rows > 0)
    .map(([key, digest]) => `${key} ${formatDigest(digest)}`)
    .sort()
    .join();
}
