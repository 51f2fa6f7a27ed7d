import { ExpressionParser } from './expression-parser.ts';
import { tokenize } from './lexer.ts';
import {
  type Refusal,
  type SyntaxExpression,
  type SyntaxItem,
  type SyntaxJoin,
  type SyntaxQuery,
  SyntaxRefused,
  type SyntaxRelation,
} from './syntax.ts';

export type Parsed<T> =
  | { readonly kind: 'parsed'; readonly value: T }
  | ({ readonly kind: 'refused' } & Refusal);

/** Parses one scalar expression. Never throws. */
export function parseExpression(text: string): Parsed<SyntaxExpression> {
  return parseWith(text, (parser) => parser.expression());
}

/** Parses one SELECT, with an optional `;` at its end. Never throws. */
export function parseQuery(text: string): Parsed<SyntaxQuery> {
  return parseWith(text, (parser) => parser.query());
}

function parseWith<T>(text: string, rule: (parser: QueryParser) => T): Parsed<T> {
  try {
    const parser = new QueryParser(tokenize(text));
    const value = rule(parser);
    parser.expectEnd();
    return { kind: 'parsed', value };
  } catch (error) {
    if (error instanceof SyntaxRefused) return { kind: 'refused', ...error.refusal };
    throw error;
  }
}

class QueryParser extends ExpressionParser {
  query(): SyntaxQuery {
    if (this.isWord('with')) this.refuseWord(this.current);
    this.expectWord('select', 'a query begins with SELECT');
    if (this.isWord('distinct')) this.refuseWord(this.current);
    const items = this.list(() => this.#item());
    this.expectWord('from', 'FROM layer.dataset follows the columns');
    const from = this.#relation();
    const joins = this.#joins();
    const where = this.takeWord('where') ? this.expression() : undefined;
    const groupBy = this.#groupBy();
    this.takeSymbol(';');
    return { items, from, joins, where, groupBy };
  }

  #item(): SyntaxItem {
    const { at } = this.current;
    if (this.takeSymbol('*'))
      throw new SyntaxRefused(at, 'SELECT * is not in the portable subset', 'name the columns');
    const expression = this.expression();
    const named = this.takeWord('as');
    const alias = named || this.isName(this.current) ? this.name('a name for this column') : undefined;
    return { at, expression, alias };
  }

  #relation(): SyntaxRelation {
    const { at } = this.current;
    if (this.isSymbol('(')) {
      throw new SyntaxRefused(
        at,
        'subqueries are not in the portable subset',
        'make the inner query a dataset of its own',
      );
    }
    const layer = this.name('a dataset such as silver.orders');
    if (!this.takeSymbol('.')) {
      throw new SyntaxRefused(
        at,
        `"${layer}" names no layer`,
        `write the dataset with its layer, such as silver.${layer}`,
      );
    }
    const name = this.name('the name of a dataset');
    if (this.isSymbol('(')) {
      throw new SyntaxRefused(
        at,
        'table functions are not in the portable subset',
        'read a dataset of the pipeline',
      );
    }
    const named = this.takeWord('as');
    const alias = named || this.isName(this.current) ? this.name('an alias') : name;
    return { at, layer, name, alias };
  }

  #joins(): readonly SyntaxJoin[] {
    const joins: SyntaxJoin[] = [];
    for (;;) {
      const { at } = this.current;
      if (this.isSymbol(',')) {
        throw new SyntaxRefused(
          at,
          'a comma between datasets is not in the portable subset',
          'write JOIN … ON …',
        );
      }
      let kind: 'inner' | 'left' = 'inner';
      if (this.takeWord('left')) {
        kind = 'left';
        this.takeWord('outer');
        this.expectWord('join', 'JOIN follows LEFT');
      } else if (this.takeWord('inner')) {
        this.expectWord('join', 'JOIN follows INNER');
      } else if (!this.takeWord('join')) {
        return joins;
      }
      const relation = this.#relation();
      if (this.isWord('using')) this.refuseWord(this.current);
      this.expectWord('on', 'a join needs ON a.x = b.x');
      joins.push({ at, kind, relation, on: this.expression() });
    }
  }

  #groupBy(): readonly SyntaxExpression[] {
    if (!this.takeWord('group')) return [];
    this.expectWord('by', 'BY follows GROUP');
    if (this.isWord('all')) {
      throw new SyntaxRefused(this.current.at, 'GROUP BY ALL is not in the portable subset', 'name the keys');
    }
    return this.list(() => this.expression());
  }
}
