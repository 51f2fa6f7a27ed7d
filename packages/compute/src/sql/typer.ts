import type { ColumnType } from '@lakewarden/contracts';
import { unreachable } from '@lakewarden/contracts';
import { typeArithmetic, typeNegation } from './arithmetic.ts';
import { refuseCast } from './casts.ts';
import { coerce, commonType, UNTYPED_NULL } from './coercion.ts';
import { parseColumnType } from './column-types.ts';
import { typeCall } from './functions.ts';
import { typeLike } from './like.ts';
import { isNumberLiteral, nullOf, numberLiteral, temporalLiteral } from './literals.ts';
import { didYouMean, listNames } from './suggest.ts';
import type { ComparisonOperator, Refusal, SyntaxExpression } from './syntax.ts';
import type { Case, ColumnReference, Expression } from './tree.ts';
import type { TypingContext } from './typing-context.ts';

/** Where names come from. */
export interface Scope {
  resolve(qualifier: string | undefined, name: string): Resolution;
}

export type Resolution =
  | { readonly kind: 'found'; readonly column: ColumnReference }
  /** The column exists, but is wrong itself: said once, where it stands. */
  | { readonly kind: 'broken' }
  | { readonly kind: 'refused'; readonly message: string; readonly remedy: string | undefined };

/** Why aggregates cannot stand here; undefined where they can. */
export type AggregateRule = string | undefined;

type Node<K extends SyntaxExpression['kind']> = Extract<SyntaxExpression, { kind: K }>;

/** A simple CASE repeats its subject once a branch, so a subject that nests could grow without bound. */
const CASE_SUBJECT_DEPTH_MAX = 4;

/**
 * Turns what was parsed into the typed tree. A refused part is reported once and gives undefined; its neighbours are
 * still looked at, so that all problems of a text come together.
 */
export class Typer implements TypingContext {
  readonly #scope: Scope;
  readonly #report: (refusal: Refusal) => void;
  readonly #positions = new WeakMap<Expression, number>();
  #aggregateRule: AggregateRule;

  constructor(scope: Scope, report: (refusal: Refusal) => void, aggregateRule: AggregateRule) {
    this.#scope = scope;
    this.#report = report;
    this.#aggregateRule = aggregateRule;
  }

  type(node: SyntaxExpression): Expression | undefined {
    const typed = this.infer(node);
    if (typed !== UNTYPED_NULL) return typed;
    return this.refuse(node.at, 'the type of NULL is not known here', 'write cast(null as type)');
  }

  typeAs(node: SyntaxExpression, type: ColumnType, what: string): Expression | undefined {
    const typed = this.infer(node);
    if (typed === undefined) return undefined;
    if (typed === UNTYPED_NULL || typed.type === type) return coerce(typed, type);
    return this.refuse(node.at, `${what} is ${type}, this is ${typed.type}`, castRemedy(typed.type, type));
  }

  infer(node: SyntaxExpression): Expression | undefined {
    const typed = this.#infer(node);
    if (typed !== undefined && typed !== UNTYPED_NULL) this.#positions.set(typed, node.at);
    return typed;
  }

  /** Offset at which a typed node stood in the text. */
  positionOf(expression: Expression): number | undefined {
    return this.#positions.get(expression);
  }

  inferAll(nodes: readonly SyntaxExpression[]): readonly Expression[] | undefined {
    const typed = nodes.map((node) => this.infer(node));
    return typed.every((expression) => expression !== undefined) ? typed : undefined;
  }

  unify(at: number, expressions: readonly Expression[]): readonly Expression[] | undefined {
    const common = commonType(expressions);
    if (common.kind === 'common') return expressions.map((expression) => coerce(expression, common.type));
    const untyped = expressions.every((expression) => expression === UNTYPED_NULL);
    return this.refuse(
      at,
      common.why,
      untyped ? 'write cast(null as type)' : 'cast one of them: cast(x as type)',
    );
  }

