import type { HealthState } from '@lakewarden/contracts';
import { type Icon, type Look, STATES } from '../../shared/states.ts';

const RING = 'M8 1.9a6.1 6.1 0 1 0 0 12.2A6.1 6.1 0 0 0 8 1.9';

/** Lines in a square of 16, drawn by ourselves in the manner of the codicons whose names they bear. */
const LINES: Readonly<Record<Icon | ControlIcon, string>> = {
  pass: `${RING}M5.2 8.2l2 2 3.7-4.3`,
  error: `${RING}M5.9 5.9l4.2 4.2M10.1 5.9l-4.2 4.2`,
  'sync~spin': 'M13.2 6.6A5.4 5.4 0 0 0 3.5 5M2.8 9.4a5.4 5.4 0 0 0 9.7 1.6M3.2 2.4v2.8H6M12.8 13.6v-2.8H10',
  history: 'M2.6 8a5.4 5.4 0 1 1 1.6 3.8M1.2 6.6 2.6 8.2 4.3 6.8M8 4.9v3.3l2.3 1.4',
  watch: `${RING}M8 4.5V8l2.5 1.6`,
  pin: 'M8 9.7V14M4.8 9.7h6.4M6 9.7V5.5l-1-2V2.3h6v1.2l-1 2v4.2',
  lock: 'M3.9 7.3h8.2v6.2H3.9zM5.6 7.3V5.1a2.4 2.4 0 0 1 4.8 0v2.2',
  'debug-pause': 'M5.4 3.4v9.2M10.6 3.4v9.2',
  'circle-outline': RING,
  'circle-slash': `${RING}M3.9 12.1l8.2-8.2`,
  warning: 'M8 2.2l6.2 11.2H1.8zM8 6.3v3.6M8 11.5v.1',
  info: `${RING}M8 7.3v3.9M8 4.8v.1`,
  back: 'M9.8 3.2 5 8l4.8 4.8',
  search: 'M7 2.4a4.6 4.6 0 1 0 0 9.2 4.6 4.6 0 0 0 0-9.2M10.4 10.4l3.4 3.4',
  plus: 'M8 3.2v9.6M3.2 8h9.6',
  minus: 'M3.2 8h9.6',
  fit: 'M2.5 5.8V2.5h3.3M10.2 2.5h3.3v3.3M13.5 10.2v3.3h-3.3M5.8 13.5H2.5v-3.3',
  keys: 'M1.8 4h12.4v8H1.8zM4.2 6.6v.1M6.7 6.6v.1M9.2 6.6v.1M11.7 6.6v.1M5 9.5h6',
  target: 'M8 1.6v2.6M8 11.8v2.6M1.6 8h2.6M11.8 8h2.6M8 4.4a3.6 3.6 0 1 0 0 7.2 3.6 3.6 0 0 0 0-7.2',
};

/** Of buttons. */
export type ControlIcon = 'back' | 'search' | 'plus' | 'minus' | 'fit' | 'keys' | 'target';

const SVG = 'http://www.w3.org/2000/svg';

/** Only seen: what it means always stands beside it as a word. */
export function icon(name: Icon | ControlIcon): SVGSVGElement {
  const svg = document.createElementNS(SVG, 'svg');
  svg.setAttribute('viewBox', '0 0 16 16');
  svg.setAttribute('class', name === 'sync~spin' ? 'icon spin' : 'icon');
  svg.setAttribute('aria-hidden', 'true');
  const path = document.createElementNS(SVG, 'path');
  path.setAttribute('d', LINES[name]);
  svg.append(path);
  return svg;
}

/** Icon of a state in its colour. */
export function stateIcon(state: HealthState): SVGSVGElement {
  return lookIcon(STATES[state]);
}

export function lookIcon({ icon: name, color }: Look): SVGSVGElement {
  const svg = icon(name);
  svg.dataset.color = color;
  return svg;
}
