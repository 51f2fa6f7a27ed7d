import type { Signal } from '@lakewarden/contracts';
import { detect } from '../observe/detect.ts';
import { DETECTION_LIMITS } from '../observe/detector.ts';
import { factOf } from '../observe/effect-facts.ts';
import {
  INCIDENT_RULES,
  type IncidentMemory,
  type IncidentRules,
  NO_MEMORY,
  watchIncidents,
} from '../observe/incidents.ts';
import type { Observation } from '../observe/observation.ts';
import { Recovery } from './recovery.ts';
import type { RecoveryDeps } from './recovery-deps.ts';

export interface WatchDeps extends RecoveryDeps {
  readonly observe: () => Observation;
  readonly rules?: IncidentRules;
}

/**
 * From what is known to what is done about it: detectors, incidents, runbooks (DESIGN §4). One `step` every second or two;
 * it asks nothing of Azure and waits for nothing. Its memory is only about time: a new one goes on where the log stands.
 */
export class Watch {
  readonly recovery: Recovery;
  readonly #deps: WatchDeps;
  #memory: IncidentMemory = NO_MEMORY;
  #signals: readonly Signal[] = [];

  constructor(deps: WatchDeps) {
    this.#deps = deps;
    this.recovery = new Recovery(deps);
  }

  /** What the detectors saw at the last step. */
  get signals(): readonly Signal[] {
    return this.#signals;
  }

  /** @throws TransientError when more is noted than can be kept until storage answers again; the next step sees it anew. */
  step(): void {
    const o = this.#current();
    this.#signals = detect(o, this.#deps.limits ?? DETECTION_LIMITS);
    const pass = watchIncidents(o, this.#signals, this.#memory, this.#deps.rules ?? INCIDENT_RULES);
    if (pass.effects.length > 0) this.#deps.note(pass.effects);
    this.#memory = pass.memory;
    this.#tell(o, pass.effects);
    this.recovery.step(this.#current(), this.#signals);
  }

  #current(): Observation {
    const o = this.#deps.observe();
    const control = this.#deps.control();
    return o.control === control ? o : { ...o, control };
  }

  #tell(o: Observation, effects: ReturnType<typeof watchIncidents>['effects']): void {
    for (const effect of effects) {
      const isNewEvidence = effect.type === 'IncidentOpened' && o.control.incidents.has(effect.incident);
      const fact = isNewEvidence ? undefined : factOf(effect);
      if (fact !== undefined) this.#deps.emit(fact);
      if (effect.type !== 'IncidentMoved' || effect.to !== 'escalated') continue;
      const title = o.control.incidents.get(effect.incident)?.title ?? effect.incident;
      const message = `${title}: ${effect.note}`;
      this.#deps.emit({ type: 'PersonCalled', to: 'on-call', message, incident: effect.incident });
    }
  }
}