  insideAggregate<T>(at: number, work: () => T): T | undefined {
    if (this.#aggregateRule !== undefined) return this.refuse(at, this.#aggregateRule);
    this.#aggregateRule = 'an aggregate cannot stand inside another aggregate';
    const result = work();
    this.#aggregateRule = undefined;
    return result;
  }

  refuse(at: number, message: string, remedy?: string): undefined {
    this.#report({ at, message, ...(remedy !== undefined && { remedy }) });
    return undefined;
  }

  #infer(node: SyntaxExpression): Expression | undefined {
    switch (node.kind) {
      case 'null':
        return UNTYPED_NULL;
      case 'boolean':
        return { kind: 'literal', type: 'boolean', value: node.value };
      case 'text':
        return { kind: 'literal', type: 'string', value: node.value };
      case 'number':
        return this.#number(node.at, node.text, false);
      case 'temporal':
        return this.#temporal(node);
      case 'name':
        return this.#name(node);
      case 'negate':
        return node.operand.kind === 'number'
          ? this.#number(node.at, node.operand.text, true)
          : typeNegation(this, node.at, node.operand);
      case 'not':
      case 'logical':
        return this.#logical(node);
      case 'binary':
        return this.#binary(node);
      case 'is-null':
        return this.#nullTest(node);
      case 'in':
        return this.#membership(node);
      case 'between':
        return this.#between(node);
      case 'like':
        return typeLike(this, node);
      case 'case':
        return this.#case(node);
      case 'cast':
        return this.#cast(node);
      case 'call':
        return typeCall(this, node);
      default:
        return unreachable(node);
    }
  }

  #number(at: number, text: string, negative: boolean): Expression | undefined {
    return numberLiteral(text, negative) ?? this.refuse(at, 'a number has at most 38 digits');
  }

  #temporal(node: Node<'temporal'>): Expression | undefined {
    const example = node.type === 'date' ? "date '2011-12-10'" : "timestamp '2011-12-10 08:26:00' (UTC)";
    return (
      temporalLiteral(node.type, node.value) ??
      this.refuse(node.at, `'${node.value}' names no ${node.type}`, `write it like ${example}`)
    );
  }

  #name(node: Node<'name'>): Expression | undefined {
    const resolution = this.#scope.resolve(node.qualifier, node.name);
    if (resolution.kind === 'found') return resolution.column;
    if (resolution.kind === 'broken') return undefined;
    return this.refuse(node.at, resolution.message, resolution.remedy);
  }

  #logical(node: Node<'not'> | Node<'logical'>): Expression | undefined {
    if (node.kind === 'not') {
      const operand = this.typeAs(node.operand, 'boolean', 'the operand of NOT');
      return operand && { kind: 'not', type: 'boolean', operand };
    }
    const name = `each side of ${node.operator.toUpperCase()}`;
    const operands = node.operands.map((operand) => this.typeAs(operand, 'boolean', name));
    if (!operands.every((operand) => operand !== undefined)) return undefined;
    return { kind: 'logical', type: 'boolean', operator: node.operator, operands };
  }

  #binary(node: Node<'binary'>): Expression | undefined {
    const { operator } = node;
    switch (operator) {
      case '+':
      case '-':
      case '*':
      case '/':
        return typeArithmetic(this, node.at, operator, node.left, node.right);
      case '||':
        return this.#concat(node);
      default:
        return this.#comparison(node, operator);
    }
  }

  #concat(node: Node<'binary'>): Expression | undefined {
    const left = this.typeAs(node.left, 'string', 'each side of ||');
    const right = this.typeAs(node.right, 'string', 'each side of ||');
    if (left === undefined || right === undefined) return undefined;
    return { kind: 'call', type: 'string', function: 'concat', args: [left, right] };
  }

  #comparison(node: Node<'binary'>, operator: ComparisonOperator): Expression | undefined {
    const sides = this.inferAll([node.left, node.right]);
    if (sides === undefined) return undefined;
    if (sides.includes(UNTYPED_NULL)) {
      return this.refuse(
        node.at,
        'nothing is equal to NULL, or smaller or greater',
        'write IS NULL or IS NOT NULL',
      );
    }
    const [left, right] = this.unify(node.at, sides) ?? [];
    if (left === undefined || right === undefined) return undefined;
    return { kind: 'comparison', type: 'boolean', operator, left, right };
  }

  #nullTest(node: Node<'is-null'>): Expression | undefined {
    const operand = this.type(node.operand);
    return operand && { kind: 'is-null', type: 'boolean', negated: node.negated, operand };
  }

  #membership(node: Node<'in'>): Expression | undefined {
    const all = this.inferAll([node.operand, ...node.items]);
    if (all === undefined) return undefined;
    if (all.includes(UNTYPED_NULL)) {
      return this.refuse(node.at, 'NULL in a list makes NOT IN true for no row', 'add OR x IS NULL instead');
    }
    const [operand, ...items] = this.unify(node.at, all) ?? [];
    return operand && { kind: 'in', type: 'boolean', negated: node.negated, operand, items };
  }

  #between(node: Node<'between'>): Expression | undefined {
    const all = this.inferAll([node.operand, node.low, node.high]);
    const [operand, low, high] = (all && this.unify(node.at, all)) ?? [];
    if (operand === undefined || low === undefined || high === undefined) return undefined;
    return { kind: 'between', type: 'boolean', negated: node.negated, operand, low, high };
  }

  #case(node: Node<'case'>): Expression | undefined {
    const { subject } = node;
    if (subject !== undefined && subject.depth > CASE_SUBJECT_DEPTH_MAX) {
      return this.refuse(subject.at, 'what CASE compares is too deep', 'write CASE WHEN x = … THEN …');
    }
    const conditions = node.branches.map(({ when }) =>
      subject === undefined
        ? this.typeAs(when, 'boolean', 'the condition after WHEN')
        : this.infer({
            kind: 'binary',
            operator: '=',
            left: subject,
            right: when,
            at: when.at,
            depth: node.depth,
          }),
    );
    const results = node.branches.map((branch) => this.infer(branch.value));
    if (node.otherwise !== undefined) results.push(this.infer(node.otherwise));
    if (!conditions.every((c) => c !== undefined) || !results.every((r) => r !== undefined)) return undefined;
    const values = this.unify(node.at, results);
    return values && buildCase(conditions, values);
  }

  #cast(node: Node<'cast'>): Expression | undefined {
    const type = parseColumnType(node.type);
    if (type === undefined) {
      this.infer(node.operand);
      return this.refuse(node.at, `unknown type "${node.type}"`, typeRemedy(node.type));
    }
    const operand = this.infer(node.operand);
    if (operand === undefined) return undefined;
    if (operand === UNTYPED_NULL) return nullOf(type);
    const refusal = refuseCast(operand.type, type);
    if (refusal !== undefined)
      return this.refuse(node.at, `${operand.type} cannot be cast to ${type}`, refusal);
    if (operand.type === type) return operand;
    if (isNumberLiteral(operand)) {
      const common = commonType([operand, nullOf(type)]);
      if (common.kind === 'common' && common.type === type) return coerce(operand, type);
    }
    return { kind: 'cast', type, operand, onFailure: node.onFailure };
  }
}

