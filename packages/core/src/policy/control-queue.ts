import { type AuditEntry, type ControlEffect, TransientError } from '@lakewarden/contracts';
import type { EmitFact } from '../facts.ts';
import { applyEntry, applyNoted, type IgnoredEffect, type NotedEffects } from './apply-entry.ts';
import { type NewEntry, sealEntry } from './audit-entry.ts';
import { ControlDraft } from './control-draft.ts';
import { BATCH_ENTRIES_MAX, type Batch } from './control-objects.ts';
import type { ControlState } from './control-state.ts';
import { countEffects, mergeNotes, type PendingNote } from './pending-notes.ts';

/** Acts that wait for their turn; beyond it they are refused. */
const ACTS_WAITING_MAX = 1_000;
/** Effects that wait for storage to come back; beyond it needless ones go first. */
const NOTED_EFFECTS_MAX = 10_000;
/** A batch is closed by the entry that reaches this. */
const BATCH_CHARS_MAX = 4_000_000;

/**
 * What an act comes to, decided against the state that its entry will follow; made again after a lost race. Pure. The
 * state is as it is at this moment and must not be kept.
 */
export type Decide<Outcome> = (state: ControlState) =>
  | { readonly kind: 'write'; readonly entry: NewEntry }
  /** Nothing is to be written. */
  | { readonly kind: 'leave'; readonly outcome: Outcome };

export type ActResult<Outcome> =
  | { readonly kind: 'written'; readonly entry: AuditEntry }
  | { readonly kind: 'left'; readonly outcome: Outcome };

interface WaitingAct {
  readonly ticket: number;
  readonly decide: Decide<unknown>;
  readonly settle: (result: ActResult<unknown>) => void;
  readonly fail: (error: unknown) => void;
}

/** A batch to be written, and what becomes of it when it is durable. */
export interface Draft {
  readonly batch: Batch;
  readonly state: ControlState;
  readonly ignored: readonly IgnoredEffect[];
  /** Acts that were decided after entries of this batch, and write nothing. */
  readonly left: readonly { readonly act: WaitingAct; readonly outcome: unknown }[];
}

export interface QueueOptions {
  /** Of this process. */
  readonly writer: string;
  readonly now: () => number;
  readonly emit: EmitFact;
  readonly notedEffectsMax: number | undefined;
}

/** What waits to be written, and the state with and without it. No I/O. */
export class ControlQueue {
  readonly #options: QueueOptions;
  #durable: ControlState;
  #visible: ControlState;
  #notes: readonly PendingNote[] = [];
  /** So many of the first notes are on their way: they may not be merged. */
  #notesInFlight = 0;
  #acts: readonly WaitingAct[] = [];
  #actsInFlight: ReadonlySet<number> = new Set();
  #nextTicket = 1;

  constructor(state: ControlState, options: QueueOptions) {
    this.#options = options;
    this.#durable = state;
    this.#visible = state;
  }

  get durable(): ControlState {
    return this.#durable;
  }

  get visible(): ControlState {
    return this.#visible;
  }

  get notes(): number {
    return this.#notes.length;
  }

  get isEmpty(): boolean {
    return this.#notes.length === 0 && this.#acts.length === 0;
  }

