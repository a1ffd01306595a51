/** What the document says of pages and forms: all that a person's browser opens. */
import type { AnswerDoc, RouteDoc } from './routes.ts';

type More = Partial<Pick<RouteDoc, 'params' | 'query' | 'problems' | 'answers'>>;

const HTML = 'text/html';

/** A page, in Chinese or English. */
export const pageDoc = (path: string, says: string, more: More = {}): RouteDoc => ({
  ...{ method: 'GET', path, says, caller: 'anybody' },
  problems: [],
  ...more,
  answers: { 200: { says: 'The page', type: HTML }, ...more.answers },
});

/** What a page of somebody's own is for whoever is not signed in (any more). */
export const SIGN_IN: Readonly<Record<number, AnswerDoc>> = {
  401: { says: 'The page to sign in on', type: HTML },
};

/** Where a form leads to when it was taken (post, redirect, get). */
export const moved = (says: string): Readonly<Record<number, AnswerDoc>> => ({ 303: { says } });

/** A form of a page; `422` is the page again, with what is wrong. */
export const formDoc = (
  path: string,
  says: string,
  fields?: { readonly schema: NonNullable<RouteDoc['body']>['schema']; readonly example: unknown },
  more: More = {},
): RouteDoc => ({
  ...{ method: 'POST', path, says, caller: 'anybody' },
  ...(fields === undefined
    ? {}
    : { body: { ...fields, type: 'application/x-www-form-urlencoded' } }),
  ...more,
  answers: { ...moved('The page that follows'), ...more.answers },
  problems: ['foreign_form', ...(more.problems ?? [])],
});