function buildCase(conditions: readonly Expression[], values: readonly Expression[]): Case | undefined {
  const first = values[0];
  if (first === undefined) return undefined;
  const branches = conditions.flatMap((when, index) => {
    const value = values[index];
    return value === undefined ? [] : [{ when, value }];
  });
  return { kind: 'case', type: first.type, branches, otherwise: values[conditions.length] };
}

/** Names of types that other systems use. */
const FOREIGN_TYPES: ReadonlyMap<string, string> = new Map([
  ...['varchar', 'text', 'char', 'nvarchar'].map((name) => [name, 'string'] as const),
  ...['bigint', 'int64'].map((name) => [name, 'long'] as const),
  ...['int', 'int32', 'smallint', 'tinyint'].map((name) => [name, 'integer'] as const),
  ...['float', 'real'].map((name) => [name, 'double'] as const),
  ...['numeric', 'number', 'money', 'decimal'].map((name) => [name, 'decimal(18,3)'] as const),
  ...['bool', 'bit'].map((name) => [name, 'boolean'] as const),
  ...['datetime', 'timestamptz', 'datetime2'].map((name) => [name, 'timestamp'] as const),
]);

export const TYPE_NAMES = [
  'string',
  'long',
  'integer',
  'double',
  'boolean',
  'date',
  'timestamp',
  'decimal(p,s)',
];

export function typeRemedy(name: string): string | undefined {
  const base = name.toLowerCase().replace(/\(.*$/, '');
  const known = FOREIGN_TYPES.get(base);
  if (base === 'decimal' && name.includes('('))
    return 'decimal(p,s) has 1 to 38 digits p, of which s are fraction';
  if (known !== undefined) return `did you mean "${known}"?`;
  return didYouMean(name, TYPE_NAMES) ?? listNames(TYPE_NAMES);
}

function castRemedy(from: ColumnType, to: ColumnType): string {
  if (to === 'boolean') return 'compare it with something';
  return refuseCast(from, to) ?? `write cast(x as ${to})`;
}
