/** Parties of vouchers over HTTP, each by the token of its systems. */
import assert from 'node:assert/strict';
import { type Answer, call, freshKey } from './harness.ts';
import { WANG, wish } from './voucher-stand.ts';

export interface VoucherDesk {
  ask(party: string, path: string, body?: unknown, key?: string): Promise<Answer>;
  act(party: string, number: string, action: string, body?: unknown): Promise<Answer>;
  /** The number of one that is asked for. */
  asked(more?: object): Promise<string>;
  /** Issued: as its issuing party sees it, with the beneficiary's code. */
  issue(
    more?: object,
  ): Promise<{ readonly number: string; readonly code: string; readonly token: string }>;
  /** State, what was redeemed and what is frozen. */
  seen(number: string): Promise<unknown[]>;
}

/** `http` tells where the fund server is. */
export function voucherDesk(http: () => string): VoucherDesk {
  const ask: VoucherDesk['ask'] = (party, path, body, key = freshKey()) =>
    call(`${http()}/v1/funds/${path}`, {
      bearer: `token-of-party-${party}`,
      ...(body === undefined ? {} : { body, key }),
    });
  const act: VoucherDesk['act'] = (party, number, action, body = {}) =>
    ask(party, `vouchers/${number}/${action}`, body);
  const asked = async (more: object = {}): Promise<string> => {
    const { body } = await ask('shop', 'vouchers', { ...wish(Date.now()), ...more });
    return String(body.number);
  };
  return {
    ...{ ask, act, asked },
    async issue(more) {
      const number = await asked(more);
      await act('fund', number, 'agree');
      await act('shop', number, 'request-issue');
      await act('fund', number, 'name-account', WANG);
      const issued = await act('shop', number, 'confirm-account');
      assert.equal(issued.status, 200, JSON.stringify(issued.body));
      const { body } = await ask('chen', `vouchers/${number}`);
      return { number, code: String(body.code), token: String(body.token) };
    },
    async seen(number) {
      const { body } = await ask('shop', `vouchers/${number}`);
      return [body.state, body.redeemed_minor, body.frozen_minor];
    },
  };
}
