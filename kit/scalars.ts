import { GraphQLError, GraphQLScalarType, Kind, type ValueNode } from 'graphql';
import { isCalendarDay } from '#standards/dates.ts';
import { checkTakenCode } from '#standards/issuedCodes.ts';
import { checkUscc, type CodeCheck } from '#standards/uscc.ts';
import { badInput } from './errors.ts';

/** A scalar whose values are strings: `parse` normalises or throws, for a literal and a variable alike. */
function textScalar(name: string, parse: (text: string) => string): GraphQLScalarType<string, string> {
  const fromClient = (value: unknown): string => {
    if (typeof value !== 'string') throw badInput(name, 'TYPE', `${name} takes a string.`, 'a string');
    return parse(value);
  };
  return new GraphQLScalarType<string, string>({
    name,
    serialize(value) {
      if (typeof value !== 'string') throw new GraphQLError(`${name} cannot represent the value.`);
      return value;
    },
    parseValue: fromClient,
    parseLiteral: (node: ValueNode) => fromClient(node.kind === Kind.STRING ? node.value : undefined),
  });
}

const usccParser = (checkCode: CodeCheck) => (text: string) => {
  const check = checkCode(text);
  if (check.status === 'VALID') return check.uscc;
  if (check.status === 'MISSING')
    throw badInput(
      'uscc',
      'PLACEHOLDER',
      'The code is missing: it is empty or the placeholder of zeros.',
      'an 18-character Unified Social Credit Code',
    );
  throw badInput('uscc', check.reason, check.message, check.expected);
};

// PostgreSQL has no year 0, and no year is written with more than four digits.
const parseDate = (text: string): string => {
  if (isCalendarDay(text)) return text;
  throw badInput('Date', 'DATE', `"${text.slice(0, 40)}" is not a day.`, 'a day that exists, as YYYY-MM-DD');
};

const instantPattern = /^\d{4}-\d{2}-\d{2}T\d{2}:\d{2}:\d{2}(\.\d{1,9})?(Z|[+-]\d{2}:\d{2})$/;

/** The form in which this product writes instants, which needs no change. */
const writtenInstant = /^[^T]{10}T([01]\d|2[0-3]):[0-5]\d:[0-5]\d\.\d{3}Z$/;

const parseInstant = (text: string): string => {
  if (writtenInstant.test(text) && isCalendarDay(text.slice(0, 10))) return text;
  const instant = instantPattern.test(text) && isCalendarDay(text.slice(0, 10)) ? new Date(text) : undefined;
  const inUtc = instant && !Number.isNaN(instant.getTime()) ? instant.toISOString() : '';
  // In another time zone the year may be out of range.
  if (isCalendarDay(inUtc.slice(0, 10))) return inUtc;
  const expected = 'ISO 8601 with a time zone, as 2026-11-23T08:00:00.000Z';
  throw badInput('DateTime', 'INSTANT', `"${text.slice(0, 40)}" is not an instant.`, expected);
};

const parseFen = (text: string): string => {
  if (!/^-?\d{1,20}$/.test(text))
    throw badInput('Fen', 'MONEY', 'An amount is a whole number of fen.', 'digits in a string');
  return text;
};

const formRow = (value: unknown): Readonly<Record<string, unknown>> => {
  if (typeof value !== 'object' || value === null || Array.isArray(value))
    throw badInput('FormRow', 'TYPE', 'A row is an object of columns and values.', 'an object such as { XK_WSH: "…" }');
  return value as Record<string, unknown>;
};

/**
 * The value of a literal.
 * @throws BAD_USER_INPUT for a variable inside: a compiled operation may not know its value, and a cell would be lost
 */
function literalValue(node: ValueNode): unknown {
  switch (node.kind) {
    case Kind.OBJECT:
      return Object.fromEntries(node.fields.map((field) => [field.name.value, literalValue(field.value)]));
    case Kind.LIST:
      return node.values.map((item) => literalValue(item));
    case Kind.INT:
    case Kind.FLOAT:
      return Number(node.value);
    case Kind.VARIABLE:
      throw badInput(
        'FormRow',
        'VARIABLE',
        `A row holds the variable $${node.name.value.slice(0, 40)}.`,
        'whole rows in a variable, or none',
      );
    case Kind.NULL:
      return null;
    default:
      return node.value;
  }
}

/** A row of an official form. The form judges its content (standards/forms), not the scalar. */
const FormRow = new GraphQLScalarType<Readonly<Record<string, unknown>>, unknown>({
  name: 'FormRow',
  serialize: (value) => value,
  parseValue: formRow,
  parseLiteral: (node) => formRow(literalValue(node)),
});

/**
 * The scalars of the graph.
 * @param checkCode the check of codes, which a list of issued codes may change from day to day
 *   (standards/issuedCodes.ts)
 */
export const createScalars = (checkCode: CodeCheck): Record<string, GraphQLScalarType> => ({
  USCC: textScalar('USCC', usccParser(checkCode)),
  Date: textScalar('Date', parseDate),
  DateTime: textScalar('DateTime', parseInstant),
  Cursor: textScalar('Cursor', (text) => text),
  Fen: textScalar('Fen', parseFen),
  FormRow,
});

/** The scalars where no rules are known: tools, and graphs of other supergraphs. */
export const scalars = createScalars(checkUscc);

/**
 * The scalars of a subgraph. The gateway has checked every code of a request before it calls one, by the rules of that
 * moment; a subgraph that asked again, a moment later and by rules of its own, could refuse what the gateway took.
 * Length and alphabet are asked again all the same.
 */
export const subgraphScalars = createScalars(checkTakenCode);
