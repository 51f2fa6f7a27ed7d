import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Locator, Page } from 'playwright-core';

export const THEMES = {
  dark: 'Dark Modern',
  light: 'Light Modern',
  contrast: 'Default High Contrast',
} as const;
export type Theme = keyof typeof THEMES;

const THEME_CLASSES: Readonly<Record<Theme, string>> = { dark: 'vs-dark', light: 'vs', contrast: 'hc-black' };

/** `LAKEWARDEN_THEMES=dark,light,contrast`; dark alone unless somebody wants more. */
export function themesWanted(): readonly Theme[] {
  const wanted = process.env.LAKEWARDEN_THEMES?.split(',') ?? [];
  const themes = (Object.keys(THEMES) as Theme[]).filter((theme) => wanted.includes(theme));
  return themes.length === 0 ? ['dark'] : themes;
}

/** Takes each step of a day in each theme: `<folder>/03-lineage.light.png`. */
export class Camera {
  readonly #page: Page;
  readonly #settings: string;
  readonly #folder: string;
  readonly #themes: readonly Theme[];
  readonly #portraits: string | undefined;
  #step = 0;

  constructor(
    page: Page,
    options: {
      readonly settings: string;
      readonly folder: string;
      readonly themes: readonly Theme[];
      readonly portraits?: string | undefined;
    },
  ) {
    this.#page = page;
    this.#settings = options.settings;
    this.#folder = options.folder;
    this.#themes = options.themes;
    this.#portraits = options.portraits;
    mkdirSync(options.folder, { recursive: true });
  }

  async take(name: string): Promise<void> {
    const step = String(++this.#step).padStart(2, '0');
    for (const theme of this.#themes) {
      await this.#wear(theme);
      const path = join(this.#folder, `${step}-${name}.${theme}.png`);
      await this.#page.screenshot({ path, animations: 'disabled' });
    }
  }

  /** A picture for people who read about it, in the first theme; only where somebody wants new ones. */
  async portrait(name: string, of: Locator): Promise<void> {
    if (this.#portraits === undefined) return;
    const [theme] = this.#themes;
    if (theme !== undefined) await this.#wear(theme);
    await of.screenshot({ path: join(this.#portraits, `${name}.png`), animations: 'disabled' });
  }

  /** As a person does who edits the settings. */
  async #wear(theme: Theme): Promise<void> {
    if (this.#themes.length === 1) return;
    const settings = JSON.parse(readFileSync(this.#settings, 'utf8')) as Record<string, unknown>;
    writeFileSync(this.#settings, JSON.stringify({ ...settings, 'workbench.colorTheme': THEMES[theme] }));
    await this.#page.locator(`.monaco-workbench.${THEME_CLASSES[theme]}`).waitFor();
    // Pages of the extension are told after the workbench.
    await this.#page.waitForTimeout(300);
  }
}
