import type { Problem } from '@lakewarden/contracts';
import type { Refusal } from '../sql/syntax.ts';
import type { Path, Position, YamlDocument } from './yaml-document.ts';

const PROBLEMS_MAX = 200;

/** Collects the problems of one compilation; each place says a thing once. */
export class ProblemLog {
  readonly #file: string;
  readonly #document: YamlDocument;
  readonly #problems = new Map<string, Problem>();

  constructor(file: string, document: YamlDocument) {
    this.#file = file;
    this.#document = document;
  }

  get count(): number {
    return this.#problems.size;
  }

  /** About the value at a path of the pipeline file. */
  at(path: Path, message: string, remedy?: string): undefined {
    return this.#add(this.#file, this.#document.at(path), message, remedy);
  }

  /** About the key at a path. */
  atKey(path: Path, message: string, remedy?: string): undefined {
    return this.#add(this.#file, this.#document.atKey(path), message, remedy);
  }

  /** About a place inside the text at a path: an expression. */
  inText(path: Path, refusal: Refusal): undefined {
    return this.#add(this.#file, this.#document.inside(path, refusal.at), refusal.message, refusal.remedy);
  }

  /** About a place in another file, whose text is given. */
  inFile(file: string, text: string, refusal: Refusal): undefined {
    return this.#add(file, positionIn(text, refusal.at), refusal.message, refusal.remedy);
  }

  /** By file (the pipeline's first), line and column. */
  list(): readonly Problem[] {
    const rank = (problem: Problem) => (problem.file === this.#file ? '' : problem.file);
    return [...this.#problems.values()].sort(
      (a, b) => compare(rank(a), rank(b)) || a.line - b.line || a.column - b.column,
    );
  }

  #add(file: string, position: Position, message: string, remedy: string | undefined): undefined {
    const { line, column } = position;
    const key = JSON.stringify([file, line, column, message]);
    if (this.#problems.size >= PROBLEMS_MAX) return undefined;
    this.#problems.set(key, { file, line, column, message, ...(remedy !== undefined && { remedy }) });
    return undefined;
  }
}

function compare(a: string, b: string): number {
  return a < b ? -1 : a > b ? 1 : 0;
}

function positionIn(text: string, offset: number): Position {
  const before = text.slice(0, offset);
  const lineStart = before.lastIndexOf('\n') + 1;
  return { line: before.split('\n').length, column: offset - lineStart + 1 };
}
