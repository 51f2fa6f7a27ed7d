import { lineageShape } from '../../shared/messages.ts';
import { LineagePage } from '../lineage/lineage-page.ts';
import type { LineageQuestion } from '../lineage/lineage-port.ts';
import { element } from '../parts/element.ts';
import { Notice } from '../parts/notice.ts';
import { type Answer, askAgent } from './ask-agent.ts';
import { incidentsShape, lagShape, overviewShape } from './shapes.ts';
import { headline, SummaryView } from './summary-view.ts';
import { forgetToken, keepToken, takeToken } from './token.ts';

const ASK_EVERY_MS = 5_000;
/** When nobody answers, each wait is twice the one before. */
const ASK_EVERY_MS_MAX = 60_000;
/** The lineage is asked for with every third look. */
const LINEAGE_EVERY = 3;

/** The agent's own page: it looks, and can do nothing. */
export class StatusPage {
  readonly element = element('div', { class: 'status-page' });
  readonly #summary = new SummaryView();
  readonly #lineage: LineagePage;
  readonly #notice = new Notice(() => this.#look());
  #token: string | undefined;
  #looks = 0;
  #misses = 0;
  #timer: ReturnType<typeof setTimeout> | undefined;
  #question: AbortController | undefined;

  constructor(createWorker: () => Worker) {
    this.#lineage = new LineagePage({
      createWorker,
      isPart: true,
      onFault: (message) =>
        this.#notice.show({ what: 'The lineage cannot be shown.', remedy: message.slice(0, 200) }),
      port: { query: (question) => void this.#askLineage(question), save: () => undefined },
    });
    document.addEventListener('visibilitychange', () => {
      if (!document.hidden && this.#token !== undefined) void this.#look();
    });
  }

  start(): void {
    this.#token = takeToken();
    if (this.#token === undefined) this.#showForm('');
    else this.#showStatus();
  }

  #showForm(problem: string): void {
    const input = element('input', {
      type: 'password',
      id: 'token',
      autocomplete: 'off',
      spellcheck: 'false',
      maxlength: 2_000,
      required: true,
      'aria-describedby': 'token-help token-problem',
    });
    const form = element(
      'form',
      { class: 'token-form' },
      element('h1', {}, 'Lakewarden'),
      element('label', { for: 'token' }, 'Token of a viewer'),
      input,
      element(
        'p',
        { id: 'token-help', class: 'muted' },
        'Kept in this tab only. The agent’s operator can make one.',
      ),
      element('p', { id: 'token-problem', role: 'alert' }, problem),
      element('button', { type: 'submit', class: 'strong' }, 'Show the status'),
    );
    form.addEventListener('submit', (event) => {
      event.preventDefault();
      const token = input.value.trim();
      if (!keepToken(token)) {
        this.#showForm('This is no token: letters, digits and . _ - only.');
        return;
      }
      this.#token = token;
      this.#showStatus();
    });
    this.element.replaceChildren(form);
    input.focus();
  }

  #showStatus(): void {
    this.element.replaceChildren(
      this.#summary.element,
      element('section', { class: 'lineage-panel', 'aria-label': 'Lineage' }, this.#lineage.element),
      this.#notice.element,
    );
    this.#looks = 0;
    void this.#look();
  }

  /** One look at everything, and the next one later; none while nobody watches. */
  async #look(): Promise<void> {
    clearTimeout(this.#timer);
    const token = this.#token;
    if (token === undefined || document.hidden) return;
    const [overview, incidents, lag] = await Promise.all([
      askAgent('/api/v1/overview', overviewShape, token),
      askAgent('/api/v1/incidents?state=active', incidentsShape, token),
      askAgent('/api/v1/lag', lagShape, token),
    ]);
    if (token !== this.#token) return;
    if (overview.kind === 'ok' && incidents.kind === 'ok' && lag.kind === 'ok') {
      this.#misses = 0;
      this.#notice.connection('connected', '');
      this.#notice.clear();
      this.#summary.render(overview.value, incidents.value, lag.value, Date.now());
      document.title = `${headline(overview.value)} · Lakewarden`;
      if (this.#looks++ === 0) this.#lineage.show(undefined);
      else if (this.#looks % LINEAGE_EVERY === 0) this.#lineage.askAgain();
    } else {
      for (const answer of [overview, incidents, lag]) if (this.#failed(answer)) break;
    }
    const wait = Math.min(ASK_EVERY_MS_MAX, ASK_EVERY_MS * 2 ** Math.min(8, this.#misses));
    clearTimeout(this.#timer);
    this.#timer = setTimeout(() => void this.#look(), wait);
  }

  /** True when this answer is what is wrong, and it has been said. */
  #failed(answer: Answer<unknown>): boolean {
    switch (answer.kind) {
      case 'ok':
      case 'overtaken':
        return false;
      case 'locked':
        this.#lock();
        return true;
      case 'refused':
        this.#misses++;
        this.#notice.show(answer);
        return true;
      case 'away':
        this.#misses++;
        this.#notice.connection('away', `${answer.what} What you see may be old.`);
        return true;
    }
  }

  #lock(): void {
    clearTimeout(this.#timer);
    this.#question?.abort();
    this.#token = undefined;
    forgetToken();
    this.#showForm('The agent does not know this token, or it has expired.');
  }

  async #askLineage({ level, focus, depth }: LineageQuestion): Promise<void> {
    const token = this.#token;
    if (token === undefined) return;
    this.#question?.abort();
    const question = new AbortController();
    this.#question = question;
    const query = new URLSearchParams({ level, depth: String(depth), ...(focus !== undefined && { focus }) });
    const answer = await askAgent(`/api/v1/lineage?${query}`, lineageShape, token, question.signal);
    if (this.#question !== question) return;
    if (answer.kind === 'ok') this.#lineage.receive(answer.value);
    else if (answer.kind === 'locked') this.#lock();
    else if (answer.kind === 'refused') this.#lineage.refuse(answer);
    else if (answer.kind === 'away') this.#lineage.refuse({ what: answer.what, remedy: '' });
  }
}
