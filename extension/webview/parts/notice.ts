import type { PageProblem } from '../../shared/messages.ts';
import { button, element } from './element.ts';
import { icon } from './icons.ts';

/** One line over the page when there is something to say about the whole of it: waiting, refused, away. */
export class Notice {
  readonly element = element('div', { class: 'notice', role: 'status' });
  readonly #retry: () => void;
  #problem: PageProblem | undefined;
  #away: string | undefined;
  #isWaiting = false;

  constructor(retry: () => void) {
    this.#retry = retry;
    this.#render();
  }

  waiting(): void {
    this.#isWaiting = true;
    this.#problem = undefined;
    this.#render();
  }

  show(problem: PageProblem): void {
    this.#isWaiting = false;
    this.#problem = problem;
    this.#render();
  }

  clear(): void {
    this.#isWaiting = false;
    this.#problem = undefined;
    this.#render();
  }

  connection(state: 'connected' | 'connecting' | 'away', message: string): void {
    this.#away = state === 'connected' ? undefined : message || 'Looking for the agent…';
    this.#render();
  }

  #render(): void {
    const lines: HTMLElement[] = [];
    if (this.#away !== undefined) lines.push(element('p', {}, icon('warning'), this.#away));
    if (this.#problem !== undefined) {
      lines.push(
        element(
          'p',
          {},
          icon('info'),
          element('span', {}, `${this.#problem.what} ${this.#problem.remedy}`),
          button({ class: 'plain' }, this.#retry, 'Try again'),
        ),
      );
    } else if (this.#isWaiting && this.#away === undefined) {
      lines.push(element('p', {}, icon('sync~spin'), 'Asking the agent…'));
    }
    this.element.hidden = lines.length === 0;
    this.element.replaceChildren(...lines);
  }
}
