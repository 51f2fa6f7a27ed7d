import { createHash } from 'node:crypto';
import { type Dirent, readdirSync, readFileSync } from 'node:fs';
import { extname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { TerminalError } from '@lakewarden/contracts';
import type { Route } from './routes.ts';

/** Built by `extension/build.ts`, with the same components as the webviews; the plain one stands in where it is not. */
const SHIPPED_PAGES = [
  fileURLToPath(new URL('../../dist/status', import.meta.url)),
  fileURLToPath(new URL('../../assets/status', import.meta.url)),
];
const INDEX = 'index.html';

const FILES_MAX = 32;
const FILE_BYTES_MAX = 2 * 1024 * 1024;
const FILE_NAME = /^[a-z0-9][a-z0-9._-]{0,63}$/;
const TYPES: Readonly<Record<string, string>> = {
  '.html': 'text/html; charset=utf-8',
  '.js': 'text/javascript; charset=utf-8',
  '.css': 'text/css; charset=utf-8',
  '.svg': 'image/svg+xml',
  '.png': 'image/png',
};

/**
 * The page gets its data from the API with the viewer's token, so it may be seen by everybody: it holds none. `no-cache`
 * lets browsers keep it and ask whether it is still the same.
 */
const PAGE_HEADERS = {
  'cache-control': 'no-cache',
  'content-security-policy': [
    "default-src 'none'",
    "script-src 'self'",
    "style-src 'self'",
    "connect-src 'self'",
    "img-src 'self' data:",
    // The layout of the lineage, a script of the page itself, handed over as text.
    'worker-src blob:',
    "base-uri 'none'",
    "frame-ancestors 'none'",
    "form-action 'none'",
  ].join('; '),
  'cross-origin-opener-policy': 'same-origin',
} as const;

/**
 * `GET /` and the files that it needs, each a route of its own: the folder is read once, here, and no part of a request
 * ever becomes a path on the disk. Throws `TerminalError('invalid')` for a folder that is no page.
 */
export function statusPageRoutes(folder = shippedPage()): readonly Route[] {
  const names = pageFiles(folder).map(({ name }) => name);
  if (!names.includes(INDEX)) {
    throw new TerminalError(
      'invalid',
      `${folder}: holds no ${INDEX}. Give the folder of a built status page.`,
    );
  }
  return names.map((name) => fileRoute(folder, name));
}

function shippedPage(): string {
  const built = SHIPPED_PAGES.find((folder) => pageFiles(folder).some(({ name }) => name === INDEX));
  return built ?? SHIPPED_PAGES[SHIPPED_PAGES.length - 1] ?? '';
}

/** Plain files of types that a page has; source maps, folders and links are none. */
function pageFiles(folder: string): readonly Dirent[] {
  const found = entriesOf(folder).filter(
    (entry) => entry.isFile() && FILE_NAME.test(entry.name) && TYPES[extname(entry.name)] !== undefined,
  );
  if (found.length > FILES_MAX) throw new TerminalError('limit', `${folder}: more than ${FILES_MAX} files`);
  return found;
}

function entriesOf(folder: string): readonly Dirent[] {
  try {
    return readdirSync(folder, { withFileTypes: true });
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return [];
    throw new TerminalError('unauthorized', `${folder}: cannot be read`, { cause: error });
  }
}

function fileRoute(folder: string, name: string): Route {
  const body = readFileSync(join(folder, name));
  if (body.length > FILE_BYTES_MAX) {
    throw new TerminalError('limit', `${join(folder, name)}: larger than ${FILE_BYTES_MAX} bytes`);
  }
  const etag = `"${createHash('sha256').update(body).digest('base64url')}"`;
  const headers = { ...PAGE_HEADERS, etag };
  return {
    id: name === INDEX ? 'page' : `page-${name}`,
    method: 'GET',
    path: name === INDEX ? '/' : `/${name}`,
    access: 'public',
    tag: 'page',
    summary: name === INDEX ? 'the status page' : `${name} of the status page`,
    success: { status: 200, type: TYPES[extname(name)] ?? '' },
    async handle({ headers: asked }) {
      const isKnown = String(asked['if-none-match'] ?? '').includes(etag);
      return isKnown ? { body: '', headers, notModified: true } : { body, headers };
    },
  };
}
