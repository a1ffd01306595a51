/** The channel's interface as OpenAPI 3.1, made of the schemas that decode it. */
import { z } from 'zod';
import { permissionSchema, refundSchema, registrationSchema } from './channel.ts';
import { PLATFORM_PROBLEMS } from './problems.ts';

interface Operation {
  readonly method: 'get' | 'post';
  readonly path: string;
  readonly says: string;
  readonly body?: z.ZodType;
  readonly status: number;
}

export const PLATFORM_OPERATIONS: readonly Operation[] = [
  {
    method: 'post',
    path: '/v1/registrations',
    says: 'A server registers its key with a code.',
    body: registrationSchema,
    status: 201,
  },
  {
    method: 'post',
    path: '/v1/permissions',
    says: 'Asks for permission to be paid; gives the page to send the payer to.',
    body: permissionSchema,
    status: 201,
  },
  {
    method: 'get',
    path: '/v1/permissions/{id}',
    says: 'What became of it.',
    status: 200,
  },
  {
    method: 'post',
    path: '/v1/permissions/{id}/withdrawal',
    says: 'Ends it unless it has ended; one that has not arrived is refused when it does.',
    status: 200,
  },
  {
    method: 'post',
    path: '/v1/refunds',
    says: 'Gives money back to the account that paid.',
    body: refundSchema,
    status: 201,
  },
];

/** Every operation is signed (RFC 9421); each problem is `application/problem+json`. */
export function platformApi(): object {
  const paths: Record<string, Record<string, object>> = {};
  for (const { method, path, says, body, status } of PLATFORM_OPERATIONS) {
    const operation = {
      summary: says,
      parameters: path.includes('{id}')
        ? [{ name: 'id', in: 'path', required: true, schema: { type: 'string' } }]
        : [],
      ...(body === undefined
        ? {}
        : {
            requestBody: {
              required: true,
              content: { 'application/json': { schema: z.toJSONSchema(body, { io: 'input' }) } },
            },
          }),
      responses: {
        [status]: { description: 'Done.', content: { 'application/json': {} } },
        default: {
          description: `A problem: ${Object.keys(PLATFORM_PROBLEMS).join(', ')}.`,
          content: { 'application/problem+json': {} },
        },
      },
    };
    paths[path] = { ...paths[path], [method]: operation };
  }
  return {
    openapi: '3.1.0',
    info: { title: 'Payment platform', version: '1' },
    paths,
  };
}
