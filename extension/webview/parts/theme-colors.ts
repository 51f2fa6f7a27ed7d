import type { ColorToken, NodeKind } from '../../shared/states.ts';

/** What a canvas draws with: colours of the theme as it is now. */
export interface ThemeColors {
  readonly background: string;
  readonly surface: string;
  readonly text: string;
  readonly muted: string;
  readonly line: string;
  readonly edge: string;
  readonly focus: string;
  readonly states: Readonly<Record<ColorToken, string>>;
  readonly kinds: Readonly<Record<NodeKind, string>>;
}

/** Reads the tokens through an element, since a canvas understands neither `var()` nor `light-dark()`. */
export function readThemeColors(): ThemeColors {
  const probe = document.createElement('span');
  probe.hidden = true;
  document.body.append(probe);
  const read = (token: string) => {
    probe.style.color = `var(--lw-${token})`;
    return getComputedStyle(probe).color;
  };
  const colors: ThemeColors = {
    background: read('bg'),
    surface: read('surface'),
    text: read('fg'),
    muted: read('muted'),
    line: read('border'),
    edge: read('edge'),
    focus: read('focus'),
    states: {
      'testing.iconPassed': read('testing-iconPassed'),
      'charts.blue': read('charts-blue'),
      'charts.yellow': read('charts-yellow'),
      'charts.orange': read('charts-orange'),
      'list.errorForeground': read('list-errorForeground'),
      descriptionForeground: read('descriptionForeground'),
    },
    kinds: {
      source: read('source'),
      bronze: read('bronze'),
      silver: read('silver'),
      gold: read('gold'),
      consumer: read('consumer'),
    },
  };
  probe.remove();
  return colors;
}

/** VS Code changes a theme by the style of `<html>` and the class of `<body>`; a browser by its preferences. */
export function onThemeChange(act: () => void): void {
  const observer = new MutationObserver(act);
  observer.observe(document.documentElement, { attributes: true, attributeFilter: ['style', 'class'] });
  observer.observe(document.body, { attributes: true, attributeFilter: ['class'] });
  for (const query of [
    '(prefers-color-scheme: dark)',
    '(prefers-contrast: more)',
    '(forced-colors: active)',
  ]) {
    matchMedia(query).addEventListener('change', act);
  }
}
