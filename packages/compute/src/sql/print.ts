import { unreachable } from '@lakewarden/contracts';
import type { SyntaxExpression, SyntaxQuery, SyntaxRelation } from './syntax.ts';

/** Writes a parsed expression back as text that parses to the same tree. Compound operands stand in parentheses. */
export function printExpression(node: SyntaxExpression): string {
  switch (node.kind) {
    case 'number':
      return node.text;
    case 'text':
      return printText(node.value);
    case 'boolean':
      return String(node.value);
    case 'null':
      return 'null';
    case 'temporal':
      return `${node.type} ${printText(node.value)}`;
    case 'name':
      return node.qualifier === undefined ? node.name : `${node.qualifier}.${node.name}`;
    case 'negate':
      return `-${printOperand(node.operand)}`;
    case 'not':
      return `not ${printOperand(node.operand)}`;
    case 'binary':
      return `${printOperand(node.left)} ${node.operator} ${printOperand(node.right)}`;
    case 'logical':
      return node.operands.map(printOperand).join(` ${node.operator} `);
    case 'is-null':
      return `${printOperand(node.operand)} is ${node.negated ? 'not ' : ''}null`;
    case 'in':
      return `${printOperand(node.operand)}${negation(node.negated)} in (${printList(node.items)})`;
    case 'between':
      return `${printOperand(node.operand)}${negation(node.negated)} between ${printOperand(node.low)} and ${printOperand(node.high)}`;
    case 'like':
      return `${printOperand(node.operand)}${negation(node.negated)} like ${printText(node.pattern)}`;
    case 'case':
      return printCase(node);
    case 'cast':
      return `${node.onFailure === 'fail' ? 'cast' : 'try_cast'}(${printExpression(node.operand)} as ${node.type})`;
    case 'call':
      return `${node.name}(${node.star ? '*' : `${node.distinct ? 'distinct ' : ''}${printList(node.args)}`})`;
    default:
      return unreachable(node);
  }
}

export function printQuery(query: SyntaxQuery): string {
  const items = query.items.map(
    (item) => `${printExpression(item.expression)}${item.alias === undefined ? '' : ` as ${item.alias}`}`,
  );
  const joins = query.joins.map(
    (join) => `${join.kind} join ${printRelation(join.relation)} on ${printExpression(join.on)}`,
  );
  return [
    `select ${items.join(', ')}`,
    `from ${printRelation(query.from)}`,
    ...joins,
    ...(query.where === undefined ? [] : [`where ${printExpression(query.where)}`]),
    ...(query.groupBy.length === 0 ? [] : [`group by ${printList(query.groupBy)}`]),
  ].join('\n');
}

function printRelation(relation: SyntaxRelation): string {
  return `${relation.layer}.${relation.name} as ${relation.alias}`;
}

function printCase(node: Extract<SyntaxExpression, { kind: 'case' }>): string {
  const subject = node.subject === undefined ? '' : ` ${printExpression(node.subject)}`;
  const branches = node.branches.map(
    (branch) => ` when ${printExpression(branch.when)} then ${printExpression(branch.value)}`,
  );
  const otherwise = node.otherwise === undefined ? '' : ` else ${printExpression(node.otherwise)}`;
  return `case${subject}${branches.join('')}${otherwise} end`;
}

const COMPOUND: ReadonlySet<SyntaxExpression['kind']> = new Set([
  ...(['negate', 'not', 'binary', 'logical', 'is-null', 'in', 'between', 'like'] as const),
]);

function printOperand(node: SyntaxExpression): string {
  return COMPOUND.has(node.kind) ? `(${printExpression(node)})` : printExpression(node);
}

function printList(nodes: readonly SyntaxExpression[]): string {
  return nodes.map(printExpression).join(', ');
}

function negation(negated: boolean): string {
  return negated ? ' not' : '';
}

function printText(text: string): string {
  return `'${text.replaceAll("'", "''")}'`;
}
