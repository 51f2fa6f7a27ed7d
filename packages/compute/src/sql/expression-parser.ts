import type { Token } from './lexer.ts';
import { REFUSED_WORDS, RESERVED_WORDS } from './reserved-words.ts';
import { type BinaryOperator, type SyntaxExpression, SyntaxRefused } from './syntax.ts';
import { TokenReader } from './token-reader.ts';

/** Binding powers of infix operators: higher binds tighter. NOT stands between AND and the comparisons. */
const POWER_OR = 1;
const POWER_AND = 2;
const POWER_NOT = 3;
const POWER_COMPARISON = 4;
const POWER_CONCAT = 5;
const POWER_SUM = 6;
const POWER_PRODUCT = 7;
const POWER_SIGN = 8;

const SYMBOL_POWERS: ReadonlyMap<string, number> = new Map([
  ...['=', '<>', '<', '<=', '>', '>='].map((operator) => [operator, POWER_COMPARISON] as const),
  ['||', POWER_CONCAT],
  ['+', POWER_SUM],
  ['-', POWER_SUM],
  ['*', POWER_PRODUCT],
  ['/', POWER_PRODUCT],
]);

/** Height of trees and of the recursion. DuckDB refuses past 1,000, and one level here is up to three levels there. */
const DEPTH_MAX = 100;

type Kinds = SyntaxExpression['kind'];
type Fields<K extends Kinds> = Omit<Extract<SyntaxExpression, { kind: K }>, 'kind' | 'at' | 'depth'>;

/** Pratt parser of scalar expressions and aggregates. Throws `SyntaxRefused`. */
export class ExpressionParser extends TokenReader {
  #nesting = 0;

  expression(power = 0): SyntaxExpression {
    this.#nesting += 1;
    if (this.#nesting > DEPTH_MAX) this.#refuseDepth(this.current.at);
    let left = this.#prefix();
    for (;;) {
      const next = this.#infix(left, power);
      if (next === undefined) break;
      left = next;
    }
    this.#nesting -= 1;
    return left;
  }

  #prefix(): SyntaxExpression {
    const token = this.current;
    if (token.kind === 'number') {
      this.advance();
      return this.#node('number', token.at, { text: token.text }, []);
    }
    if (token.kind === 'text') {
      this.advance();
      return this.#node('text', token.at, { value: token.text }, []);
    }
    if (token.kind === 'symbol') return this.#prefixSymbol(token);
    if (token.kind === 'end') throw new SyntaxRefused(token.at, 'the text ends where a value is expected');
    return this.#prefixWord(token);
  }

