/** One thing that is wrong with something a person wrote: what, where, and what to do about it (ux.md, Command line). */
export interface Problem {
  readonly file: string;
  /** 1-based; 0 when the whole file is meant. */
  readonly line: number;
  /** 1-based; 0 when the whole line is meant. */
  readonly column: number;
  readonly message: string;
  readonly remedy?: string;
}

/** `pipeline.yaml:41:12  unknown column "unit_prise" · did you mean "unit_price"?` */
export function formatProblem(problem: Problem): string {
  const place = problem.line === 0 ? problem.file : `${problem.file}:${problem.line}:${problem.column}`;
  return `${place}  ${problem.message}${problem.remedy === undefined ? '' : ` · ${problem.remedy}`}`;
}
