import {
  ACTION_NAMES,
  ACTIONS,
  type ActionContract,
  type ActionName,
  QUERIES,
  type QueryName,
} from '@lakewarden/contracts';

/** One thing that an action or query takes, for command lines, forms and prompts. */
export interface InputField {
  readonly name: string;
  /** `time`: ISO 8601 in UTC. */
  readonly kind: 'text' | 'time' | 'number' | 'choice';
  readonly required: boolean;
  readonly choices?: readonly string[];
  readonly default?: string | number;
  readonly description?: string;
}

export interface CatalogueEntry extends Omit<ActionContract, 'input'> {
  readonly name: ActionName;
  readonly fields: readonly InputField[];
}

/** Every action with its fields, as the contract has them. */
export function catalogue(): readonly CatalogueEntry[] {
  return ACTION_NAMES.map((name) => {
    const { input: _input, ...contract } = ACTIONS[name];
    return { name, ...contract, fields: actionFields(name) };
  });
}

export function actionFields(name: ActionName): readonly InputField[] {
  return fieldsOf(ACTIONS[name].input.toJSONSchema({ io: 'input' }) as ObjectSchema);
}

export function queryFields(name: QueryName): readonly InputField[] {
  return fieldsOf(QUERIES[name].input.toJSONSchema({ io: 'input' }) as ObjectSchema);
}

interface ValueSchema {
  readonly type?: string;
  readonly enum?: readonly string[];
  readonly const?: string;
  readonly anyOf?: readonly ValueSchema[];
  readonly format?: string;
  readonly default?: string | number;
  readonly description?: string;
}

interface ObjectSchema {
  readonly properties: Readonly<Record<string, ValueSchema>>;
  readonly required?: readonly string[];
}

function fieldsOf({ properties, required = [] }: ObjectSchema): readonly InputField[] {
  return Object.entries(properties).map(([name, schema]) => {
    const choices = choicesOf(schema);
    return {
      name,
      kind: choices.length > 0 ? 'choice' : kindOf(schema),
      required: required.includes(name),
      ...(choices.length > 0 && { choices }),
      ...(schema.default !== undefined && { default: schema.default }),
      ...(schema.description !== undefined && { description: schema.description }),
    };
  });
}

function choicesOf({ enum: values = [], const: value, anyOf = [] }: ValueSchema): readonly string[] {
  return [...values, ...(value === undefined ? [] : [value]), ...anyOf.flatMap(choicesOf)];
}

function kindOf({ type, format }: ValueSchema): InputField['kind'] {
  if (type === 'integer' || type === 'number') return 'number';
  return format === 'date-time' ? 'time' : 'text';
}
