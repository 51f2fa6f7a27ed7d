import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import type { Locator, Page } from 'playwright-core';

export const THEMES = {
  dark: 'Dark Modern',
  light: 'Light Modern',
  contrast: 'Default High Contrast',
} as const;
export type Theme = keyof typeof THEMES;

/** `LAKEWARDEN_THEME=dark|light|contrast`: what the day is spent in. */
export function themeWanted(): Theme {
  const wanted = process.env.LAKEWARDEN_THEME ?? 'dark';
  if (!Object.hasOwn(THEMES, wanted))
    throw new Error(`no theme "${wanted}": ${Object.keys(THEMES).join(', ')}`);
  return wanted as Theme;
}

/** Takes each step of a day: `<folder>/03-lineage.light.png`. */
export class Camera {
  readonly #page: Page;
  readonly #folder: string;
  readonly #theme: Theme;
  readonly #portraits: string | undefined;
  #step = 0;

  constructor(
    page: Page,
    options: {
      readonly folder: string;
      readonly theme: Theme;
      readonly portraits?: string | undefined;
    },
  ) {
    this.#page = page;
    this.#folder = options.folder;
    this.#theme = options.theme;
    this.#portraits = options.portraits;
    mkdirSync(options.folder, { recursive: true });
  }

  async take(name: string): Promise<void> {
    const step = String(++this.#step).padStart(2, '0');
    const path = join(this.#folder, `${step}-${name}.${this.#theme}.png`);
    await this.#page.screenshot({ path, animations: 'disabled' });
  }

  /** A picture for people who read about it; only where somebody wants new ones. */
  async portrait(name: string, of: Locator): Promise<void> {
    if (this.#portraits === undefined) return;
    await of.screenshot({ path: join(this.#portraits, `${name}.png`), animations: 'disabled' });
  }
}
