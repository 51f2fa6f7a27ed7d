export { type ColumnSql, emitExpression } from './emit-expression.ts';
export { emitQuery, type QueryOptions } from './emit-query.ts';
