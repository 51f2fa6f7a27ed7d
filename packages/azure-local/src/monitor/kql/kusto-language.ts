/**
 * What we use of Microsoft's Kusto parser and binder, typed by what it does; its own typings (2 MB) declare globals. The
 * library puts three names on `globalThis` and takes 80 MB with its first parse: load it in a thread of its own.
 */
import { createRequire } from 'node:module';
import type { TableSchema } from './plan.ts';

/** A list of the library's own collections. */
interface List<T> {
  readonly Count: number;
  getItem(index: number): T;
}

export interface KustoSymbol {
  readonly Name: string;
  /** Of tables. */
  readonly Columns?: List<{ readonly Name: string; readonly Type: { readonly Name: string } }> | null;
}

/** A node of the syntax tree with the members that the kinds which we read have. */
export interface KustoNode {
  readonly Kind: number;
  readonly TextStart: number;
  readonly ChildCount: number;
  readonly ResultType: KustoSymbol | null;
  readonly ReferencedSymbol: KustoSymbol | null;
  readonly LiteralValue: unknown;
  toString(includeTrivia: number): string;
  readonly SimpleName: string;
  readonly Token: { readonly Text: string };
  readonly Expression: KustoNode;
  readonly Operator: KustoNode;
  readonly Condition: KustoNode;
  readonly ByExpression: KustoNode;
  readonly Left: KustoNode;
  readonly Right: KustoNode;
  readonly Name: KustoNode;
  readonly ArgumentList: { readonly Expressions: Separated };
  readonly Expressions: Separated;
  readonly Aggregates: Separated;
  readonly Parameters: List<unknown>;
  readonly ByClause: { readonly Expressions: Separated; readonly BinClause: KustoNode | null } | null;
  readonly AsIdentifier: KustoNode | null;
  readonly Ordering: {
    readonly AscOrDescKeyword: { readonly Text: string } | null;
    readonly NullsClause: { readonly FirstOrLastKeyword: { readonly Text: string } } | null;
  } | null;
  readonly Directives: List<unknown>;
  readonly Statements: List<{ readonly Element: KustoNode }>;
  readonly SkippedTokens: unknown;
}

type Separated = List<{ readonly Element: KustoNode }>;

export interface KustoDiagnostic {
  readonly Code: string;
  readonly Severity: string;
  readonly Message: string;
  readonly Start: number;
}

export interface ParsedQuery {
  readonly root: KustoNode;
  readonly errors: readonly KustoDiagnostic[];
  readonly hasSyntaxErrors: boolean;
}

export interface KustoLanguage {
  parse(query: string): ParsedQuery;
  kindOf(node: KustoNode): string;
  isColumn(symbol: KustoSymbol | null): boolean;
  isTable(symbol: KustoSymbol | null): boolean;
}

/** An array when there are none. */
type Diagnostics = List<KustoDiagnostic> | readonly KustoDiagnostic[];

interface Library {
  readonly Kusto: {
    readonly Language: {
      readonly GlobalState: { readonly Default: { WithDatabase(database: unknown): unknown } };
      readonly KustoCode: {
        ParseAndAnalyze(
          query: string,
          globals: unknown,
        ): {
          readonly Syntax: KustoNode;
          GetDiagnostics(): Diagnostics;
          GetSyntaxDiagnostics(): Diagnostics;
        };
      };
      readonly Symbols: {
        readonly TableSymbol: { From(schema: string): { WithName(name: string): unknown } } & Constructor;
        readonly ColumnSymbol: Constructor;
        readonly DatabaseSymbol: { readonly $ctor1: new (name: string, members: unknown[]) => unknown };
      };
      readonly Syntax: { readonly SyntaxKind: Readonly<Record<string, number>> };
    };
  };
}

type Constructor = abstract new (...args: never[]) => unknown;

/** Loads the library (0.2 s, 60 MB) and declares `tables` to its binder. */
export function loadKustoLanguage(tables: readonly TableSchema[]): KustoLanguage {
  const require = createRequire(import.meta.url);
  // The minified build is the same code at half the memory.
  require('@kusto/language-service-next/bridge.min.js');
  require('@kusto/language-service-next/Kusto.Language.Bridge.min.js');
  const { Language } = (globalThis as unknown as Library).Kusto;
  const { TableSymbol, ColumnSymbol, DatabaseSymbol } = Language.Symbols;
  const symbols = tables.map(({ name, columns }) =>
    TableSymbol.From(`(${columns.map((column) => `${column.name}:${column.type}`).join(', ')})`).WithName(
      name,
    ),
  );
  const database = new DatabaseSymbol.$ctor1('workspace', symbols);
  const globals = Language.GlobalState.Default.WithDatabase(database);
  const kinds = new Map(
    Object.entries(Language.Syntax.SyntaxKind)
      .filter(([, value]) => typeof value === 'number')
      .map(([name, value]) => [value, name]),
  );
  return {
    parse: (query) => {
      const code = Language.KustoCode.ParseAndAnalyze(query, globals);
      const errors = errorsOf(code.GetDiagnostics());
      const hasSyntaxErrors = errorsOf(code.GetSyntaxDiagnostics()).length > 0;
      return { root: code.Syntax, errors, hasSyntaxErrors };
    },
    kindOf: ({ Kind }) => kinds.get(Kind) ?? `kind ${Kind}`,
    isColumn: (symbol) => symbol instanceof ColumnSymbol,
    isTable: (symbol) => symbol instanceof TableSymbol,
  };
}

function errorsOf(diagnostics: Diagnostics): KustoDiagnostic[] {
  const all = 'Count' in diagnostics ? itemsOf(diagnostics) : diagnostics;
  return all.filter(({ Severity }) => Severity === 'Error');
}

export function itemsOf<T>(list: List<T>): T[] {
  return Array.from({ length: list.Count }, (_, index) => list.getItem(index));
}

export function elementsOf(list: Separated): KustoNode[] {
  return itemsOf(list).map(({ Element }) => Element);
}