  /** @throws TransientError `limit` */
  addAct(decide: Decide<unknown>): {
    readonly result: Promise<ActResult<unknown>>;
    readonly cancel: (reason: unknown) => void;
  } {
    if (this.#acts.length >= ACTS_WAITING_MAX) {
      throw new TransientError('limit', `${ACTS_WAITING_MAX} acts wait to be written already`);
    }
    const { promise: result, resolve, reject } = Promise.withResolvers<ActResult<unknown>>();
    const act: WaitingAct = { ticket: this.#nextTicket++, decide, settle: resolve, fail: reject };
    this.#acts = [...this.#acts, act];
    return { result, cancel: (reason) => this.#cancel(act, reason) };
  }

  /** @throws TransientError `limit` */
  addNote(effects: readonly ControlEffect[], by: Pick<NewEntry, 'actor' | 'role'>): void {
    this.#makeRoom(effects.length);
    const entry = { ...by, effects: [...effects] };
    const note = { ticket: this.#nextTicket++, at: this.#now(), entry };
    // What is ignored is said when it is written, once.
    this.#visible = applyNoted(this.#visible, [this.#noted(note, this.#notes.length + 1)]);
    this.#notes = [...this.#notes, note];
  }

  /**
   * What goes into the next object: notes, then acts, each decided against the state after those before it. Undefined:
   * nothing is to be written. Acts that write nothing and follow no act that does are settled at once.
   */
  assemble(): Draft | undefined {
    const entries: AuditEntry[] = [];
    const tickets: number[] = [];
    const left: { act: WaitingAct; outcome: unknown }[] = [];
    const ignored: IgnoredEffect[] = [];
    const draft = new ControlDraft(this.#durable);
    const state = draft.view();
    let chars = 0;
    const isFull = () => entries.length >= BATCH_ENTRIES_MAX || chars >= BATCH_CHARS_MAX;
    const add = (ticket: number, entry: NewEntry, at: string) => {
      const sealed = sealEntry(entry, draft.head, at);
      ignored.push(...applyEntry(draft, sealed));
      chars += JSON.stringify(sealed).length;
      entries.push(sealed);
      tickets.push(ticket);
    };
    for (const { ticket, entry, at } of this.#notes) if (!isFull()) add(ticket, entry, at);
    const notesInFlight = entries.length;
    // Acts come after *all* that was noted before them.
    for (const act of notesInFlight === this.#notes.length ? this.#acts : []) {
      if (isFull()) break;
      const decided = this.#decide(act, state);
      if (decided === undefined) continue;
      if (decided.kind === 'write') add(act.ticket, decided.entry, this.#now());
      else if (entries.length > notesInFlight) left.push({ act, outcome: decided.outcome });
      else this.#leave(act, decided.outcome);
    }
    if (entries.length === 0) return undefined;
    this.#notesInFlight = notesInFlight;
    this.#actsInFlight = new Set(tickets);
    return { batch: { writer: this.#options.writer, tickets, entries }, state: draft.done(), ignored, left };
  }

  /**
   * `batches` are in the lake now, and `state` is with them. Those of ours may be earlier uploads that were given up: what
   * is in them is written, and not to be written again.
   */
  adopt(state: ControlState, batches: readonly Batch[], left: Draft['left'] = []): void {
    const written = new Map(
      batches
        .filter(({ writer }) => writer === this.#options.writer)
        .flatMap((own) => own.tickets.map((ticket, index) => [ticket, own.entries[index]] as const)),
    );
    this.#durable = state;
    this.#land();
    this.#notes = this.#notes.filter(({ ticket }) => !written.has(ticket));
    this.#visible = applyNoted(
      state,
      this.#notes.map((note, index) => this.#noted(note, index + 1)),
    );
    const settled = this.#acts.filter(({ ticket }) => written.has(ticket));
    this.#acts = this.#acts.filter(({ ticket }) => !written.has(ticket));
    for (const { ticket, settle } of settled) {
      settle({ kind: 'written', entry: written.get(ticket) as AuditEntry });
    }
    for (const { act, outcome } of left) this.#leave(act, outcome);
  }

  /** The acts that wait are not written; notes wait on. */
  failActs(error: unknown): void {
    this.#land();
    const acts = this.#acts;
    this.#acts = [];
    for (const { fail } of acts) fail(error);
  }

  #land(): void {
    this.#notesInFlight = 0;
    this.#actsInFlight = new Set();
  }

  #decide(act: WaitingAct, state: ControlState): ReturnType<Decide<unknown>> | undefined {
    try {
      return act.decide(state);
    } catch (error) {
      // A mistake in one decision is not the others' failure.
      this.#acts = this.#acts.filter((other) => other !== act);
      act.fail(error);
      return undefined;
    }
  }

  #leave(act: WaitingAct, outcome: unknown): void {
    this.#acts = this.#acts.filter((other) => other !== act);
    act.settle({ kind: 'left', outcome });
  }

  #cancel(act: WaitingAct, reason: unknown): void {
    // What is on its way is waited for: its put has a time limit of its own.
    if (this.#actsInFlight.has(act.ticket) || !this.#acts.includes(act)) return;
    this.#acts = this.#acts.filter((other) => other !== act);
    act.fail(new TransientError('cancelled', 'cancelled before it was written', { cause: reason }));
  }

  #makeRoom(effects: number): void {
    const max = this.#options.notedEffectsMax ?? NOTED_EFFECTS_MAX;
    if (countEffects(this.#notes) + effects <= max) return;
    const fixed = this.#notes.slice(0, this.#notesInFlight);
    const room = Math.max(0, max - effects - countEffects(fixed));
    const { notes, dropped } = mergeNotes(this.#notes.slice(this.#notesInFlight), room);
    if (dropped > 0) {
      this.#notes = [...fixed, ...notes];
      const left = countEffects(this.#notes);
      this.#options.emit({ type: 'ControlNotesMerged', effects: dropped, left });
    }
    if (countEffects(this.#notes) + effects > max) {
      throw new TransientError('limit', `${max} effects wait to be written to the control log already`);
    }
  }

  /** `place` among the notes that wait, from 1. */
  #noted({ at, entry }: PendingNote, place: number): NotedEffects {
    const origin = { seq: this.#durable.head.seq + place, at, actor: entry.actor };
    return { origin, effects: entry.effects };
  }

  #now(): string {
    return new Date(this.#options.now()).toISOString();
  }
}
