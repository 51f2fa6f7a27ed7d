import type { Column } from '@lakewarden/contracts';
import { nearestName } from '../sql/column-scope.ts';
import type { DedupKey } from './model.ts';
import type { KeyEntry } from './pipeline-schema.ts';
import type { ProblemLog } from './problem-log.ts';
import type { Path } from './yaml-document.ts';

/** Checks a key against the columns of its dataset. */
export function compileKey(
  entry: KeyEntry,
  columns: readonly Column[],
  path: Path,
  problems: ProblemLog,
): DedupKey | undefined {
  const before = problems.count;
  const isList = Array.isArray(entry);
  const names = isList ? entry : entry.columns;
  const namesPath = isList ? path : [...path, 'columns'];
  names.forEach((name, index) => {
    checkColumn(name, names.indexOf(name) < index, columns, [...namesPath, index], problems);
  });
  const order = (isList ? [] : (entry.order ?? [])).map(({ column, descending = false }) => ({
    column,
    descending,
  }));
  order.forEach(({ column }, index) => {
    const isTwice = order.findIndex((part) => part.column === column) < index;
    checkColumn(column, isTwice, columns, [...path, 'order', index, 'column'], problems);
  });
  return problems.count > before ? undefined : { columns: names, order };
}

function checkColumn(
  name: string,
  isTwice: boolean,
  columns: readonly Column[],
  path: Path,
  problems: ProblemLog,
): void {
  const column = columns.find((candidate) => candidate.name === name);
  if (column === undefined) {
    const known = columns.map((candidate) => candidate.name);
    problems.at(path, `unknown column "${name}"`, nearestName(name, known));
  } else if (isTwice) {
    problems.at(path, `"${name}" stands here twice`, 'keep one of them');
  } else if (column.type === 'double' || column.type === 'binary') {
    problems.at(
      path,
      `"${name}" is ${column.type}, which is not compared exactly`,
      'use a decimal, a long or a text',
    );
  }
}
