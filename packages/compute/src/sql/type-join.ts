import { coerce, commonType } from './coercion.ts';
import { type BoundRelation, queryScope } from './query-scope.ts';
import type { Refusal, SyntaxExpression, SyntaxJoin } from './syntax.ts';
import type { Expression, Join } from './tree.ts';
import { relationsOf } from './tree-walk.ts';
import { Typer } from './typer.ts';

type Report = (refusal: Refusal) => void;
type Equality = Join['on'][number];

/** Types the joins; `relations` are the driving one and one for each join. Undefined when a condition was refused. */
export function typeJoins(
  joins: readonly SyntaxJoin[],
  relations: readonly BoundRelation[],
  report: Report,
): readonly Join[] | undefined {
  const typed = joins.map((join, index): Join | undefined => {
    const joined = relations[index + 1];
    if (joined === undefined) return undefined;
    const scope = queryScope(relations.slice(0, index + 2));
    const typer = new Typer(scope, report, 'ON looks at single rows: no aggregate can stand here');
    const on = conjunctsOf(join.on).map((conjunct) => typeEquality(conjunct, joined.relation.alias, typer));
    if (!on.every((equality) => equality !== undefined)) return undefined;
    return { kind: join.kind, relation: joined.relation, on };
  });
  return typed.every((join) => join !== undefined) ? typed : undefined;
}

function conjunctsOf(node: SyntaxExpression): readonly SyntaxExpression[] {
  return node.kind === 'logical' && node.operator === 'and' ? node.operands.flatMap(conjunctsOf) : [node];
}

/** `earlier = joined`, whichever way around it is written. */
function typeEquality(node: SyntaxExpression, alias: string, typer: Typer): Equality | undefined {
  if (node.kind !== 'binary' || node.operator !== '=') {
    typer.infer(node);
    return typer.refuse(node.at, 'ON takes equalities joined by AND', 'put other conditions into WHERE');
  }
  const sides = typer.inferAll([node.left, node.right]);
  const [first, second] = sides ?? [];
  if (first === undefined || second === undefined) return undefined;
  const common = commonType([first, second]);
  if (common.kind === 'none') return typer.refuse(node.at, common.why, 'cast one side: cast(x as type)');
  const left = coerce(first, common.type);
  const right = coerce(second, common.type);
  if (isSplit(left, right, alias)) return { left, right };
  if (isSplit(right, left, alias)) return { left: right, right: left };
  return typer.refuse(
    node.at,
    `one side must be of "${alias}" alone, the other of the tables before it`,
    'put other conditions into WHERE',
  );
}

function isSplit(left: Expression, right: Expression, alias: string): boolean {
  const before = relationsOf(left);
  const joined = relationsOf(right);
  return before.size > 0 && !before.has(alias) && joined.size === 1 && joined.has(alias);
}
