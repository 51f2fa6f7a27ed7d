/** `node extension/scripts/draw-icon.ts`: `media/icon.png` (128 px, for the shop's page) from `media/icon.svg`. */
import { readFileSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { chromium } from 'playwright-core';

const MEDIA = join(dirname(fileURLToPath(import.meta.url)), '..', 'media');
const PIXELS = 128;

const { CHROMIUM = '/usr/bin/chromium' } = process.env;
const browser = await chromium.launch({ executablePath: CHROMIUM, args: ['--no-sandbox'] });
try {
  const page = await browser.newPage({ viewport: { width: PIXELS, height: PIXELS } });
  const svg = readFileSync(join(MEDIA, 'icon.svg'), 'utf8');
  await page.setContent(`<style>body { margin: 0 } svg { display: block }</style>${svg}`);
  writeFileSync(join(MEDIA, 'icon.png'), await page.screenshot({ omitBackground: true }));
} finally {
  await browser.close();
}