  #prefixSymbol(token: Token): SyntaxExpression {
    if (this.takeSymbol('(')) {
      if (this.isWord('select')) {
        throw new SyntaxRefused(
          token.at,
          'subqueries are not in the portable subset',
          'make the inner query a dataset of its own and join it',
        );
      }
      const inner = this.expression();
      this.expectSymbol(')', 'this parenthesis is not closed', token.at);
      return inner;
    }
    if (this.takeSymbol('-')) {
      const operand = this.expression(POWER_SIGN);
      return this.#node('negate', token.at, { operand }, [operand]);
    }
    throw new SyntaxRefused(token.at, `a value is expected here, not "${token.text}"`);
  }

  #prefixWord(token: Token): SyntaxExpression {
    switch (token.text) {
      case 'null':
        this.advance();
        return this.#node('null', token.at, {}, []);
      case 'true':
      case 'false':
        this.advance();
        return this.#node('boolean', token.at, { value: token.text === 'true' }, []);
      case 'not': {
        this.advance();
        const operand = this.expression(POWER_NOT);
        return this.#node('not', token.at, { operand }, [operand]);
      }
      case 'case':
        this.advance();
        return this.#case(token.at);
      case 'cast':
      case 'try_cast':
        this.advance();
        return this.#cast(token);
      default:
        return this.#nameOrCall(token);
    }
  }

  #nameOrCall(token: Token): SyntaxExpression {
    if (RESERVED_WORDS.has(token.text)) this.refuseWord(token);
    this.advance();
    const next = this.current;
    if (next.kind === 'text') {
      if (token.text !== 'date' && token.text !== 'timestamp') {
        const remedy =
          token.text === 'interval' ? 'engines add months differently; compare dates instead' : undefined;
        throw new SyntaxRefused(token.at, `"${token.text}" cannot stand before a text`, remedy);
      }
      this.advance();
      return this.#node('temporal', token.at, { type: token.text, value: next.text }, []);
    }
    if (this.isSymbol('(')) return this.#call(token);
    if (!this.takeSymbol('.'))
      return this.#node('name', token.at, { qualifier: undefined, name: token.text }, []);
    if (this.isSymbol('*'))
      throw new SyntaxRefused(token.at, 'SELECT * is not in the portable subset', 'name the columns');
    const name = this.name('a column');
    return this.#node('name', token.at, { qualifier: token.text, name }, []);
  }

  #call(token: Token): SyntaxExpression {
    const open = this.current.at;
    this.expectSymbol('(', 'an argument list is expected');
    let args: readonly SyntaxExpression[] = [];
    const star = this.takeSymbol('*');
    const distinct = !star && this.takeWord('distinct');
    if (!star && !this.isSymbol(')')) args = this.list(() => this.expression());
    if (this.isWord('order')) {
      throw new SyntaxRefused(
        this.current.at,
        'ORDER BY inside a function is not in the portable subset',
        'use latest(value, by…)',
      );
    }
    this.expectSymbol(')', 'this parenthesis is not closed', open);
    if (this.isWord('over')) this.refuseWord(this.current);
    if (this.isWord('filter') && this.isSymbol('(', 1)) {
      throw new SyntaxRefused(
        this.current.at,
        'FILTER is not in the portable subset',
        'use CASE WHEN … THEN … END inside the function',
      );
    }
    return this.#node('call', token.at, { name: token.text, star, distinct, args }, args);
  }

  #case(at: number): SyntaxExpression {
    const subject = this.isWord('when') ? undefined : this.expression();
    const branches: { when: SyntaxExpression; value: SyntaxExpression }[] = [];
    while (this.takeWord('when')) {
      const when = this.expression();
      this.expectWord('then', 'THEN follows the condition');
      branches.push({ when, value: this.expression() });
    }
    if (branches.length === 0)
      throw new SyntaxRefused(this.current.at, 'CASE needs at least one WHEN … THEN …');
    const otherwise = this.takeWord('else') ? this.expression() : undefined;
    this.expectWord('end', 'CASE is closed with END');
    const children = branches.flatMap((branch) => [branch.when, branch.value]);
    if (subject !== undefined) children.push(subject);
    if (otherwise !== undefined) children.push(otherwise);
    return this.#node('case', at, { subject, branches, otherwise }, children);
  }

  #cast(token: Token): SyntaxExpression {
    this.expectSymbol('(', 'write cast(x as type)');
    const operand = this.expression();
    this.expectWord('as', 'write cast(x as type)');
    const type = this.#type();
    this.expectSymbol(')', 'write cast(x as type)');
    const onFailure = token.text === 'cast' ? 'fail' : 'null';
    return this.#node('cast', token.at, { operand, type, onFailure }, [operand]);
  }

  #type(): string {
    const token = this.current;
    if (token.kind !== 'word') throw new SyntaxRefused(token.at, 'a type is expected here');
    this.advance();
    if (!this.takeSymbol('(')) return token.text;
    const sizes = this.list(() => {
      const size = this.current;
      if (size.kind !== 'number')
        throw new SyntaxRefused(size.at, 'a number is expected here', 'such as decimal(18,3)');
      this.advance();
      return size.text;
    });
    this.expectSymbol(')', 'this parenthesis is not closed');
    return `${token.text}(${sizes.join(',')})`;
  }

  /** One infix operator after `left` that binds tighter than `power`; undefined when there is none. */
  #infix(left: SyntaxExpression, power: number): SyntaxExpression | undefined {
    const token = this.current;
    if (token.kind === 'symbol') return this.#infixSymbol(left, power, token);
    if (token.kind !== 'word') return undefined;
    switch (token.text) {
      case 'and':
        return power < POWER_AND ? this.#logical(left, 'and', POWER_AND) : undefined;
      case 'or':
        return power < POWER_OR ? this.#logical(left, 'or', POWER_OR) : undefined;
      case 'is':
      case 'in':
      case 'between':
      case 'like':
      case 'not':
      case 'ilike':
      case 'similar':
        return power < POWER_COMPARISON ? this.#predicate(left, token) : undefined;
      default:
        return undefined;
    }
  }

  #infixSymbol(left: SyntaxExpression, power: number, token: Token): SyntaxExpression | undefined {
    const own = SYMBOL_POWERS.get(token.text);
    if (own === undefined || own <= power) return undefined;
    this.advance();
    const right = this.expression(own);
    const node = this.#node('binary', token.at, { operator: token.text as BinaryOperator, left, right }, [
      left,
      right,
    ]);
    if (own === POWER_COMPARISON) this.#refuseChain();
    return node;
  }

  #logical(first: SyntaxExpression, operator: 'and' | 'or', power: number): SyntaxExpression {
    const operands = [first];
    while (this.takeWord(operator)) operands.push(this.expression(power));
    return this.#node('logical', first.at, { operator, operands }, operands);
  }

  #predicate(operand: SyntaxExpression, token: Token): SyntaxExpression {
    const node = this.#predicateBody(operand, token);
    this.#refuseChain();
    return node;
  }

  #predicateBody(operand: SyntaxExpression, token: Token): SyntaxExpression {
    if (this.takeWord('is')) {
      const negated = this.takeWord('not');
      if (!this.takeWord('null')) {
        throw new SyntaxRefused(
          this.current.at,
          'only IS NULL and IS NOT NULL are in the portable subset',
          'use = and coalesce',
        );
      }
      return this.#node('is-null', token.at, { negated, operand }, [operand]);
    }
    const negated = this.takeWord('not');
    if (this.takeWord('in')) {
      const open = this.current.at;
      this.expectSymbol('(', 'write IN (a, b, c)');
      if (this.isWord('select')) {
        throw new SyntaxRefused(
          this.current.at,
          'subqueries are not in the portable subset',
          'make the inner query a dataset of its own and join it',
        );
      }
      const items = this.list(() => this.expression());
      this.expectSymbol(')', 'this parenthesis is not closed', open);
      return this.#node('in', token.at, { negated, operand, items }, [operand, ...items]);
    }
    if (this.takeWord('between')) {
      const low = this.expression(POWER_COMPARISON);
      this.expectWord('and', 'write x BETWEEN low AND high');
      const high = this.expression(POWER_COMPARISON);
      return this.#node('between', token.at, { negated, operand, low, high }, [operand, low, high]);
    }
    if (this.takeWord('like')) {
      const pattern = this.current;
      if (pattern.kind !== 'text') throw new SyntaxRefused(pattern.at, "LIKE needs a text such as 'C%'");
      this.advance();
      return this.#node('like', token.at, { negated, operand, pattern: pattern.text }, [operand]);
    }
    if (RESERVED_WORDS.has(this.current.text)) this.refuseWord(this.current);
    throw new SyntaxRefused(this.current.at, 'IN, BETWEEN or LIKE is expected after NOT');
  }

  /** `a < b < c` means something else to every reader. */
  #refuseChain(): void {
    const { kind, text, at } = this.current;
    const isPredicate = kind === 'word' && ['is', 'in', 'between', 'like', 'not'].includes(text);
    if ((kind === 'symbol' && SYMBOL_POWERS.get(text) === POWER_COMPARISON) || isPredicate) {
      throw new SyntaxRefused(
        at,
        'comparisons cannot be chained',
        'join two comparisons with AND, or use parentheses',
      );
    }
  }

  #node<K extends Kinds>(
    kind: K,
    at: number,
    fields: Fields<K>,
    children: readonly SyntaxExpression[],
  ): SyntaxExpression {
    const depth = 1 + children.reduce((most, child) => Math.max(most, child.depth), 0);
    if (depth > DEPTH_MAX) this.#refuseDepth(at);
    return { kind, at, depth, ...fields } as unknown as SyntaxExpression;
  }

  protected list<T>(rule: () => T): readonly T[] {
    const items = [rule()];
    while (this.takeSymbol(',')) items.push(rule());
    return items;
  }

  protected isName(token: Token): boolean {
    return token.kind === 'word' && !RESERVED_WORDS.has(token.text) && !REFUSED_WORDS.has(token.text);
  }

  protected name(expected: string): string {
    const token = this.current;
    if (token.kind !== 'word') throw new SyntaxRefused(token.at, `${expected} is expected here`);
    if (RESERVED_WORDS.has(token.text)) {
      throw new SyntaxRefused(token.at, `"${token.text}" is a word of SQL and cannot be a name`);
    }
    this.advance();
    return token.text;
  }

  #refuseDepth(at: number): never {
    throw new SyntaxRefused(
      at,
      `deeper than ${DEPTH_MAX} levels`,
      'split the expression over several columns',
    );
  }
}
