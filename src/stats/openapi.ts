import { z } from 'zod';
import { ACROSS, DIGEST, LONGEST_FILTER, LONGEST_NAME, SELECTOR_PARAMETERS } from './query.ts';
import {
  healthSchema,
  historySchema,
  infoSchema,
  performanceSchema,
  problemSchema,
  removedSchema,
  statsSchema,
  warmResultSchema,
} from './schemas.ts';
import { warmBodySchema } from './warm-body.ts';

const SCHEMAS = {
  Stats: statsSchema,
  Performance: performanceSchema,
  History: historySchema,
  Info: infoSchema,
  Health: healthSchema,
  Removed: removedSchema,
  WarmItems: warmBodySchema,
  Warmed: warmResultSchema,
  Problem: problemSchema,
};

interface Operation {
  readonly method: 'get' | 'delete' | 'post';
  readonly path: string;
  readonly operationId: string;
  readonly summary: string;
  /** Absent: any JSON object. */
  readonly answer?: keyof typeof SCHEMAS;
  readonly parameters?: readonly object[];
  readonly body?: keyof typeof SCHEMAS;
  readonly problems: readonly number[];
}

const READ_PROBLEMS = [400, 403, 500];
const CHANGE_PROBLEMS = [400, 403, 500, 503];

const OPERATIONS: readonly Operation[] = [
  {
    method: 'get',
    path: '/stats',
    operationId: 'getStats',
    summary: 'Requests and savings of this process since the cache was made, or of all that share its Redis.',
    answer: 'Stats',
    parameters: [
      once('provider', 'Only of this provider.', LONGEST_FILTER),
      once('model', 'Only of this model.', LONGEST_FILTER),
      {
        name: 'across',
        in: 'query',
        description: 'Of this process, which is the default, or of all.',
        schema: { enum: ACROSS },
      },
    ],
    problems: [...READ_PROBLEMS, 503],
  },
  {
    method: 'get',
    path: '/performance',
    operationId: 'getPerformance',
    summary: "The performance monitor's snapshot.",
    answer: 'Performance',
    problems: READ_PROBLEMS,
  },
  {
    method: 'get',
    path: '/performance/history',
    operationId: 'getPerformanceHistory',
    summary: "The performance monitor's window as a series over time.",
    answer: 'History',
    problems: READ_PROBLEMS,
  },
  {
    method: 'get',
    path: '/info',
    operationId: 'getInfo',
    summary: 'How the cache is built, how its tiers are, what the caller may change.',
    answer: 'Info',
    problems: READ_PROBLEMS,
  },
  {
    method: 'get',
    path: '/health',
    operationId: 'getHealth',
    summary: 'Whether the cache is well; 200 also where it goes on without Redis.',
    answer: 'Health',
    problems: READ_PROBLEMS,
  },
  {
    method: 'get',
    path: '/openapi.json',
    operationId: 'getOpenApi',
    summary: 'This document.',
    problems: READ_PROBLEMS,
  },
  {
    method: 'delete',
    path: '/invalidate',
    operationId: 'invalidate',
    summary: 'Removes the entries that fit all parameters given, at least one; of a repeated one any value.',
    answer: 'Removed',
    parameters: SELECTOR_PARAMETERS.map(repeatable),
    problems: CHANGE_PROBLEMS,
  },
  {
    method: 'delete',
    path: '/clear',
    operationId: 'clear',
    summary: 'Removes all entries of this namespace.',
    answer: 'Removed',
    parameters: [{ ...once('confirm', "The cache's namespace.", LONGEST_NAME), required: true }],
    problems: CHANGE_PROBLEMS,
  },
  {
    method: 'post',
    path: '/warm',
    operationId: 'warm',
    summary: 'Stores the answers given of which no fresh entry is there.',
    answer: 'Warmed',
    body: 'WarmItems',
    problems: [...CHANGE_PROBLEMS, 413, 415],
  },
];

/** The management API as an OpenAPI 3.1 document; without what changes the cache where that is not mounted. */
export function openApi({ readOnly, version }: { readonly readOnly: boolean; readonly version: string }): object {
  const operations = OPERATIONS.filter(({ method }) => method === 'get' || !readOnly);
  const used = new Set(['Problem', ...operations.flatMap(({ answer, body }) => [answer, body])]);
  const schemas = Object.entries(SCHEMAS).filter(([name]) => used.has(name));
  return {
    openapi: '3.1.0',
    info: { title: 'express-ai-cache', summary: 'Shows and manages a cache of AI answers.', version },
    // Where this document lies, whatever path a proxy has taken off.
    servers: [{ url: '.' }],
    paths: Object.fromEntries(operations.map((one) => [one.path, { [one.method]: operationObject(one) }])),
    components: { schemas: Object.fromEntries(schemas.map(([name, schema]) => [name, schemaObject(schema)])) },
  };
}

function operationObject({ operationId, summary, answer, parameters, body, problems }: Operation): object {
  const failures = problems.map((status) => [status, { description: PROBLEMS[status], content: problemContent }]);
  const schema = answer === undefined ? { type: 'object' } : reference(answer);
  return {
    operationId,
    summary,
    ...(parameters === undefined ? {} : { parameters }),
    ...(body === undefined
      ? {}
      : { requestBody: { required: true, content: { 'application/json': { schema: reference(body) } } } }),
    responses: {
      200: { description: 'Done.', content: { 'application/json': { schema } } },
      ...(Object.fromEntries(failures) as object),
    },
  };
}

const PROBLEMS: Readonly<Record<number, string>> = {
  400: 'A parameter or a field is wrong; nothing was done.',
  403: 'The caller may not do this, or a page of another site asks for it.',
  413: 'The body is too large.',
  415: 'The body is not JSON.',
  500: 'The cache failed.',
  503: 'It cannot be done while Redis is away; ask again.',
};

const problemContent = { 'application/problem+json': { schema: reference('Problem') } };

function reference(name: keyof typeof SCHEMAS): object {
  return { $ref: `#/components/schemas/${name}` };
}

function schemaObject(schema: z.ZodType): object {
  const { $schema: _, ...object } = z.toJSONSchema(schema);
  return object;
}

function once(name: string, description: string, maxLength: number): object {
  return { name, in: 'query', description, schema: { type: 'string', minLength: 1, maxLength } };
}

function repeatable(name: string): object {
  const items =
    name === 'key'
      ? { type: 'string', pattern: DIGEST.source }
      : { type: 'string', minLength: 1, maxLength: LONGEST_NAME };
  const description =
    name === 'key' ? 'The digest of a key, whole, as the key in Redis has it.' : `Entries of this ${name}.`;
  return { name, in: 'query', description, explode: true, schema: { type: 'array', items } };
}
