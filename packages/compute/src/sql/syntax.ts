/**
 * What the parser saw, before names and types are known. `at` is an offset (UTF-16 units) into the text, for problems;
 * `depth` is the height of the tree, bounded so that nothing that walks it can exhaust the stack.
 */
export type SyntaxExpression = { readonly at: number; readonly depth: number } & (
  | { readonly kind: 'number'; readonly text: string }
  | { readonly kind: 'text'; readonly value: string }
  | { readonly kind: 'boolean'; readonly value: boolean }
  | { readonly kind: 'null' }
  | { readonly kind: 'temporal'; readonly type: 'date' | 'timestamp'; readonly value: string }
  | { readonly kind: 'name'; readonly qualifier: string | undefined; readonly name: string }
  | { readonly kind: 'negate'; readonly operand: SyntaxExpression }
  | { readonly kind: 'not'; readonly operand: SyntaxExpression }
  | {
      readonly kind: 'binary';
      readonly operator: BinaryOperator;
      readonly left: SyntaxExpression;
      readonly right: SyntaxExpression;
    }
  | {
      readonly kind: 'logical';
      readonly operator: 'and' | 'or';
      readonly operands: readonly SyntaxExpression[];
    }
  | { readonly kind: 'is-null'; readonly negated: boolean; readonly operand: SyntaxExpression }
  | {
      readonly kind: 'in';
      readonly negated: boolean;
      readonly operand: SyntaxExpression;
      readonly items: readonly SyntaxExpression[];
    }
  | {
      readonly kind: 'between';
      readonly negated: boolean;
      readonly operand: SyntaxExpression;
      readonly low: SyntaxExpression;
      readonly high: SyntaxExpression;
    }
  | {
      readonly kind: 'like';
      readonly negated: boolean;
      readonly operand: SyntaxExpression;
      readonly pattern: string;
    }
  | {
      readonly kind: 'case';
      readonly subject: SyntaxExpression | undefined;
      readonly branches: readonly { readonly when: SyntaxExpression; readonly value: SyntaxExpression }[];
      readonly otherwise: SyntaxExpression | undefined;
    }
  | {
      readonly kind: 'cast';
      readonly operand: SyntaxExpression;
      readonly type: string;
      readonly onFailure: 'fail' | 'null';
    }
  | {
      readonly kind: 'call';
      readonly name: string;
      readonly star: boolean;
      readonly distinct: boolean;
      readonly args: readonly SyntaxExpression[];
    }
);

export type ArithmeticOperator = '+' | '-' | '*' | '/';
export type ComparisonOperator = '=' | '<>' | '<' | '<=' | '>' | '>=';
export type BinaryOperator = ArithmeticOperator | ComparisonOperator | '||';

export interface SyntaxRelation {
  readonly at: number;
  readonly layer: string;
  readonly name: string;
  readonly alias: string;
}

export interface SyntaxJoin {
  readonly at: number;
  readonly kind: 'inner' | 'left';
  readonly relation: SyntaxRelation;
  readonly on: SyntaxExpression;
}

export interface SyntaxItem {
  readonly at: number;
  readonly expression: SyntaxExpression;
  readonly alias: string | undefined;
}

export interface SyntaxQuery {
  readonly items: readonly SyntaxItem[];
  readonly from: SyntaxRelation;
  readonly joins: readonly SyntaxJoin[];
  readonly where: SyntaxExpression | undefined;
  readonly groupBy: readonly SyntaxExpression[];
}

/** Why a text is not in the subset, where, and what to write instead. */
export interface Refusal {
  readonly at: number;
  readonly message: string;
  readonly remedy?: string;
}

/** Ends the parse of one text; caught by `parseExpression` and `parseQuery` only. */
export class SyntaxRefused extends Error {
  override readonly name = 'SyntaxRefused';
  readonly refusal: Refusal;
  constructor(at: number, message: string, remedy?: string) {
    super(message);
    this.refusal = { at, message, ...(remedy !== undefined && { remedy }) };
  }
}
