import assert from 'node:assert/strict';
import { type Column, type ColumnType, TerminalError } from '@lakewarden/contracts';
import { isJsonObject } from '../json.ts';

const PRIMITIVES = new Set(['string', 'long', 'integer', 'double', 'boolean', 'binary', 'date', 'timestamp']);
const DECIMAL = /^decimal\((\d{1,2}),\s*(\d{1,2})\)$/;
const DECIMAL_PRECISION_MAX = 38;
// Spark refuses these in names of tables without column mapping (facts.md, Data 1.2).
const FORBIDDEN_IN_NAME = /[ ,;{}()\n\t=`]/;

/**
 * The columns of a `schemaString` (PROTOCOL.md, Schema Serialization Format), partition columns included.
 *
 * @throws TerminalError `unsupported` for a type that is not a `ColumnType`, naming the column; `corrupt` when it is no schema.
 */
export function parseSchema(schemaString: string): Column[] {
  return schemaFields(schemaString).map((field) => {
    const name = isJsonObject(field) ? field.name : undefined;
    if (!isJsonObject(field) || typeof name !== 'string') {
      throw new TerminalError('corrupt', 'schemaString: a field has no name');
    }
    const type = columnType(field.type);
    if (type === undefined) {
      throw new TerminalError('unsupported', `column ${name} has type ${JSON.stringify(field.type)}`);
    }
    return { name, type };
  });
}

/** All fields nullable, as the engines write every column optional (facts.md, Data 1.4): the agent checks what is required. */
export function formatSchema(columns: readonly Column[]): string {
  const names = new Set<string>();
  const fields = columns.map(({ name, type }) => {
    assert.ok(name !== '' && !FORBIDDEN_IN_NAME.test(name), `"${name}" is no column name for Delta`);
    assert.ok(
      !names.has(name.toLowerCase()),
      `the column name "${name}" is there twice (case does not count)`,
    );
    assert.equal(columnType(type), type, `"${type}" is no column type`);
    names.add(name.toLowerCase());
    return { name, type, nullable: true, metadata: {} };
  });
  return JSON.stringify({ type: 'struct', fields });
}

export function sameColumns(left: readonly Column[], right: readonly Column[]): boolean {
  return (
    left.length === right.length &&
    left.every((column, i) => column.name === right[i]?.name && column.type === right[i]?.type)
  );
}

function schemaFields(schemaString: string): readonly unknown[] {
  let parsed: unknown;
  try {
    parsed = JSON.parse(schemaString);
  } catch (cause) {
    throw new TerminalError('corrupt', 'schemaString is not JSON', { cause });
  }
  if (!isJsonObject(parsed) || parsed.type !== 'struct' || !Array.isArray(parsed.fields)) {
    throw new TerminalError('corrupt', 'schemaString is not a struct');
  }
  return parsed.fields;
}

function columnType(type: unknown): ColumnType | undefined {
  if (typeof type !== 'string') return undefined;
  if (PRIMITIVES.has(type)) return type as ColumnType;
  const decimal = DECIMAL.exec(type);
  if (decimal === null) return undefined;
  const precision = Number(decimal[1]);
  const scale = Number(decimal[2]);
  if (precision < 1 || precision > DECIMAL_PRECISION_MAX || scale > precision) return undefined;
  return `decimal(${precision},${scale})`;
}
