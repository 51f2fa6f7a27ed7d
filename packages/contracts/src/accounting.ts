/** Rows of a clean or dedup step: `in = out + quarantined + duplicates` or nothing is committed (I12). */
export interface RowAccounting {
  readonly in: number;
  readonly out: number;
  readonly quarantined: number;
  readonly duplicates: number;
}

export const NO_ROWS: RowAccounting = { in: 0, out: 0, quarantined: 0, duplicates: 0 };

export function addAccounting(a: RowAccounting, b: RowAccounting): RowAccounting {
  return {
    in: a.in + b.in,
    out: a.out + b.out,
    quarantined: a.quarantined + b.quarantined,
    duplicates: a.duplicates + b.duplicates,
  };
}

export function isBalanced(a: RowAccounting): boolean {
  return a.in === a.out + a.quarantined + a.duplicates;
}
