/** What the stall's interface says when it can't do what was asked (RFC 9457): the field and the mend. */

export class Problem extends Error {
  readonly status: number;
  readonly title: string;
  /** What is wrong and what to send or do instead. */
  readonly detail: string;
  /** The field of the request that is at fault, where it is one. */
  readonly field: string | undefined;

  constructor(status: number, title: string, detail: string, field?: string) {
    super(detail);
    this.status = status;
    this.title = title;
    this.detail = detail;
    this.field = field;
  }

  /** The body of an `application/problem+json` answer. */
  toJSON(): object {
    const { status, title, detail, field } = this;
    return {
      type: 'about:blank',
      title,
      status,
      detail,
      ...(field === undefined ? {} : { field }),
    };
  }
}

/** The request itself is wrong. */
export const wrong = (field: string, detail: string): Problem =>
  new Problem(400, 'Wrong request', detail, field);

/** There is no such thing to do it with. */
export const unknown = (detail: string): Problem => new Problem(404, 'Not here', detail);

/** It can't be done as things stand; `detail` names the mend. */
export const notNow = (detail: string): Problem => new Problem(409, 'Not now', detail);
