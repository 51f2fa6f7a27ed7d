import { readFileSync } from 'node:fs';
import { join } from 'node:path';

interface Control {
  readonly url: string;
  readonly token: string;
}

export interface FaultRule {
  readonly service: 'storage' | 'arm' | 'login' | 'event-hubs';
  readonly match?: { readonly method?: string; readonly path?: string; readonly operation?: string };
  readonly action: Readonly<Record<string, unknown>>;
  readonly probability?: number;
  readonly seed?: number;
  readonly skip?: number;
  readonly count?: number;
}

export interface FaultState {
  readonly id: string;
  /** Requests that matched. */
  readonly seen: number;
  /** Of them, those that were hurt. */
  readonly hits: number;
  readonly held: number;
}

/** The control endpoint of the local Azure that is up on a lake. */
export class FaultControl {
  readonly #control: Control;

  private constructor(control: Control) {
    this.#control = control;
  }

  /** Waits until a local Azure started after `notBeforeMs` answers, at most `tries` short waits of the file system. */
  static async of(lake: string, isOver: () => boolean): Promise<FaultControl | undefined> {
    while (!isOver()) {
      const control = readControl(lake);
      if (control !== undefined) {
        const faults = new FaultControl(control);
        if (await faults.answers()) return faults;
      }
      await new Promise((resolve) => setTimeout(resolve, 20));
    }
    return undefined;
  }

  async answers(): Promise<boolean> {
    return this.#call('GET', '/faults').then(
      () => true,
      () => false,
    );
  }

  async add(rule: FaultRule): Promise<string> {
    return ((await this.#call('POST', '/faults', rule)) as { id: string }).id;
  }

  async states(): Promise<readonly FaultState[]> {
    const answer = await this.#call('GET', '/faults');
    return (Array.isArray(answer) ? answer : (answer as { faults: FaultState[] }).faults) as FaultState[];
  }

  async clear(): Promise<void> {
    await this.#call('DELETE', '/faults');
  }

  async #call(method: string, path: string, body?: unknown): Promise<unknown> {
    const answer = await fetch(`${this.#control.url}${path}`, {
      method,
      headers: { authorization: `Bearer ${this.#control.token}`, 'content-type': 'application/json' },
      ...(body !== undefined && { body: JSON.stringify(body) }),
    });
    if (!answer.ok) throw new Error(`${method} ${path}: ${answer.status} ${await answer.text()}`);
    const text = await answer.text();
    return text === '' ? undefined : JSON.parse(text);
  }
}

function readControl(lake: string): Control | undefined {
  try {
    return (JSON.parse(readFileSync(join(lake, 'azure', 'endpoints.json'), 'utf8')) as { control: Control })
      .control;
  } catch {
    return undefined;
  }
}
