import { element } from './element.ts';

/** Says things to a screen reader, without moving anybody's focus. */
export interface Announcer {
  readonly element: HTMLElement;
  say(text: string): void;
}

export function createAnnouncer(): Announcer {
  const region = element('div', { role: 'status', 'aria-live': 'polite', class: 'aside' });
  return {
    element: region,
    say(text) {
      region.textContent = text;
    },
  };
}
